"""The whole: which part starts when, what it is told, and how all of it ends."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiohttp import web

from cinema_local import database, ports
from cinema_local.balancer import Balancer
from cinema_local.emulator import SERVICES, Emulator
from cinema_local.failures import ComponentError
from cinema_local.instances import API, Instances, environment_here
from cinema_local.metadata import Metadata
from cinema_local.plan import Plan, plan
from cinema_local.processes import Child, Keeper, how_it_ended
from cinema_local.program import Evaluation, place_of
from cinema_local.provision import inventory, provision
from cinema_local.site import Links, Site
from cinema_local.state import State
from stackproof.model import Graph

T = TypeVar("T")
_GRACE_SECONDS = 3.0


class Show(Protocol):
    """What is told to a person while it starts and runs."""

    def begin(self, stage: str) -> None:
        """A stage begins."""

    def done(self, stage: str, seconds: float) -> None:
        """It is done."""

    def note(self, text: str) -> None:
        """Something happened that a person should know."""

    def report(self, evaluation: Evaluation, proven: bool) -> None:  # noqa: FBT001 - the verdict
        """The proofs are done."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What may be different from run to run."""

    root: Path
    """The project's folder."""
    stack: str = "dev"
    site_port: int = 8000
    api_port: int = 8080
    database_uri: str | None = None
    """A MongoDB of yours; without it one is started."""
    graph: Graph | None = None
    """A Graph that was evaluated before, or changed to see what a fault in it does."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Further settings of the API."""


