"""`python -m cinema_member COMMAND`: what systemd runs of it."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from cinema_member import disk, files, rehearsal, state
from cinema_member.first_values import Secrets, give_first_values
from cinema_member.joining import become_a_member, know_users, login
from cinema_member.member import Member, MemberError
from cinema_member.server import Servers

_SECONDS_BETWEEN_TRIES = 5
_PASSING = (
    BotoCoreError,
    ClientError,
    LookupError,
    OSError,
    PyMongoError,
    ValueError,
    subprocess.CalledProcessError,
)
"""What another try may mend: a network, a service, a secret without a value, a set that elects."""


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - systemd keeps it in the journal


def _store(member: Member) -> Secrets:
    patient = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard"})
    client = get_session().create_client(
        "secretsmanager", region_name=member.region, config=patient
    )
    return Secrets(client, member)


def _servers(member: Member) -> Servers:
    return Servers(member, files.FOLDER / files.AUTHORITIES)


def _wait(why: str) -> None:
    _say(f"waiting: {why}")
    time.sleep(_SECONDS_BETWEEN_TRIES)


def prepare_disk(environ: Mapping[str, str]) -> None:
    """Before the data is mounted."""
    disk.prepare(Path(environ["CINEMA_DATA_DEVICE"]))


def fetch_secrets(environ: Mapping[str, str]) -> None:
    """Before mongod starts."""
    store = _store(Member.read(environ))
    for part in give_first_values(store, _now()):
        _say(f"made the first value of {part}")
    files.write(store, files.FOLDER, _now())


def join_set(environ: Mapping[str, str]) -> None:
    """Once mongod runs."""
    member = Member.read(environ)
    become_a_member(_servers(member), _store(member), wait=_wait)
    _say(f"{member.me} is a member of {member.replica_set}")


def renew(environ: Mapping[str, str]) -> None:
    """Every day: certificates, and what somebody has put into the secrets since."""
    member = Member.read(environ)
    store, servers = _store(member), _servers(member)
    if not know_users(servers, store):
        raise MemberError("the set does not know its administrator's password, and has no primary")
    files.write(store, files.FOLDER, _now())
    servers.read_certificates(login(store, "database-admin"))
    _say("renewed the certificate")


def tell_state(environ: Mapping[str, str]) -> None:
    """Every minute, for the alarms."""
    member = Member.read(environ)
    status = _servers(member).status(login(_store(member), "database-admin"))
    _say(state.line(member.replica_set, state.summary(status), _now()))


def rehearse(environ: Mapping[str, str]) -> None:
    """On a machine that was made from a backup, to see what is in it."""
    client: MongoClient[dict[str, object]] = MongoClient(
        "mongodb://127.0.0.1:27017", directConnection=True, tz_aware=True
    )
    with client:
        _say(rehearsal.report(environ["CINEMA_REHEARSAL"], client))


COMMANDS: Mapping[str, Callable[[Mapping[str, str]], None]] = {
    "prepare-disk": prepare_disk,
    "fetch-secrets": fetch_secrets,
    "join-set": join_set,
    "renew": renew,
    "tell-state": tell_state,
    "rehearse": rehearse,
}


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run one command; 1 where systemd may try again, 2 where that is of no use."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        _say(f"say one of: {', '.join(COMMANDS)}")
        return 2
    try:
        COMMANDS[arguments[0]](environ)
    except MemberError as problem:
        _say(f"{arguments[0]}: {problem}")
        return 2
    except _PASSING as problem:
        _say(f"{arguments[0]}: {type(problem).__name__}: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
