"""What the store asks the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from cinema_api.movies.store import MongoMovies
from cinema_api.movies.structs import MovieQuery


class Commands(CommandListener):
    """Counts what the driver sends."""

    def __init__(self) -> None:
        self.sent: Counter[str] = Counter()

    def started(self, event: CommandStartedEvent) -> None:
        self.sent[event.command_name] += 1

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def test_different_pages_that_are_asked_for_at_once_share_their_total(
    database_uri: str, database: str
) -> None:
    async def ask() -> None:
        commands = Commands()
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            database_uri, event_listeners=[commands]
        )
        async with client:
            movies = MongoMovies(client[database]["movies"])
            pages = await asyncio.gather(
                *(movies.page(MovieQuery(page=page, page_size=5)) for page in range(1, 10)),
                movies.page(MovieQuery(genre="Drama", page=1)),
            )
        assert [page.total for page in pages] == [45] * 9 + [23]
        assert commands.sent["find"] == 10
        # A count is an aggregation: one for who came first, one for the others, one for the genre.
        assert commands.sent["aggregate"] == 3

    asyncio.run(ask())
