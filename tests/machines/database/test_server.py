"""The members' program against a real server that speaks MongoDB's protocol, by real TLS.

SecantusDB stands in for mongod: its TLS, its logins and its user commands are real. It is a set of
one from the start and knows neither a reconfiguration nor MongoDB's rule for the first user: how a
set comes to be is tested against doubles in test_joining.py.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from cinema_api.database import connected as api_connected
from cinema_api.settings import DatabaseSettings
from cinema_member import files, rehearsal, state
from cinema_member.authority import Authority
from cinema_member.first_values import Login, give_first_values
from cinema_member.joining import login
from cinema_member.member import Member
from cinema_member.server import Servers
from cinema_member.users import plan
from tests.machines.database.members import Vault, member, store
from tests.service.neighbours import free_port, wait_for_port

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="module")
def vault() -> Vault:
    made = Vault()
    give_first_values(store(made), NOW)
    return made


@pytest.fixture(scope="module")
def folder(vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("run")
    files.write(store(vault), made, NOW)
    return made


@contextmanager
def server(folder: Path, storage: Path, *, port: int, auth: bool) -> Iterator[None]:
    """A server with the member's own certificate."""
    certificate = str(folder / files.CERTIFICATE)
    command = [
        sys.executable, "-m", "secantus", "--host", "127.0.0.1", "--port", str(port),
        "--storage-path", str(storage), "--log-level", "WARNING", "--cache-size", "64M",
        "--tls-cert-file", certificate, "--tls-key-file", certificate,
        *(["--auth"] if auth else []),
    ]  # fmt: skip
    with (storage.parent / f"log-{auth}").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=folder)
    try:
        wait_for_port(port)
        yield
    finally:
        process.terminate()
        process.wait(20)


def on(port: int) -> Member:
    """A set of one, here: the name of the certificate that is valid everywhere is localhost."""
    made = member("a", "a")
    object.__setattr__(made, "me", f"localhost:{port}")
    object.__setattr__(made, "hosts", (f"localhost:{port}",))
    return made


