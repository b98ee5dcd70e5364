"""The stand-in for the Auto Scaling group: as many processes of the API as it is declared to have.

One that ends, or that the balancer finds ill, gives way to another one.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cinema_local import ports
from cinema_local.balancer import Balancer
from cinema_local.failures import ComponentError
from cinema_local.fleet import Fleet
from cinema_local.processes import Child, Keeper, how_it_ended

API = (sys.executable, "-m", "cinema_api")
_MOST_FAILED_STARTS = 3
_SECONDS_TO_START = 60
_GRACE_SECONDS = 5.0

# Of what the program tells the instances, that which cannot hold here: the database's address, and
# secrets that AWS would keep.
REPLACED = (
    "CINEMA_DATABASE_HOSTS",
    "CINEMA_DATABASE_CA_ARN",
    "CINEMA_DATABASE_CREDENTIALS_ARN",
    "CINEMA_DATABASE_REPLICA_SET",
    "CINEMA_JWT_KEYS_ARN",
)


def environment_here(declared: Mapping[str, str], local: Mapping[str, str]) -> dict[str, str]:
    """What an instance is told here: what the program says, but for what `local` must change."""
    kept = {name: value for name, value in declared.items() if name not in REPLACED}
    origins = [kept.get("CINEMA_CORS_ORIGINS", ""), local.get("CINEMA_CORS_ORIGINS", "")]
    together = list(dict.fromkeys(o for text in origins for o in text.split(",") if o))
    return {**kept, **local, "CINEMA_CORS_ORIGINS": ",".join(together)}


@dataclass
class Instance:
    """One of them, as it runs now."""

    name: str
    port: int
    child: Child
    leaves: bool = False
    """It was asked to go: nothing is wrong when it does."""


class Instances:
    """All of them."""

    def __init__(  # noqa: PLR0913 - it stands where all the parts meet
        self,
        fleet: Fleet,
        environment: Mapping[str, str],
        *,
        balancer: Balancer,
        keeper: Keeper,
        logs: Path,
        scratch: Path,
        note: Callable[[str], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._fleet = fleet
        self._environment = environment
        self._balancer = balancer
        self._keeper = keeper
        self._logs = logs
        self._folder = scratch / "api"
        self._note = note
        self._failed = failed
        self._stopping = False
        self._instances: dict[str, Instance] = {}
        self._keeping: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all; returns when all are healthy. Raises ComponentError."""
        self._folder.mkdir(exist_ok=True)
        names = [f"api-{number}" for number in range(1, self._fleet.count + 1)]
        self._keeping = [asyncio.create_task(self._keep(name)) for name in names]
        await self.healthy()

    async def healthy(self) -> None:
        """Wait until all are. Raises ComponentError."""
        deadline = asyncio.get_running_loop().time() + _SECONDS_TO_START
        while len(self._balancer.healthy()) < self._fleet.count:
            for task in self._keeping:
                if task.done() and not task.cancelled() and (problem := task.exception()):
                    raise problem
            if asyncio.get_running_loop().time() > deadline:
                name = "api-1"
                raise ComponentError(name, "does not turn healthy", self._log(name))
            await asyncio.sleep(0.02)

    def running(self) -> tuple[Instance, ...]:
        """Those that run now, by name."""
        return tuple(self._instances[name] for name in sorted(self._instances))

    def kill(self, name: str) -> None:
        """End one at once, as a crash does."""
        self._instances[name].child.kill()

    def unhealthy(self, name: str) -> None:
        """The balancer finds one ill: it gives way to another."""
        if name in self._instances:
            self._note(f"{name} answers no health check")
            self.kill(name)

    async def refresh(self) -> None:
        """Replace all, one after the other, without failing a request."""
        for name in sorted(self._instances):
            old = self._instances[name]
            await self._leave(old)
            while self._instances.get(name) is old or name not in self._balancer.healthy():  # noqa: ASYNC110 - health is polled, here as in AWS
                await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """End all, each with what it has begun."""
        self._stopping = True
        await asyncio.gather(*(self._leave(instance) for instance in self.running()))
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    async def _leave(self, instance: Instance) -> None:
        instance.leaves = True
        await self._balancer.deregister(instance.name, _GRACE_SECONDS)
        await instance.child.stop(_GRACE_SECONDS)

    async def _keep(self, name: str) -> None:
        failed_starts = 0
        while not self._stopping:
            instance = await self._launch(name)
            status = await instance.child.ended()
            began = self._balancer.began(name)
            await self._balancer.deregister(name, 0)
            if self._instances.get(name) is instance:
                del self._instances[name]
            if instance.leaves:
                continue
            how = how_it_ended(status)
            failed_starts = 0 if began or status == -signal.SIGKILL else failed_starts + 1
            if failed_starts == _MOST_FAILED_STARTS:
                problem = ComponentError(name, how, self._log(name))
                self._failed(problem)
                raise problem
            self._note(f"{name} {how}; another takes its place, as Auto Scaling would see to")

    async def _launch(self, name: str) -> Instance:
        port = ports.free()
        child = await Child.start(
            name,
            [*API, "serve"],
            environment={
                **self._environment,
                "CINEMA_HOST": ports.LOOPBACK,
                "CINEMA_PORT": str(port),
                "TMPDIR": str(self._folder),
            },
            log=self._log(name),
            keeper=self._keeper,
            folder=self._folder,
        )
        self._instances[name] = Instance(name, port, child)
        self._balancer.register(name, port)
        return self._instances[name]

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"
