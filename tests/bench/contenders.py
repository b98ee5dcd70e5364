"""The two that are measured, over the same data: the API, and Express giving the same answers."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import msgspec
from bson import ObjectId
from pymongo import MongoClient

from cinema_api.images.store import Facts
from cinema_api.users.passwords import Passwords
from tests.bench.node import INSTALLED, ROOT
from tests.service.in_memory import BUCKET, MOVIES, SOMEBODY, film, pictures
from tests.service.neighbours import (
    KEY,
    PASSWORD,
    REGION,
    database_server,
    free_port,
    wait_for_port,
)

LOGIN_LIMIT = str(10**6)
EXPRESS = ("node", str(INSTALLED / "server.mjs"))
EXPRESS_SETTINGS = {"KEY": KEY, "BUCKET": BUCKET, "LOGIN_LIMIT": LOGIN_LIMIT}


@dataclass(frozen=True)
class Contender:
    """A server that is measured."""

    name: str
    base: str
    process: int

    def resident(self) -> float:
        """MiB of memory that it and its processes hold."""
        shown = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid=,rss="], check=True, capture_output=True, text=True
        ).stdout
        rows = [tuple(map(int, line.split())) for line in shown.splitlines()]
        family = {self.process}
        while grown := {pid for pid, parent, _ in rows if parent in family} - family:
            family |= grown
        return sum(rss for pid, _, rss in rows if pid in family) / 1024


@dataclass(frozen=True)
class Pair:
    """The API and the other one."""

    ours: Contender
    theirs: Contender


@dataclass(frozen=True)
class Servers:
    """A database server and an S3 that hold the data, by the environment that names them."""

    ours: Mapping[str, str]
    theirs: Mapping[str, str]


@contextmanager
def in_memory(folder: Path) -> Iterator[Pair]:
    """Both with everything in their own process, one worker each."""
    file = folder / "data.json"
    file.write_text(json.dumps(_data()))
    ours = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--no-ws"),
        *("--log-level", "warning", "tests.service.in_memory:logging_application"),
    ]
    theirs = {"MEMORY": str(file), **EXPRESS_SETTINGS}
    with (
        _running("ours", ours, {}, port="GRANIAN_PORT", folder=folder) as one,
        _running("Express", EXPRESS, theirs, port="PORT", folder=folder) as other,
    ):
        yield Pair(one, other)


@contextmanager
def over_servers(servers: Servers, workers: int, folder: Path) -> Iterator[Pair]:
    """Both over the same database server and the same S3."""
    ours = [sys.executable, "-m", "cinema_api", "serve", "--workers", str(workers)]
    theirs = {**servers.theirs, "WORKERS": str(workers)}
    with (
        _running("ours", ours, servers.ours, port="CINEMA_PORT", folder=folder) as one,
        _running("Express", EXPRESS, theirs, port="PORT", folder=folder) as other,
    ):
        yield Pair(one, other)


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """A database and an S3, each in a process of its own, with the data in them."""
    s3 = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1"]
    with (
        database_server(folder) as uri,
        _filled_database(uri) as name,
        _running("S3", s3, {}, port="MOTO_PORT", folder=folder) as store,
    ):
        _fill_bucket(store.base)
        aws = {
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_ENDPOINT_URL": store.base,
        }
        yield Servers(
            ours={
                **aws,
                "CINEMA_DATABASE_URI": uri,
                "CINEMA_DATABASE_NAME": name,
                "CINEMA_JWT_KEYS": KEY,
                "CINEMA_IMAGE_BUCKET": BUCKET,
                "CINEMA_LOGIN_LIMIT": LOGIN_LIMIT,
            },
            theirs={
                **aws,
                **EXPRESS_SETTINGS,
                "DATABASE_URI": uri,
                "DATABASE_NAME": name,
            },
        )


@contextmanager
def _running(
    name: str, command: Sequence[str], environment: Mapping[str, str], *, port: str, folder: Path
) -> Iterator[Contender]:
    """Run a server that takes its port from the variable `port`; its output goes to `folder`."""
    number = free_port()
    plain = {
        variable: value
        for variable, value in os.environ.items()
        if not variable.startswith(("AWS_", "CINEMA_", "GRANIAN_"))
    }
    with (folder / f"{name}-{number}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={
                "NODE_ENV": "production",
                **plain,
                **environment,
                port: str(number),
                "TMPDIR": str(folder),
            },
            stdout=log,
            stderr=log,
        )
    try:
        wait_for_port(number)
        yield Contender(name, f"http://127.0.0.1:{number}", process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _films() -> list[dict[str, object]]:
    return [msgspec.to_builtins(film(number)) for number in range(MOVIES)]


def _user() -> dict[str, object]:
    passwords = Passwords()
    known = asyncio.run(passwords.hash(PASSWORD))
    passwords.close()
    return {
        "_id": SOMEBODY.id,
        "Username": SOMEBODY.username,
        "Password": known,
        "Email": SOMEBODY.email,
        "Birthday": None,
        "FavoriteMovies": [],
    }


def _data() -> dict[str, object]:
    return {
        "films": _films(),
        "user": _user(),
        "bucket": BUCKET,
        "images": [
            {**_facts(key, stored.facts), "data": base64.b64encode(stored.data).decode()}
            for key, stored in sorted(pictures().items())
        ],
    }


def _facts(key: str, facts: Facts) -> dict[str, object]:
    return {
        "Key": key,
        "ETag": facts.etag,
        "LastModified": facts.last_modified.isoformat(),
        "ContentType": facts.content_type,
        "Size": facts.size,
        "StorageClass": "STANDARD",
    }


@contextmanager
def _filled_database(uri: str) -> Iterator[str]:
    """The name of a database with the data, which is gone afterwards."""
    user = _user()
    name = f"cinema-bench-{secrets.token_hex(6)}"
    with MongoClient[dict[str, object]](uri) as client:
        database = client[name]
        database["movies"].insert_many(
            {**one, "_id": ObjectId(str(one["_id"]))} for one in _films()
        )
        database["users"].insert_one({**user, "_id": ObjectId(str(user["_id"]))})
        # Before anybody asks: whichever of the two begins must not have it slower.
        database["movies"].create_index("Title", name="title", unique=True)
        database["users"].create_index("Username", name="username", unique=True)
        try:
            yield name
        finally:
            client.drop_database(name)


def _fill_bucket(url: str) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",  # noqa: S106 - it counts nowhere
    )
    client.create_bucket(Bucket=BUCKET)
    for key, stored in pictures().items():
        client.put_object(
            Bucket=BUCKET, Key=key, Body=stored.data, ContentType=stored.facts.content_type
        )
    client.close()
