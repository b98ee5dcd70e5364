from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cinema_local.running import Running, running
from cinema_local.whole import Options
from stackproof.model import Graph
from stackproof.sources.program import evaluate
from tests.local.client import Somebody, speaking_to

ROOT = Path(__file__).parents[2]
Start: TypeAlias = Callable[..., AbstractContextManager[Running]]
SomebodyAt: TypeAlias = Callable[..., Somebody]

# In tests all people come from one address.
UNLIMITED = {f"CINEMA_{what}_LIMIT": "10000" for what in ("LOGIN", "REGISTRATION", "UPLOAD")}


@pytest.fixture(scope="session")
def graph() -> Graph:
    """What the program declares for `dev`."""
    return evaluate(ROOT, "dev")


@pytest.fixture(scope="session")
def start(graph: Graph) -> Start:
    """Brings the whole up, with its data in a folder of the caller's."""

    def started(kept_in: Path, **changes: Any) -> AbstractContextManager[Running]:  # noqa: ANN401 - of Options
        options: dict[str, Any] = {"site_port": 0, "api_port": 0, "graph": graph, **changes}
        return running(Options(root=ROOT, **options), kept_in=kept_in)

    return started


@pytest.fixture
def somebody_at() -> Iterator[SomebodyAt]:
    """Who uses the API at an address: somebody new, or who has this name already."""
    with ExitStack() as open_:

        def at(api: str, username: str | None = None) -> Somebody:
            somebody = Somebody(open_.enter_context(speaking_to(api)), username)
            if username is None:
                somebody.register()
            return somebody.log_in()

        yield at


@pytest.fixture(scope="module")
def whole(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All of it, for the tests of one module."""
    with start(tmp_path_factory.mktemp("whole"), environment=UNLIMITED) as everything:
        yield everything
