"""What is said of the three stacks when nobody has written a contract, and then with the first."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stackproof.beginning import begin, written
from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Graph, Verdict
from stackproof.sources.program import evaluate
from tests.stack.engine_double import ROOT

pytestmark = pytest.mark.xdist_group("baseline")

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


def test_the_first_contract_is_proven_whole(graph: Graph, tmp_path: Path) -> None:
    begun = begin(graph)
    assert begun.open == ()
    assert begun.left_out == {}
    path = tmp_path / "contract.yaml"
    path.write_text(written(begun, graph), encoding="utf-8")
    found = check(graph, load(path), today=TODAY)
    assert found.passed
    assert found.summary.proven == begun.total > 100
