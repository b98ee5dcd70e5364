"""What happens when the application starts, while it runs, and when it stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Final, TypeAlias

import structlog
from aiobotocore.session import get_session
from botocore.config import Config
from litestar import Litestar

from cinema_api import limits
from cinema_api.database import Database, available, connected, index
from cinema_api.images.links import Links
from cinema_api.images.store import S3Images, moment
from cinema_api.limits import Limits
from cinema_api.movies import store as movies
from cinema_api.parts import STATE_KEY, Parts
from cinema_api.problems import UnavailableError
from cinema_api.proxies import Proxies
from cinema_api.secret_values import read_parsed
from cinema_api.settings import Settings, SettingsError, parse_jwt_keys
from cinema_api.tokens import Keyring
from cinema_api.users import store as users
from cinema_api.users.passwords import Passwords

Building: TypeAlias = Callable[[Settings], AbstractAsyncContextManager[Parts]]

_MOST_UPLOADS: Final = 16
_S3: Final = Config(
    connect_timeout=2,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=64,
    # We give the checksum ourselves, made while the upload came in.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
_SECONDS_BETWEEN_TRIES: Final = 1.0
_SECONDS_BETWEEN_KEY_READS: Final = 60.0
_SECONDS_TO_BE_READY: Final = 3.0

_log = structlog.get_logger()


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Parts]:
    """The parts over the database and the bucket that the settings name.

    The database need not be there yet: its indexes are made as soon as it is. Secrets must be,
    because without them nothing can ever work.
    """
    keyring = Keyring()

    async def read_keys() -> None:
        keyring.use(await read_parsed(settings.jwt_keys, parse_jwt_keys))

    await read_keys()
    session = get_session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    s3 = session.create_client("s3", region_name=settings.region, config=_S3)
    async with connected(settings.database) as database, s3 as s3_client:
        passwords = Passwords()
        images = S3Images(s3_client, settings.image_bucket)
        stopping = asyncio.Event()
        indexes = asyncio.create_task(_keep_trying(lambda: make_indexes(database), stopping))
        rotation = asyncio.create_task(_read_again(read_keys))

        async def database_answers() -> bool:
            with available():
                await database.client.admin.command("ping")
            # One that can never be made, as a unique one over duplicates, is a fault to be seen.
            return indexes.done() and indexes.exception() is None

        try:
            yield Parts(
                settings=settings,
                movies=movies.MongoMovies(database["movies"]),
                users=users.MongoUsers(database["users"]),
                keyring=keyring,
                passwords=passwords,
                proxies=Proxies(settings.trusted_proxies, settings.public_scheme),
                images=images,
                links=Links(settings.images, keyring),
                limits=Limits(limits.MongoCounters(database["limits"])),
                uploads=asyncio.Semaphore(_MOST_UPLOADS),
                checks={"database": database_answers, "bucket": images.ready},
            )
        finally:
            rotation.cancel()
            # Not cancelled: PyMongo would take that for a lost connection, and the loop go on.
            stopping.set()
            await asyncio.gather(indexes, rotation, return_exceptions=True)
            passwords.close()


async def make_indexes(database: Database) -> None:
    """Make the indexes that are not there yet; those that are stay as they are."""
    every = {"movies": movies.INDEXES, "users": users.INDEXES, "limits": limits.INDEXES}
    for name, indexes in every.items():
        await index(database[name], indexes)


def lifespan(
    settings: Settings, building: Building
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """Litestar's lifespan: the parts are there from the first request to the last."""

    @asynccontextmanager
    async def run(app: Litestar) -> AsyncIterator[None]:
        async with building(settings) as parts:
            app.state[STATE_KEY] = parts
            yield

    return run


async def readiness(app: Litestar) -> dict[str, bool]:
    """What can be reached just now, by name. Everything is asked at once, with little patience."""
    parts: Parts = app.state[STATE_KEY]
    answers = await asyncio.gather(*(_answers(check) for check in parts.checks.values()))
    return dict(zip(parts.checks, answers, strict=True))


async def _answers(check: Callable[[], Awaitable[bool]]) -> bool:
    try:
        async with asyncio.timeout(_SECONDS_TO_BE_READY):
            return await check()
    except (TimeoutError, UnavailableError):
        return False


async def _keep_trying(action: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            await action()
        except UnavailableError as problem:
            _log.warning("waiting", reason=str(problem))
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _SECONDS_BETWEEN_TRIES)
        else:
            return


async def _read_again(read_keys: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_KEY_READS)
        # The keys that we have are good until there are others.
        with suppress(UnavailableError, SettingsError):
            await read_keys()
