"""No input of the program may turn unknown without a claim saying so, but for a reviewed few.

Every input of every resource type of `prod` is made unknown, one at a time. Either some claim is no
longer proven, or the input stands in unaffected.yaml, where a person can see what no proof reads.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import cast

import msgspec
import pytest
import yaml

from stackproof.check import Report, check
from stackproof.contract import Contract, load
from stackproof.model import Family, Graph, Resource, Unknown
from stackproof.sources.program import evaluate

ROOT = Path(__file__).parents[3]
PROOFS = (Family.NETWORK, Family.PLACEMENT, Family.RECURSION, Family.IDENTITY)
"""The fastest first: the first that does not pass ends it."""
TODAY = dt.date(2026, 11, 24)
UNAFFECTED = cast(
    "dict[str, list[str]]", yaml.safe_load(Path(__file__).with_name("unaffected.yaml").read_text())
)


@cache
def prod() -> Graph:
    return evaluate(ROOT, "prod")


@cache
def contract() -> Contract:
    # Of the proofs: what Checkov looks at is tested in tests/policy/hardening.
    return msgspec.structs.replace(load(ROOT / "policy" / "contract.yaml"), hardening=None)


def with_unknown(names: Mapping[str, Collection[str]]) -> Graph:
    """`prod`, of which these inputs (by URN) are not known."""

    def changed(resource: Resource) -> Resource:
        inputs = dict.fromkeys(names.get(resource.urn, ()), Unknown("not known before deployment"))
        return msgspec.structs.replace(resource, inputs={**resource.inputs, **inputs})

    return msgspec.structs.replace(prod(), resources=tuple(map(changed, prod().resources)))


def found(graph: Graph, family: Family) -> Report:
    report = check(graph, contract(), today=TODAY, only={family})
    crashed = [c.evidence.summary for c in report.claims if c.evidence.kind == "exception"]
    assert not crashed, crashed
    return report


def inputs(type_: str) -> Iterator[tuple[str, Resource]]:
    """Each input of the type, with the first resource that has it."""
    seen: set[str] = set()
    for resource in prod().of_type(type_):
        for name in sorted(set(resource.inputs) - seen):
            seen.add(name)
            yield name, resource


def types() -> list[str]:
    # Listed, not evaluated: every worker must collect the same tests, and fast.
    return sorted(UNAFFECTED)


def test_every_type_of_the_program_was_reviewed() -> None:
    assert {r.type for r in prod().resources if r.custom} == set(UNAFFECTED)


@pytest.mark.parametrize("type_", types())
def test_an_unknown_input_is_never_passed_over(type_: str) -> None:
    passed_over = []
    for name, resource in inputs(type_):
        graph = with_unknown({resource.urn: {name}})
        if name not in UNAFFECTED[type_] and all(found(graph, f).passed for f in PROOFS):
            passed_over.append(name)
    assert passed_over == []


def test_what_is_said_to_be_passed_over_is_so() -> None:
    """Each is an input of `prod`, too: the list says no more than there is.

    One of each resource at a time: an encryption that is not known at all, on a bucket that is not
    known either, is more than both alone.
    """
    listed: dict[str, list[str]] = defaultdict(list)
    for type_ in types():
        for name, resource in inputs(type_):
            if name in UNAFFECTED[type_]:
                listed[resource.urn].append(name)
    assert sum(map(len, listed.values())) == sum(map(len, UNAFFECTED.values()))
    for names in zip_longest(*listed.values()):
        unknown = {urn: {name} for urn, name in zip(listed, names, strict=True) if name}
        graph = with_unknown(unknown)
        assert [f for f in PROOFS if not found(graph, f).passed] == [], unknown
