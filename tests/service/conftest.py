"""Real neighbours for the tests: a database, an S3, and the API over both."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import httpx
import pytest
from litestar.testing import TestClient
from moto.server import ThreadedMotoServer
from pymongo import MongoClient

from cinema_api.app import create_app
from cinema_api.settings import DatabaseSettings, Secret, Settings
from tests.service.neighbours import (
    KEY,
    REGION,
    Api,
    Film,
    database_server,
    movies_by_the_page,
)


@pytest.fixture(scope="session")
def database_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database server."""
    with database_server(tmp_path_factory.mktemp("database")) as uri:
        yield uri


@pytest.fixture(scope="session")
def database(database_uri: str) -> Iterator[str]:
    """The name of a database with a few films, which is gone afterwards."""
    name = f"cinema-test-{uuid.uuid4().hex[:12]}"
    client: MongoClient[dict[str, object]] = MongoClient(database_uri)
    client[name]["movies"].insert_many(movies_by_the_page())
    yield name
    client.drop_database(name)
    client.close()


@pytest.fixture(scope="session", autouse=True)
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Credentials that count nowhere, and no others that this machine may have."""
    nothing = str(tmp_path_factory.mktemp("aws") / "none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_CONFIG_FILE", nothing)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", nothing)
        patch.delenv("AWS_PROFILE", raising=False)
        yield


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """An S3 that forgets: moto's, which speaks HTTP to any client."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3(s3_url: str) -> Iterator[Any]:
    """The S3 as its owner sees it."""
    client = boto3.client("s3", endpoint_url=s3_url, region_name=REGION)
    yield client
    client.close()


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:  # noqa: ANN401 - boto3 makes its classes at run time
    """A bucket of this module's own."""
    name = f"images-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="module")
def settings(database_uri: str, database: str, bucket: str) -> Settings:
    """Settings for an API of this module's own, with limits that no test reaches by accident."""
    return Settings(
        database=DatabaseSettings(uri=database_uri, name=database),
        jwt_keys=Secret(variable="CINEMA_JWT_KEYS", value=KEY),
        image_bucket=bucket,
        region=REGION,
        cors_origins=("https://films.example.com",),
        login_limit=10_000,
        registration_limit=10_000,
        upload_limit=10_000,
    )


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[httpx.Client]:
    """The API in this process."""
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def api(client: httpx.Client) -> Api:
    """The API as a client sees it, with somebody who is logged in."""
    return Api.joined(client)


@pytest.fixture
def film(api: Api) -> Film:
    """Some film."""
    return api.get("/movies?page=1&pageSize=1").json()[0]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def environment(
    database_uri: str, database: str, bucket: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The environment of an API in a process of its own."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("CINEMA_")},
        "CINEMA_DATABASE_URI": database_uri,
        "CINEMA_DATABASE_NAME": database,
        "CINEMA_JWT_KEYS": KEY,
        "CINEMA_IMAGE_BUCKET": bucket,
        "CINEMA_LOGIN_LIMIT": "10000",
        "CINEMA_REGISTRATION_LIMIT": "10000",
        "CINEMA_UPLOAD_LIMIT": "10000",
        "CINEMA_UPLOAD_MAX_BYTES": str(2**20),
        "CINEMA_UPLOAD_SECONDS": "2",
        "AWS_REGION": REGION,
        "TMPDIR": str(tmp_path_factory.mktemp("uploads")),
    }


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    """A client of HTTP that believes no proxy of this machine's."""
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client
