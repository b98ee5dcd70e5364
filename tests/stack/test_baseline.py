"""What is said of the three stacks when nobody has written a contract, and then with the first."""

from __future__ import annotations

import datetime as dt

import pytest

from stackproof.check import check
from stackproof.model import Graph, Verdict
from stackproof.sources.program import evaluate
from tests.stack.engine_double import ROOT

TODAY = dt.date(2026, 12, 1)


@pytest.fixture(params=["prod", "dev", "seed"], scope="module")
def graph(request: pytest.FixtureRequest) -> Graph:
    return evaluate(ROOT, request.param)


def test_the_baseline_holds_but_for_what_dev_saves(graph: Graph) -> None:
    found = check(graph, None, today=TODAY)
    amiss = {c.id for c in found.claims if c.verdict is not Verdict.PROVEN}
    # One NAT gateway: its zone takes the way out of the others with it.
    assert amiss == ({"baseline.zones.api"} if graph.stack == "dev" else set())
    assert found.baseline
