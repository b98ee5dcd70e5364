"""Reports of real programs as pages, for tests and for the pictures of the documentation."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from stackproof import contract as contracts
from stackproof.check import check
from stackproof.families import World
from stackproof.overview import overview
from stackproof.reports import html
from stackproof.reports.excerpts import Excerpts
from stackproof.selection import select
from stackproof.sources.program import evaluate
from tests.local.conftest import ROOT

TODAY = dt.date(2026, 11, 24)


def page_of(root: Path, stack: str, contract: str) -> str:
    """The report of one stack of the program in `root`, under a contract of this project."""
    reviewed = contracts.load(ROOT / "policy" / contract)
    graph = evaluate(root, stack)
    world = World(graph, reviewed, select(reviewed, graph))
    report = check(graph, reviewed, today=TODAY)
    return html.render(report, overview(world), excerpt=Excerpts(root))
