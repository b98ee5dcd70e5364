"""The connection to MongoDB: short patience, acknowledged writes, indexes made at start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

from pymongo import AsyncMongoClient
from pymongo.errors import ConnectionFailure, ExecutionTimeout, PyMongoError

from cinema_api.problems import UnavailableError

Client: TypeAlias = AsyncMongoClient[dict[str, Any]]

# NotWritablePrimary, PrimarySteppedDown, ShutdownInProgress and their kin: a set that elects.
_ELECTING = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})

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


def connect(uri: str, credentials: tuple[str, str] | None) -> Client:
    """A client that connects when it is first used.

    A request must not hang where the database does: two seconds to find a server, five for
    everything that one operation needs, where the URI says nothing else. Every write waits for
    the journal of a majority, so that nothing acknowledged is lost.
    """
    stated = uri.partition("?")[2].lower()
    username, password = credentials or (None, None)
    return AsyncMongoClient(
        uri,
        appname="cinema-api",
        username=username,
        password=password,
        **{name: value for name, value in _PATIENCE.items() if f"{name.lower()}=" not in stated},
        tz_aware=True,
        w="majority",
        journal=True,
    )
