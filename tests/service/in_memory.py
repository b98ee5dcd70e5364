"""The API over stores in memory: what it costs by itself, without a database or a bucket."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Self

from bson import ObjectId
from litestar import Litestar
from msgspec import UNSET, UnsetType
from msgspec.structs import replace
from PIL import Image

from cinema_api import logs
from cinema_api.app import create_app
from cinema_api.conditional import etag_of
from cinema_api.images.links import Links
from cinema_api.images.names import Name
from cinema_api.images.store import Content, Facts, MissingError, RangeError
from cinema_api.images.structs import ORIGINALS, THUMBNAILS, Entry, Listing
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
from tests.service.neighbours import KEY, PASSWORD

MOVIES = 1000
PICTURES = 50
BUCKET = "none"
SETTINGS = Settings(
    database=DatabaseSettings(uri="mongodb://nowhere.invalid"),
    jwt_keys=Secret(variable="CINEMA_JWT_KEYS", value=KEY),
    image_bucket=BUCKET,
    cors_origins=("https://films.example.com",),
    login_limit=10**6,
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


@dataclass(frozen=True)
class Stored:
    """An object of the bucket."""

    data: bytes
    facts: Facts

    @classmethod
    def of(cls, data: bytes, content_type: str, last_modified: datetime) -> Stored:
        return cls(
            data,
            Facts(
                etag=etag_of(data),
                last_modified=last_modified,
                content_type=content_type,
                size=len(data),
            ),
        )


class MemoryBody:
    """The bytes of an object, as the SDK gives them: a stream that is closed."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._data = b""

    async def iter_chunks(self, size: int) -> AsyncIterator[bytes]:
        for start in range(0, len(self._data), size):
            yield self._data[start : start + size]


class MemoryImages:
    """Images that are forgotten with the process. It gives whole objects, and lists all at once."""

    def __init__(self, objects: dict[str, Stored]) -> None:
        self._objects = objects

    async def list(self, *, prefix: str, most: int, token: str | None) -> Listing:
        assert token is None
        contents = tuple(
            Entry(
                key=key,
                last_modified=stored.facts.last_modified,
                e_tag=stored.facts.etag,
                size=stored.facts.size,
                storage_class="STANDARD",
            )
            for key, stored in sorted(self._objects.items())
            if key.startswith(prefix)
        )
        assert len(contents) <= most
        return Listing(
            name=BUCKET,
            prefix=prefix,
            max_keys=most,
            key_count=len(contents),
            is_truncated=False,
            contents=contents,
        )

    async def facts(self, key: str) -> Facts:
        if key not in self._objects:
            raise MissingError
        return self._objects[key].facts

    async def open(self, key: str, byte_range: str | None) -> Content:
        if byte_range is not None:
            raise RangeError
        return Content(await self.facts(key), MemoryBody(self._objects[key].data))

    async def add(self, name: Name, file: BinaryIO, *, content_type: str, sha256: bytes) -> str:
        data = file.read()
        assert sha256 == hashlib.sha256(data).digest()
        key = next(
            ORIGINALS + one for one in name.candidates(()) if ORIGINALS + one not in self._objects
        )
        self._objects[key] = Stored.of(data, content_type, datetime.now(UTC))
        return key

    async def ready(self) -> bool:
        return True


class MemoryCounters:
    """Counts in this process alone."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    async def count(self, name: str, *, expires: datetime) -> int:  # noqa: ARG002 - the interface
        self._counts[name] = self._counts.get(name, 0) + 1
        return self._counts[name]


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Parts]:
    """A thousand films, a hundred images, and somebody to ask for them."""
    keyring = Keyring()
    keyring.use(parse_jwt_keys(settings.jwt_keys.value or ""))
    movies = MemoryMovies()
    for number in range(MOVIES):
        await movies.put(film(number))
    passwords = Passwords()
    somebody = replace(SOMEBODY, password_hash=await passwords.hash(PASSWORD))
    yield Parts(
        settings=settings,
        movies=movies,
        users=MemoryUsers(somebody),
        keyring=keyring,
        passwords=passwords,
        proxies=Proxies(settings.trusted_proxies, settings.public_scheme),
        images=MemoryImages(pictures()),
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
        id=f"{number:024x}",
    )


def pictures() -> dict[str, Stored]:
    """Originals and their thumbnails by their keys: the same picture each, of a thumbnail's size.

    Whoever makes them gets the same bytes.
    """
    out = io.BytesIO()
    Image.effect_mandelbrot((320, 240), (-2.0, -1.2, 1.0, 1.2), 100).save(out, "JPEG")
    stored = Stored.of(out.getvalue(), "image/jpeg", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    return {
        f"{half}picture-{number:02}.jpg": stored
        for half in (ORIGINALS, THUMBNAILS)
        for number in range(PICTURES)
    }


def somebodys_token() -> str:
    """A token that the API gives to somebody."""
    keyring = Keyring()
    keyring.use((KEY.encode(),))
    return keyring.issue(username=SOMEBODY.username, user_id=SOMEBODY.id)


def application() -> Litestar:
    """The API over stores in memory."""
    return create_app(SETTINGS, build)


def logging_application() -> Litestar:
    """The same, with the log of the service: for a server, `tests.service.in_memory`."""
    logs.configure(SETTINGS.log_level)
    return application()
