"""The whole as a context manager, for the command and for tests.

with cinema_local.running(root=...) as whole:
whole.api, whole.site, whole.kill("api-1"), whole.stop("database")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cinema_local import state
from cinema_local.screen import Lines
from cinema_local.whole import Options, Show, Whole

T = TypeVar("T")


@dataclass(frozen=True)
class Instance:
    """One instance of the API, as it runs now."""

    name: str
    pid: int
    port: int


class Running:
    """A whole that runs, from outside its event loop. Every call returns when it is done."""

    def __init__(self, loop: asyncio.AbstractEventLoop, whole: Whole, kept: state.State) -> None:
        self._loop = loop
        self._whole = whole
        self.state = kept

    @property
    def landing(self) -> str:
        """The page from which all else can be reached."""
        return self._whole.landing

    @property
    def site(self) -> str:
        """The site's address, with a slash at its end."""
        return f"{self._whole.landing}site/"

    @property
    def api(self) -> str:
        """The API's address, without a slash at its end."""
        return self._whole.api

    @property
    def proven(self) -> bool:
        """Whether all claims about the architecture are."""
        return self._whole.proven

    @property
    def seconds(self) -> Mapping[str, float]:
        """How long each stage of the start took."""
        return self._whole.seconds

    @property
    def image_bucket(self) -> str:
        """The name of the bucket of images."""
        return self._whole.plan.fleet.environment["CINEMA_IMAGE_BUCKET"]

    def instances(self) -> tuple[Instance, ...]:
        """The instances of the API that run now."""
        return tuple(
            Instance(one.name, one.child.pid, one.port)
            for one in self._call(_now(self._whole.instances.running))
        )

    def healthy(self) -> tuple[str, ...]:
        """The names of instances that get requests."""
        return self._call(_now(self._whole.healthy))

    def kill(self, name: str) -> None:
        """End one instance of the API at once, as a crash does. Another one takes its place."""
        self._call(_now(lambda: self._whole.instances.kill(name)))

    def stop(self, part: str) -> None:
        """End the `emulator` or the `database`, as a crash does, and leave it away."""
        self._call(self._whole.stop_part(part))

    def start(self, part: str) -> None:
        """Start it again, on what it kept; returns when all can be used again."""
        self._call(self._whole.start_part(part))

    def wait(self, seconds: float | None = None) -> Exception | None:
        """Wait until a part fails that cannot be replaced; None after `seconds`."""

        async def failure() -> Exception:
            return await asyncio.shield(self._whole.failure)

        waiting = asyncio.run_coroutine_threadsafe(failure(), self._loop)
        try:
            return waiting.result(seconds)
        except TimeoutError:
            return None
        finally:
            waiting.cancel()

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


@contextmanager
def running(
    options: Options, *, kept_in: Path | None = None, show: Show | None = None
) -> Iterator[Running]:
    """Bring up all of it, and end all of it.

    Data is kept in `kept_in`, by default `.local` in the project. Raises RunningError,
    ProgramError, PlanError, RefusedError or ComponentError when it cannot be brought up.
    """
    with state.opened(kept_in or options.root / ".local") as kept, _loop() as loop:

        async def made() -> Whole:
            return Whole(options, kept, show or Lines())

        whole = asyncio.run_coroutine_threadsafe(made(), loop).result()
        starting: Future[None] = asyncio.run_coroutine_threadsafe(whole.start(), loop)
        try:
            starting.result()
            yield Running(loop, whole, kept)
        finally:
            starting.cancel()
            asyncio.run_coroutine_threadsafe(whole.stop(), loop).result()


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop in a thread of its own."""
    loop = asyncio.new_event_loop()

    def run() -> None:
        # To its very end here: the caller's thread may have a loop of its own that runs.
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()

    thread = threading.Thread(target=run, name="cinema_local")
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _now(work: Any) -> Any:  # noqa: ANN401 - passes on what `work` gives
    return work()
