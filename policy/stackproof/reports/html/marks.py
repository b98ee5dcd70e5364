"""Which claims stand where in the diagram: on a flow, or on a box."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from stackproof.check import Report
from stackproof.model import Claim, Verdict
from stackproof.overview import Flow, Overview

WORST = (Verdict.VIOLATED, Verdict.UNPROVEN, Verdict.WAIVED, Verdict.PROVEN)
_OF_FLOWS = ("network.flow.", "network.closed.", "network.never.", "availability.flows.")
_DRAWN = frozenset({"declared", "missing", "excess", "perhaps", "found"})


@dataclass(frozen=True)
class Marks:
    """The claims about each flow and each box, and the place of each claim in the page."""

    anchors: dict[str, str]
    """Id of a claim -> id of its element."""
    of_flow: dict[tuple[str, str], list[Claim]] = field(default_factory=dict)
    of_group: dict[str, list[Claim]] = field(default_factory=dict)
    of_urn: dict[str, list[Claim]] = field(default_factory=dict)
    """Only claims that are not proven, by each resource that they blame."""


def drawn(overview: Overview) -> tuple[Flow, ...]:
    """The flows that the diagram shows: what the internet may do is not repeated for everybody."""
    names = {group.name for group in overview.network.groups}
    return tuple(
        flow
        for flow in overview.network.flows
        if flow.kind in _DRAWN and flow.source in names and flow.to in names
    )


def worst(claims: Iterable[Claim]) -> Verdict:
    """The verdict that matters most; proven when there are none."""
    return min((claim.verdict for claim in claims), key=WORST.index, default=Verdict.PROVEN)


def marks(report: Report, overview: Overview) -> Marks:
    """Where the claims of `report` stand in the diagram of `overview`."""
    found = Marks(_anchors(report))
    shown = {(flow.source, flow.to) for flow in drawn(overview)}
    flows = {
        f"{kind}{flow.source}-to-{flow.to}": (flow.source, flow.to)
        for flow in overview.network.flows
        for kind in _OF_FLOWS
    }
    groups: dict[str, list[str]] = {}
    for group in overview.network.groups:
        for urn in dict.fromkeys(member.urn for member in group.members):
            groups.setdefault(urn, []).append(group.name)
    for claim in report.claims:
        pair = flows.get(claim.id.partition("#")[0])
        if pair is not None:
            found.of_flow.setdefault(pair, []).append(claim)
        if claim.verdict is Verdict.PROVEN or pair in shown:
            continue
        for urn in claim.resources:
            found.of_urn.setdefault(urn, []).append(claim)
        for name in dict.fromkeys(n for urn in claim.resources for n in groups.get(urn, ())):
            found.of_group.setdefault(name, []).append(claim)
    return found


def _anchors(report: Report) -> dict[str, str]:
    """An id that is readable, and one claim's alone."""
    taken: dict[str, str] = {}
    used: set[str] = set()
    for claim in report.claims:
        base = re.sub(r"[^A-Za-z0-9._-]+", "_", claim.id) or "_"
        name, number = f"claim.{base}", 1
        while name in used:
            number += 1
            name = f"claim.{base}.{number}"
        used.add(name)
        taken.setdefault(claim.id, name)
    return taken