@pytest.fixture(scope="module")
def port(folder: Path, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server that asks for a login, with the users that the members make."""
    storage = tmp_path_factory.mktemp("data") / "store"
    number = free_port()
    servers = Servers(on(number), folder / files.AUTHORITIES)
    admin = login(store(vault), "database-admin")
    with server(folder, storage, port=number, auth=False):
        servers.make_admin(admin)
        servers.make_admin(admin)  # by whoever was a moment later
        wanted = login(store(vault), "database-credentials")
        for _ in range(2):  # a second time they are there, and their password is set anew
            with servers.client(servers.here) as client:
                names = [u["user"] for u in client.admin.command("usersInfo", 1)["users"]]
            servers.apply(admin, plan(names, wanted, None))
    with server(folder, storage, port=number, auth=True):
        yield number


@pytest.fixture
def servers(port: int, folder: Path) -> Servers:
    return Servers(on(port), folder / files.AUTHORITIES)


def test_what_mongod_reads_is_its_owners_alone(folder: Path) -> None:
    assert {p.name: oct(p.stat().st_mode & 0o777) for p in folder.iterdir()} == {
        "keyfile": "0o400",
        "certificate.pem": "0o400",
        "authorities.pem": "0o400",
    }


def test_the_files_are_replaced_while_they_are_read(folder: Path, vault: Vault) -> None:
    with (folder / files.CERTIFICATE).open() as reading:
        files.write(store(vault), folder, NOW)
        assert reading.read() != (folder / files.CERTIFICATE).read_text()


def test_a_member_without_its_secrets_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="database-authority has no value yet"):
        files.write(store(Vault()), tmp_path, NOW)
    assert list(tmp_path.iterdir()) == []


def test_members_see_each_other_by_tls(servers: Servers) -> None:
    (view,) = servers.views().values()
    assert view.set_name
    assert servers.leads()


def test_who_is_not_vouched_for_is_not_seen(port: int, tmp_path: Path) -> None:
    other = Authority.founded("cinema-prod.internal", NOW)
    (tmp_path / "other.pem").write_text(other.certificate)
    assert Servers(on(port), tmp_path / "other.pem").views() == {}


def test_the_administrator_is_known_by_the_secrets_password_alone(
    servers: Servers, vault: Vault
) -> None:
    admin = login(store(vault), "database-admin")
    assert servers.admits(admin)
    assert not servers.admits(Login(admin.username, "another"))
    assert servers.users(admin) == ("cinema-admin", "cinema-api-a")


def test_the_api_connects_with_its_secrets_and_reads_and_writes(
    port: int, vault: Vault, folder: Path, tmp_path: Path
) -> None:
    wanted = login(store(vault), "database-credentials")
    text = json.dumps({"username": wanted.username, "password": wanted.password})
    (tmp_path / "credentials").write_text(text)
    settings = DatabaseSettings.read(
        {
            # The set that SecantusDB calls itself names an address, of which no certificate is.
            "CINEMA_DATABASE_URI": f"mongodb://localhost:{port}/?directConnection=true",
            "CINEMA_DATABASE_CREDENTIALS_FILE": str(tmp_path / "credentials"),
            "CINEMA_DATABASE_CA_FILE": str(folder / files.AUTHORITIES),
        }
    )

    async def use() -> int:
        async with api_connected(settings) as database:
            await database["movies"].insert_one({"Title": "M"})
            return int(await database["movies"].count_documents({"Title": "M"}))

    assert asyncio.run(use()) == 1


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("missing", ["authority", "password"])
def test_the_api_does_not_connect_to_whom_it_cannot_trust_nor_without_a_login(
    port: int, tmp_path: Path, vault: Vault, folder: Path, missing: str
) -> None:
    wanted = login(store(vault), "database-credentials")
    authority = folder / files.AUTHORITIES
    if missing == "authority":
        authority = tmp_path / "other.pem"
        authority.write_text(Authority.founded("cinema-prod.internal", NOW).certificate)
    password = wanted.password if missing == "authority" else "another"
    settings = DatabaseSettings.read(
        {
            "CINEMA_DATABASE_URI": f"mongodb://localhost:{port}/?directConnection=true"
            "&serverSelectionTimeoutMS=500",
            "CINEMA_DATABASE_CREDENTIALS": json.dumps(
                {"username": wanted.username, "password": password}
            ),
            "CINEMA_DATABASE_CA_FILE": str(authority),
        }
    )

    async def use() -> None:
        async with api_connected(settings) as database:
            await database["movies"].count_documents({})

    with pytest.raises(PyMongoError):
        asyncio.run(use())
    # PyMongo leaves the socket whose handshake failed to the collector, and SecantusDB takes
    # nobody in meanwhile.
    gc.collect()


def test_nobody_reads_without_a_login(servers: Servers) -> None:
    with servers.client(servers.here) as client, pytest.raises(OperationFailure):
        client["cinema"]["movies"].find_one()


def test_a_rehearsal_tells_what_a_database_holds(servers: Servers, vault: Vault) -> None:
    admin = login(store(vault), "database-admin")
    with servers.client(servers.here, admin) as client:
        client["cinema"]["users"].insert_one({"Username": "ada"})
        found = json.loads(rehearsal.report("r-1", client))
    assert found["event"] == "rehearsal"
    assert found["name"] == "r-1"
    assert found["documents"]["users"] == 1


# ── the state of a set ──────────────────────────────────────────────────────────────────────────


def of_set(*members: tuple[float, int, int]) -> dict[str, object]:
    """An answer to `replSetGetStatus`: health, state, seconds behind."""
    return {
        "members": [
            {"health": health, "state": number, "optimeDate": NOW - dt.timedelta(seconds=behind)}
            for health, number, behind in members
        ]
    }


@pytest.mark.parametrize(
    ("status", "healthy", "missing", "lag"),
    [
        (of_set((1, 1, 0), (1, 2, 0), (1, 2, 0)), 3, 0, 0),
        (of_set((1, 1, 0), (1, 2, 40), (1, 2, 3)), 3, 0, 40),
        (of_set((1, 1, 0), (1, 2, 0), (0, 8, 9000)), 2, 1, 0),
        (of_set((1, 1, 0), (1, 5, 500), (1, 3, 0)), 1, 2, 0),
        (of_set((0, 8, 0), (0, 8, 0), (0, 8, 0)), 0, 3, 0),
    ],
)
def test_the_state_counts_who_serves_and_how_far_the_slowest_is_behind(
    status: dict[str, object], healthy: int, missing: int, lag: float
) -> None:
    assert state.summary(status) == {
        "HealthyMembers": healthy,
        "MissingMembers": missing,
        "ReplicationLag": lag,
    }


def test_the_state_is_one_line_of_which_cloudwatch_makes_metrics() -> None:
    line = state.line("cinema-prod", state.summary(of_set((1, 1, 0))), NOW)
    assert "\n" not in line
    found = json.loads(line)
    (directive,) = found["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Cinema/Database"
    # (Amazon CloudWatch User Guide, "Specification: Embedded metric format").
    assert all(key in found for keys in directive["Dimensions"] for key in keys)
    assert all(metric["Name"] in found for metric in directive["Metrics"])
    assert found["_aws"]["Timestamp"] == int(NOW.timestamp() * 1000)


def test_the_double_is_a_server_of_its_own(port: int) -> None:
    # Without TLS there is no conversation at all.
    plain: MongoClient[dict[str, object]] = MongoClient(
        f"mongodb://localhost:{port}/?directConnection=true&serverSelectionTimeoutMS=500"
    )
    with plain, pytest.raises(PyMongoError):
        plain.admin.command("ping")
