"""Rate limits that hold across all instances: counters in the database."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, Protocol

from litestar.exceptions import HTTPException
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import DuplicateKeyError

from cinema_api.database import available

WINDOW_SECONDS: Final = 60
INDEXES = (IndexModel([("expires", ASCENDING)], name="expires", expireAfterSeconds=0),)


class Counters(Protocol):
    """Counts what happens; raises UnavailableError while it cannot."""

    async def count(self, name: str, *, expires: datetime) -> int:
        """How often this has been called with the name, this time included."""


class MongoCounters:
    """Counters in a collection of MongoDB, which removes them when they have expired."""

    def __init__(self, collection: AsyncCollection[dict[str, Any]]) -> None:
        self._collection = collection

    async def count(self, name: str, *, expires: datetime) -> int:
        """One atomic increment."""
        try:
            return await self._increment(name, expires)
        except DuplicateKeyError:
            # Two made the first one at the same moment; now it is there.
            return await self._increment(name, expires)

    async def _increment(self, name: str, expires: datetime) -> int:
        with available():
            counter = await self._collection.find_one_and_update(
                {"_id": name},
                {"$inc": {"count": 1}, "$setOnInsert": {"expires": expires}},
                upsert=True,
                return_document=ReturnDocument.AFTER,
            )
        return 0 if counter is None else int(counter["count"])


@dataclass(frozen=True)
class Limit:
    """At most `most` a minute of what `name` says, for each of whoever does it."""

    name: str
    most: int


class Limits:
    """Counts in windows of a minute, by the clock.

    It fails closed: while the database cannot count, nothing that is limited is done. All of it
    needs the database anyway.
    """

    def __init__(self, counters: Counters, clock: Callable[[], float] = time.time) -> None:
        self._counters = counters
        self._clock = clock

    async def take(self, limit: Limit, who: str) -> dict[str, str]:
        """Count one; returns headers that say what is left, or raises 429."""
        now = self._clock()
        window = int(now) // WINDOW_SECONDS
        ends = (window + 1) * WINDOW_SECONDS
        # Addresses and names are hashed: the counters are about nobody whom one could look up.
        digest = hashlib.blake2b(who.encode(), digest_size=12, person=b"cinema-limits").hexdigest()
        used = await self._counters.count(
            f"{limit.name}:{digest}:{window}",
            expires=datetime.fromtimestamp(ends + WINDOW_SECONDS, UTC),
        )
        reset = max(1, int(ends - now))
        headers = {
            "RateLimit-Limit": str(limit.most),
            "RateLimit-Remaining": str(max(0, limit.most - used)),
            "RateLimit-Reset": str(reset),
        }
        if used > limit.most:
            raise HTTPException(
                "That is too often. Please wait a little.",
                status_code=HTTPStatus.TOO_MANY_REQUESTS,
                headers={**headers, "Retry-After": str(reset)},
            )
        return headers
