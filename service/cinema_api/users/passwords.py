"""Hashes passwords beside the event loop, and takes as long for users that do not exist."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cinema_api.problems import UnavailableError

T = TypeVar("T")

_MOST_WAITING: Final = 256
"""What two cores do in about five seconds; nobody should wait for longer."""


class Passwords:
    """argon2id with a bounded number of threads and of callers who wait.

    19 MiB and two passes are what OWASP's Password Storage Cheat Sheet asks for at least; more
    memory would let a few dozen logins at once fill a small instance.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._threads = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="argon2")
        self._waiting = 0
        # Nobody knows its password: it was made from what is forgotten at once.
        self._nobody = self._hasher.hash(os.urandom(16))

    async def hash(self, password: str) -> str:
        """The hash to keep; raises UnavailableError where too many wait already."""
        return await self._run(self._hasher.hash, password)

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password. Without a hash it takes as long, and it is not."""
        known = self._nobody if password_hash is None else password_hash
        return await self._run(self._matches, known, password) and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[..., T], *arguments: str) -> T:
        if self._waiting >= _MOST_WAITING:
            raise UnavailableError("too many passwords wait to be checked", retry_after=2)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, function, *arguments)
        finally:
            self._waiting -= 1
