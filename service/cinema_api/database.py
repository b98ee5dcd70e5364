"""The connection to MongoDB: short patience, acknowledged writes, indexes made at start."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from tempfile import NamedTemporaryFile
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl

import structlog
from pymongo import AsyncMongoClient, IndexModel
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConnectionFailure, ExecutionTimeout, OperationFailure, PyMongoError

from cinema_api.problems import UnavailableError
from cinema_api.secret_values import read_parsed
from cinema_api.settings import DatabaseSettings, parse_authorities, parse_credentials

Database: TypeAlias = AsyncDatabase[dict[str, Any]]
Collection: TypeAlias = AsyncCollection[dict[str, Any]]

# NotWritablePrimary, PrimarySteppedDown, ShutdownInProgress and their kin: a set that elects.
_ELECTING = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
# CommandNotSupported, NotImplemented: of servers that speak MongoDB's protocol.
_NOT_SUPPORTED = frozenset({115, 238})

_log = structlog.get_logger()

_PATIENCE: Final[dict[str, Any]] = {
    "serverSelectionTimeoutMS": 2000,
    "connectTimeoutMS": 2000,
    "timeoutMS": 5000,
    "maxPoolSize": 50,
}


@contextmanager
def available() -> Iterator[None]:
    """Turns the driver's ways to say 'not now' into UnavailableError."""
    try:
        yield
    except (ConnectionFailure, ExecutionTimeout) as problem:
        raise UnavailableError("the database cannot be reached") from problem
    except PyMongoError as problem:
        if problem.timeout or getattr(problem, "code", None) in _ELECTING:
            raise UnavailableError("the database cannot answer in time") from problem
        raise


@contextmanager
def _trusting(authorities: str | None) -> Iterator[dict[str, Any]]:
    """The driver's options for TLS. It takes certificates from a file, which it reads at once."""
    if authorities is None:
        yield {}
        return
    with NamedTemporaryFile("w", encoding="ascii", suffix=".pem") as file:
        file.write(authorities)
        file.flush()
        yield {"tls": True, "tlsCAFile": file.name}


@asynccontextmanager
async def connected(settings: DatabaseSettings) -> AsyncIterator[Database]:
    """The database, whose client connects when it is first used.

    A request must not hang where the database does: two seconds to find a server, five for
    everything that one operation needs, where the URI says nothing else. Every write waits for
    the journal of a majority, so that nothing acknowledged is lost.
    """
    username = password = authorities = None
    if settings.authorities is not None:
        authorities = await read_parsed(settings.authorities, parse_authorities)
    if settings.credentials is not None:
        username, password = await read_parsed(settings.credentials, parse_credentials)
    stated = {name.lower() for name, _ in parse_qsl(settings.uri.partition("?")[2])}
    with _trusting(authorities) as tls:
        client = AsyncMongoClient[dict[str, Any]](
            settings.uri,
            appname="cinema-api",
            username=username,
            password=password,
            **{key: value for key, value in _PATIENCE.items() if key.lower() not in stated},
            **tls,
            tz_aware=True,
            w="majority",
            journal=True,
        )
    try:
        yield client[settings.name]
    finally:
        await client.close()


async def index(collection: Collection, indexes: Sequence[IndexModel]) -> None:
    """Make those that are not there yet.

    Raises UnavailableError when it cannot be done now, and OperationFailure when it never can.
    """
    # One by one: FerretDB loses the connection over several of which some are there already.
    for one in indexes:
        try:
            with available():
                await collection.create_indexes([one])
        except OperationFailure as problem:
            expires = "expireAfterSeconds" in one.document
            if not (expires and problem.code in _NOT_SUPPORTED):
                _log.error("index", collection=collection.name, reason=str(problem))
                raise
            # What has expired is looked at no more, and only takes room.
            _log.warning("kept", collection=collection.name, reason=str(problem))
