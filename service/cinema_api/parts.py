"""What the controllers work with, put together once when the application starts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar.connection import ASGIConnection

from cinema_api.images.links import Links
from cinema_api.images.store import ImageStore
from cinema_api.limits import Limits
from cinema_api.movies.pages import Pages
from cinema_api.movies.store import MovieStore
from cinema_api.proxies import Proxies
from cinema_api.settings import Settings
from cinema_api.tokens import Keyring
from cinema_api.users.passwords import Passwords
from cinema_api.users.store import UserStore

STATE_KEY = "parts"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The stores and what stands beside them."""

    settings: Settings
    movies: MovieStore
    users: UserStore
    keyring: Keyring
    passwords: Passwords
    proxies: Proxies
    images: ImageStore
    links: Links
    limits: Limits
    uploads: asyncio.Semaphore
    """How many may upload at once in this process; the others wait without using memory."""
    checks: Mapping[str, Callable[[], Awaitable[bool]]]
    """What must answer for the API to be ready, by name."""
    pages: Pages = field(default_factory=Pages)


def parts(connection: ASGIConnection[Any, Any, Any, Any]) -> Parts:
    """The parts of the application that handles this connection."""
    found: Parts = connection.app.state[STATE_KEY]
    return found