class Whole:
    """All parts of one run."""

    def __init__(self, options: Options, state: State, show: Show) -> None:
        self._options = options
        self._state = state
        self._show = show
        self._exits = AsyncExitStack()
        self._tasks: list[asyncio.Task[Any]] = []
        self._expected: set[str] = set()
        """Parts that end because they were told to."""
        self.failure: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.seconds: dict[str, float] = {}
        """How long each stage of the start took."""

    # ── starting ────────────────────────────────────────────────────────────────────────────────

    async def start(self) -> None:
        """Bring all of it up; returns when a person can use it."""
        options, state = self._options, self._state
        self._keeper = Keeper(state.scratch)
        self._exits.callback(self._keeper.close)
        self._open_logs()
        place = place_of(options.root, options.stack)
        self._api_socket = self._listen("the API", options.api_port)
        self._site_socket = self._listen("the site", options.site_port)
        self._database_port = ports.free()
        self.emulator = Emulator.prepare(
            state.scratch / "tls", account=place.account, region=place.region, port=ports.free()
        )
        evaluating = self._begin("the program", self._evaluate())
        emulating = self._begin("the emulator", self._start_emulator())
        storing = self._begin("the database", self._start_database())
        seeding = self._begin("the films", self._after(storing, self._seed))
        self.plan, evaluation = await evaluating
        proving = self._begin("the proofs", self._prove(evaluation))
        await emulating
        self._clients = await self.emulator.clients(self._exits, SERVICES)
        await self._begin("the declared resources", self._provision())
        await storing
        await self._begin("the instances of the API", self._start_instances())
        await self._start_site()
        await seeding
        self.proven = await proving
        self._site.tell(self._links(), self.plan)

    @property
    def api(self) -> str:
        """The API's address, as the site is told."""
        return f"http://localhost:{self._api_socket.port}"

    @property
    def landing(self) -> str:
        """The page from which everything can be reached."""
        return f"http://localhost:{self._site_socket.port}/"

    def _listen(self, what: str, preferred: int) -> ports.Taken:
        taken = ports.listen(preferred)
        self._exits.callback(taken.listener.close)
        if taken.instead_of:
            self._show.note(f"{what} is on port {taken.port} instead of {taken.instead_of}")
        return taken

    def _begin(self, stage: str, work: Awaitable[T]) -> asyncio.Task[T]:
        async def timed() -> T:
            started = time.monotonic()
            self._show.begin(stage)
            result = await work
            self.seconds[stage] = time.monotonic() - started
            self._show.done(stage, self.seconds[stage])
            return result

        task = asyncio.create_task(timed())
        self._tasks.append(task)
        return task

    async def _after(self, earlier: asyncio.Task[Any], work: Callable[[], Awaitable[T]]) -> T:
        await earlier
        return await work()

    async def _evaluate(self) -> tuple[Plan, Evaluation]:
        evaluation = Evaluation(
            root=self._options.root,
            stack=self._options.stack,
            folder=self._state.report,
            log=self._log("stackproof"),
            keeper=self._keeper,
        )
        if self._options.graph is not None:
            graph = self._options.graph
            evaluation.take(graph)
        else:
            graph = await evaluation.evaluate()
        return plan(graph, api_address=f"localhost:{self._api_socket.port}"), evaluation

    async def _prove(self, evaluation: Evaluation) -> bool:
        proven = await evaluation.prove()
        self._show.report(evaluation, proven)
        return proven

    async def _start_emulator(self) -> None:
        child = await self.emulator.start(
            keeper=self._keeper,
            log=self._log("emulator"),
            objects=self._state.objects,
            scratch=self._state.scratch,
        )
        if not hasattr(self, "_emulating"):
            self._exits.push_async_callback(lambda: self._end(self._emulating))
        self._emulating = child
        await self._need(child, self.emulator.ready(child))

    async def _start_database(self) -> None:
        if self._options.database_uri is not None:
            return
        child = await database.start(
            port=self._database_port,
            storage=self._state.database,
            scratch=self._state.scratch,
            keeper=self._keeper,
            log=self._log("database"),
        )
        if not hasattr(self, "_storing"):
            self._exits.push_async_callback(lambda: self._end(self._storing))
        self._storing = child
        await self._need(child, database.ready(child, self._database_port))

    async def _end(self, child: Child) -> None:
        self._expected.add(child.name)
        await child.stop(_GRACE_SECONDS)

    async def _need(self, child: Child, ready: Awaitable[bool]) -> None:
        """Wait until `child` is ready, and take its end for a failure from now on."""
        self._expected.discard(child.name)
        if not await ready:
            how = how_it_ended(await child.ended())
            raise ComponentError(child.name, how, self._log(child.name))

        async def watch() -> None:
            status = await child.ended()
            if child.name not in self._expected:
                self._fail(ComponentError(child.name, how_it_ended(status), self._log(child.name)))

        self._tasks.append(asyncio.create_task(watch()))

    def _fail(self, problem: Exception) -> None:
        if not self.failure.done():
            self.failure.set_result(problem)

    async def _provision(self) -> None:
        self._log("resources").write_text(inventory(self.plan), encoding="utf-8")
        await provision(self.plan, self._clients, self._options.root)

    async def _seed(self) -> None:
        films = self._options.root / "service" / "cinema_api" / "seed"
        digest = hashlib.sha256()
        for path in sorted(films.glob("*.json")):
            digest.update(path.read_bytes())
        digest.update((self._options.database_uri or "").encode())
        marker = self._state.seeded
        if marker.exists() and marker.read_text() == digest.hexdigest():
            return
        child = await Child.start(
            "seed",
            [*API, "seed"],
            environment=self._api_environment(),
            log=self._log("seed"),
            keeper=self._keeper,
            folder=self._state.scratch,
        )
        if (status := await child.ended()) != 0:
            raise ComponentError("seed", how_it_ended(status), self._log("seed"))
        marker.write_text(digest.hexdigest())

    def _api_environment(self) -> dict[str, str]:
        """What the API is told here and nowhere else."""
        uri = self._options.database_uri or database.address(self._database_port)
        port = self._site_socket.port
        return {
            "CINEMA_CORS_ORIGINS": f"http://localhost:{port},http://{ports.LOOPBACK}:{port}",
            "CINEMA_DATABASE_URI": uri,
            "CINEMA_JWT_KEYS_FILE": str(self._state.keys),
            "CINEMA_TRUSTED_PROXIES": f"{ports.LOOPBACK}/32",
            "CINEMA_DRAIN_SECONDS": "3",
            "PYTHONUNBUFFERED": "1",
            **self._options.environment,
        }

    async def _start_instances(self) -> None:
        fleet = self.plan.fleet
        metadata = Metadata(
            self._clients["sts"],
            role=fleet.role,
            role_arn=fleet.role_arn,
            trusted=fleet.trusted,
        )
        self._metadata = metadata
        taken = ports.listen(0)
        runner = web.AppRunner(metadata.application(), access_log=None)
        await runner.setup()
        self._exits.push_async_callback(runner.cleanup)
        await web.SockSite(runner, taken.listener).start()
        local = {
            **self._api_environment(),
            "AWS_CA_BUNDLE": str(self.emulator.authority),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://{ports.LOOPBACK}:{taken.port}/",
            "AWS_ENDPOINT_URL": self.emulator.url,
        }
        self._balancer = Balancer(
            fleet.health,
            drops_invalid_headers=fleet.drops_invalid_headers,
            # The instances need the balancer first, so they are looked up when one is ill.
            unhealthy=lambda name: self.instances.unhealthy(name),  # noqa: PLW0108 - as just said
        )
        self.instances = Instances(
            fleet,
            environment_here(fleet.environment, local),
            balancer=self._balancer,
            keeper=self._keeper,
            logs=self._state.logs,
            scratch=self._state.scratch,
            note=self._show.note,
            failed=self._fail,
        )
        await self._balancer.start(self._api_socket.listener)
        self._exits.push_async_callback(self._balancer.stop)
        self._exits.push_async_callback(self.instances.stop)
        await self.instances.start()

    async def _start_site(self) -> None:
        self._site = Site(
            self.plan.website,
            endpoint=self.emulator.url,
            trust=self.emulator.trust(),
            logs=self._state.logs,
            report=self._state.report,
        )
        await self._site.start(self._site_socket.listener)
        self._exits.push_async_callback(self._site.stop)

    def healthy(self) -> tuple[str, ...]:
        """The names of instances that get requests."""
        return self._balancer.healthy()

    # ── faults ──────────────────────────────────────────────────────────────────────────────────

    async def stop_part(self, part: str) -> None:
        """End the `emulator` or the `database`, and leave the rest to itself."""
        child = self._child(part)
        self._expected.add(part)
        child.kill()
        await child.ended()

    async def start_part(self, part: str) -> None:
        """Start it again, on what it kept."""
        if part == "database":
            await self._start_database()
            return
        self._child(part)
        await self._start_emulator()
        await self._provision()
        # The emulator forgets the sessions that it has given, which AWS does not.
        self._metadata.forget()
        await self.instances.refresh()

    def _child(self, part: str) -> Child:
        return {"emulator": self._emulating, "database": self._storing}[part]

    # ── ending ──────────────────────────────────────────────────────────────────────────────────

    async def stop(self) -> None:
        """End everything; nothing is left of it but what is kept."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._exits.aclose()

    # ── telling ─────────────────────────────────────────────────────────────────────────────────

    def _log(self, name: str) -> Path:
        return self._state.logs / f"{name}.log"

    def _open_logs(self) -> None:
        """Have what this process itself does written to a log too."""
        handler = logging.FileHandler(self._log("balancer"), encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logger = logging.getLogger("cinema_local")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(handler)

        def close() -> None:
            logger.removeHandler(handler)
            handler.close()

        self._exits.callback(close)

    def _links(self) -> Links:
        if self._options.database_uri is None:
            stored = f"one embedded SecantusDB server, port {self._database_port}"
        else:
            stored = "the MongoDB that CINEMA_DATABASE_URI names"
        count = self.plan.fleet.count
        return Links(
            stack=self._options.stack,
            api=self.api,
            verdict="all claims proven or waived" if self.proven else "not all claims are proven",
            stand_ins=(
                (
                    f"an Auto Scaling group of {count} instances of the API",
                    (
                        f"{count} processes of the API, each with the credentials of role"
                        f" {self.plan.fleet.role}; one that ends is replaced"
                    ),
                ),
                ("an Application Load Balancer", "a balancer of our own with its health checks"),
                ("MongoDB on instances of its own", stored),
                (
                    "S3, Lambda, SQS, IAM, STS, CloudWatch Logs",
                    (
                        "ministack, an emulator that enforces the declared policies, at"
                        f" {self.emulator.url}"
                    ),
                ),
                ("the S3 website", "/site/ here, read from the emulated bucket as anybody may"),
            ),
        )
