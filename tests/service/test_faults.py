"""What clients see while something is gone, and that nothing acknowledged is lost."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest
from pymongo import MongoClient

from tests.service.neighbours import (
    DATABASE_URI,
    Api,
    Gate,
    Served,
    credentials,
    eventually,
    free_port,
    movies_by_the_page,
    noise,
    picture,
    registration,
    serving,
    wait_for_port,
)

_IMPATIENT = {
    "directConnection": "true",
    "serverSelectionTimeoutMS": "400",
    "timeoutMS": "1500",
}


def _impatient(port: int, stated: str = "") -> str:
    """The URI of a database that is soon given up; what is `stated` goes before."""
    options = {**_IMPATIENT, **dict(parse_qsl(stated))}
    return f"mongodb://127.0.0.1:{port}/?{urlencode(options)}"


@pytest.fixture(scope="module")
def to_database(database_uri: str) -> Iterator[Gate]:
    port = urlsplit(database_uri).port
    assert port is not None
    gate = Gate(port)
    yield gate
    gate.shut()


@pytest.fixture(scope="module")
def to_s3(s3_url: str) -> Iterator[Gate]:
    port = urlsplit(s3_url).port
    assert port is not None
    gate = Gate(port)
    yield gate
    gate.shut()


@pytest.fixture(scope="module")
def gated(
    environment: Mapping[str, str], database_uri: str, to_database: Gate, to_s3: Gate
) -> dict[str, str]:
    return {
        **environment,
        "CINEMA_DATABASE_URI": _impatient(to_database.port, urlsplit(database_uri).query),
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{to_s3.port}",
    }


@pytest.fixture(scope="module")
def served(gated: Mapping[str, str]) -> Iterator[Served]:
    with serving(gated) as served:
        _wait_until_ready(served)
        yield served


@pytest.fixture
def somebody(served: Served, http: httpx.Client) -> Api:
    # What an earlier test took away may not have been found again yet.
    _wait_until_ready(served)
    return Api.joined(http, served.base)


def test_without_a_database_it_says_so_and_comes_back(
    served: Served, somebody: Api, to_database: Gate, http: httpx.Client
) -> None:
    with _gone(to_database):
        for path in ("/movies?page=1", "/movies/", "/movies/Film%2001", somebody.home):
            answer = somebody.get(path)
            assert answer.status_code == 503
            assert answer.json() == {
                "status_code": 503,
                "detail": "The service cannot answer just now. Please try again.",
            }
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/json"
        login = http.post(f"{served.base}/login", json=credentials(somebody.username))
        assert login.status_code == 503
        assert http.get(f"{served.base}/healthz").status_code == 200
        ready = http.get(f"{served.base}/readyz")
        assert ready.status_code == 503
        assert ready.json() == {"ready": False, "checks": {"database": False, "bucket": True}}
    _wait_until_ready(served)
    assert somebody.get("/movies?page=1").status_code == 200
    assert Api.logged_in(http, somebody.username, served.base)


def test_without_a_bucket_films_go_on_and_it_comes_back(
    served: Served, somebody: Api, to_s3: Gate, http: httpx.Client
) -> None:
    kept = somebody.upload(picture(), "before.jpg").json()
    with _gone(to_s3):
        assert somebody.get("/images").status_code == 503
        assert somebody.get(kept["Url"]).status_code == 503
        refused = somebody.upload(picture(), "meanwhile.jpg")
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
        assert somebody.get("/movies?page=1").status_code == 200
        assert http.get(f"{served.base}/readyz").json()["checks"] == {
            "database": True,
            "bucket": False,
        }
    _wait_until_ready(served)
    assert somebody.get(kept["Url"]).content == picture()
    assert "meanwhile" not in somebody.get("/images").text
    assert somebody.upload(picture(), "meanwhile.jpg").json()["Name"] == "meanwhile.jpg"


def test_it_starts_before_its_database(
    gated: Mapping[str, str], to_database: Gate, http: httpx.Client
) -> None:
    with _gone(to_database), serving(gated) as served:
        assert http.get(f"{served.base}/healthz").status_code == 200
        assert http.get(f"{served.base}/readyz").status_code == 503
        to_database.open()
        _wait_until_ready(served)
        assert Api.joined(http, served.base)
        to_database.shut()


def test_names_that_cannot_be_made_unique_are_a_fault_to_be_seen(
    environment: Mapping[str, str], database_uri: str, http: httpx.Client
) -> None:
    name = f"cinema-test-{uuid.uuid4().hex[:12]}"
    with MongoClient[dict[str, Any]](database_uri) as client:
        try:
            client[name]["users"].insert_many([{"Username": "twice"}, {"Username": "twice"}])
            with serving({**environment, "CINEMA_DATABASE_NAME": name}) as served:
                answer = http.get(f"{served.base}/readyz")
                assert answer.status_code == 503
                assert answer.json()["checks"] == {"database": False, "bucket": True}
                assert http.get(f"{served.base}/healthz").status_code == 200
        finally:
            client.drop_database(name)
    (said,) = (line for line in served.lines() if line["event"] == "index")
    assert said["collection"] == "users"
    assert "username" in said["reason"].lower()


def test_users_and_images_that_were_acknowledged_are_there(
    served: Served, somebody: Api, to_database: Gate, to_s3: Gate, http: httpx.Client
) -> None:
    stop = threading.Event()

    def flap() -> None:
        while not stop.wait(0.4):
            for gate in (to_database, to_s3):
                gate.shut()
            stop.wait(0.1)
            for gate in (to_database, to_s3):
                gate.open()

    users, images = [], {}
    flapping = threading.Thread(target=flap)
    flapping.start()
    try:
        for number in range(12):
            name = f"flapping{number}"
            answer = http.post(f"{served.base}/users", json=registration(name))
            assert answer.status_code in {201, 400, 503}, answer.text
            if answer.status_code == 201:
                users.append(name)
            data = picture(size=(20 + number, 20))
            answer = somebody.upload(data, "flapping.jpg")
            assert answer.status_code in {201, 503}, answer.text
            if answer.status_code == 201:
                images[answer.json()["Key"]] = data
    finally:
        stop.set()
        flapping.join()
    _wait_until_ready(served)
    assert users
    assert images
    for name in users:
        assert Api.logged_in(http, name, served.base)
    for key, data in images.items():
        assert somebody.get(f"/images/{key.replace('/', '%2F')}").content == data


@pytest.mark.skipif(DATABASE_URI in os.environ, reason="the server that is named is not ours")
def test_what_was_acknowledged_outlives_a_database_that_is_killed(
    environment: Mapping[str, str], http: httpx.Client, tmp_path: Path
) -> None:
    port = free_port()
    uri = _impatient(port)
    with _database(port, tmp_path) as server:
        with MongoClient[dict[str, Any]](uri) as client:
            client["cinema"]["movies"].insert_many(movies_by_the_page())
        variables = {"CINEMA_DATABASE_URI": uri, "CINEMA_DATABASE_NAME": "cinema"}
        with serving({**environment, **variables}) as served:
            _wait_until_ready(served)
            api = Api.joined(http, served.base)
            film = api.get("/movies?page=1").json()[0]["_id"]
            assert api.post(f"{api.home}/FavoriteMovies/{film}").status_code == 200
            server.send_signal(signal.SIGKILL)
            server.wait()
            assert api.get(api.home).status_code == 503
            with _database(port, tmp_path):
                _wait_until_ready(served)
                assert api.get(api.home).json()["FavoriteMovies"] == [film]
                assert http.post(
                    f"{served.base}/users", json=registration(api.username)
                ).text.endswith("already exists")


def test_a_disk_that_is_full_loses_nothing_and_stops_nothing(
    environment: Mapping[str, str], http: httpx.Client
) -> None:
    # No file may grow beyond this: the same error at the same place as on a full disk.
    most = 128 * 1024
    with serving(environment) as served:
        api = Api.joined(http, served.base)
        for process in _family(served.process.pid):
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most, most))
        large = noise((600, 600))
        assert len(large) > most
        refused = api.upload(large, "large.jpg")
        assert refused.status_code == 503
        assert "retry-after" in refused.headers
        assert "large" not in api.get("/images").text
        made = api.upload(picture(), "small.jpg")
        assert made.status_code == 201
        assert api.get(made.json()["Url"]).content == picture()


@contextmanager
def _gone(gate: Gate) -> Iterator[None]:
    gate.shut()
    try:
        yield
    finally:
        gate.shut()
        gate.open()


def _wait_until_ready(served: Served) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        for _ in eventually(30):
            if client.get(f"{served.base}/readyz").status_code == 200:
                return


@contextmanager
def _database(port: int, storage: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (storage / "log").open("ab") as output:
        server = subprocess.Popen(
            [
                Path(sys.executable).with_name("secantusd-py"),
                *("--port", str(port), "--storage-path", str(storage / "data")),
                *("--log-level", "WARNING"),
            ],
            stdout=output,
            stderr=output,
        )
    try:
        wait_for_port(port)
        yield server
    finally:
        server.terminate()
        server.wait(10)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]
