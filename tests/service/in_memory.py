"""The API over stores in memory: what it costs by itself, without a database or a bucket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

from bson import ObjectId
from litestar import Litestar
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from cinema_api.app import create_app
from cinema_api.images.links import Links
from cinema_api.images.store import ImageStore
from cinema_api.limits import Limits
from cinema_api.movies.memory import MemoryMovies
from cinema_api.movies.structs import Director, Genre, Movie
from cinema_api.parts import Parts
from cinema_api.proxies import Proxies
from cinema_api.settings import DatabaseSettings, Secret, Settings, parse_jwt_keys
from cinema_api.tokens import Keyring
from cinema_api.users.passwords import Passwords
from cinema_api.users.store import TakenError
from cinema_api.users.structs import Account
from tests.service.neighbours import KEY

MOVIES = 1000
SETTINGS = Settings(
    database=DatabaseSettings(uri="mongodb://nowhere.invalid"),
    jwt_keys=Secret(variable="CINEMA_JWT_KEYS", value=KEY),
    image_bucket="none",
    cors_origins=("https://films.example.com",),
)
SOMEBODY = Account(
    id="000000000000000000000001",
    username="somebody",
    password_hash="",
    email="somebody@example.com",
)


class MemoryUsers:
    """Users that are forgotten with the process."""

    def __init__(self, *accounts: Account) -> None:
        self._accounts = {account.id: account for account in accounts}

    async def add(
        self, *, username: str, password_hash: str, email: str, birthday: datetime | None
    ) -> Account:
        if await self.by_name(username) is not None:
            raise TakenError
        account = Account(
            id=str(ObjectId()),
            username=username,
            password_hash=password_hash,
            email=email,
            birthday=birthday,
        )
        self._accounts[account.id] = account
        return account

    async def by_id(self, user_id: str) -> Account | None:
        return self._accounts.get(user_id)

    async def by_name(self, username: str) -> Account | None:
        return next((one for one in self._accounts.values() if one.username == username), None)

    async def change(
        self,
        user_id: str,
        *,
        username: str | UnsetType = UNSET,
        password_hash: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        birthday: datetime | UnsetType = UNSET,
    ) -> Account | None:
        given = {
            "username": username,
            "password_hash": password_hash,
            "email": email,
            "birthday": birthday,
        }
        return self._replace(
            user_id, {name: value for name, value in given.items() if value is not UNSET}
        )

    async def add_favorite(self, user_id: str, movie_id: str) -> Account | None:
        account = self._accounts.get(user_id)
        known = () if account is None else account.favorite_movies
        return self._replace(user_id, {"favorite_movies": (*dict.fromkeys((*known, movie_id)),)})

    async def remove_favorite(self, user_id: str, movie_id: str) -> Account | None:
        account = self._accounts.get(user_id)
        known = () if account is None else account.favorite_movies
        return self._replace(
            user_id, {"favorite_movies": tuple(one for one in known if one != movie_id)}
        )

    async def remove(self, user_id: str) -> bool:
        return self._accounts.pop(user_id, None) is not None

    def _replace(self, user_id: str, changed: dict[str, object]) -> Account | None:
        account = self._accounts.get(user_id)
        if account is not None:
            self._accounts[user_id] = account = replace(account, **changed)
        return account


class MemoryCounters:
    """Counts in this process alone."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    async def count(self, name: str, *, expires: datetime) -> int:  # noqa: ARG002 - the interface
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Parts]:
    """A thousand films and somebody to ask for them; no images."""
    keyring = Keyring()
    keyring.use(parse_jwt_keys(settings.jwt_keys.value or ""))
    movies = MemoryMovies()
    for number in range(MOVIES):
        await movies.put(film(number))
    passwords = Passwords()
    yield Parts(
        settings=settings,
        movies=movies,
        users=MemoryUsers(SOMEBODY),
        keyring=keyring,
        passwords=passwords,
        proxies=Proxies(settings.trusted_proxies),
        images=cast("ImageStore", None),
        links=Links(settings.images, keyring),
        limits=Limits(MemoryCounters()),
        uploads=asyncio.Semaphore(1),
        checks={},
    )
    passwords.close()


def film(number: int) -> Movie:
    """One of many, with texts about as long as those of the seed."""
    return Movie(
        title=f"Film {number:04}",
        description=f"The film that is number {number} tells at some length of what comes of it.",
        genre=Genre("Drama", "Films about people and what becomes of them."),
        director=Director("Somebody", "Made films, and lived to tell of them.", "1900", "1980"),
        image_path="/posters/metropolis.svg",
        featured=number % 10 == 0,
        year=1920,
    )


def somebodys_token() -> str:
    """A token that the API gives to somebody."""
    keyring = Keyring()
    keyring.use((KEY.encode(),))
    return keyring.issue(username=SOMEBODY.username, user_id=SOMEBODY.id)


def application() -> Litestar:
    """For granian: `tests.service.in_memory:application`."""
    return create_app(SETTINGS, build)
