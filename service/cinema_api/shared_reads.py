"""Lets identical reads that overlap in time share one, without anybody seeing old data."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class SharedReads(Generic[V]):
    """Runs at most one read a key at a time.

    A caller never joins a read that began before it came: what was acknowledged to somebody
    before must be seen. It joins the one that begins next, with everybody else who waits for it.
    Under load a query that everybody asks then costs the database one read at a time.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[V]] = {}
        self._next: dict[Hashable, asyncio.Task[V]] = {}

    async def read(self, key: Hashable, read: Callable[[], Awaitable[V]]) -> V:
        """The value of `read()`, called once for all that wait for the same key."""
        task = self._next.get(key)
        if task is None:
            before = self._running.get(key)
            task = asyncio.create_task(self._run(key, read, before))
            task.add_done_callback(_retrieve)
            (self._running if before is None else self._next)[key] = task
        # Who gives up waiting must not take the read from the others.
        return await asyncio.shield(task)

    async def _run(
        self, key: Hashable, read: Callable[[], Awaitable[V]], before: asyncio.Task[V] | None
    ) -> V:
        if before is not None:
            await asyncio.wait([before])
            self._running[key] = self._next.pop(key)
        try:
            return await read()
        finally:
            # The next one, if there is one, takes this place as soon as it runs.
            if self._running.get(key) is asyncio.current_task():
                del self._running[key]


def _retrieve(task: asyncio.Task[V]) -> None:
    # Where every caller has given up, nobody else looks at the error.
    if not task.cancelled():
        task.exception()
