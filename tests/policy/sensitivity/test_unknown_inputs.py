"""No input of the program may turn unknown without a claim saying so, but for a reviewed few.

Every input of every resource type of `prod` is made unknown, one at a time. Either some claim is no
longer proven, or the input stands in unaffected.yaml, where a person can see what no proof reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

import msgspec
import pytest
import yaml

from stackproof.check import Report, check
from stackproof.contract import Contract, load
from stackproof.model import Graph, Resource, Unknown
from stackproof.sources.program import evaluate

ROOT = Path(__file__).parents[3]
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


def report(graph: Graph) -> Report:
    return check(graph, contract(), today=TODAY)


def with_unknown(resource: Resource, name: str) -> Graph:
    inputs = {**resource.inputs, name: Unknown("not known before deployment")}
    changed = msgspec.structs.replace(resource, inputs=inputs)
    return msgspec.structs.replace(
        prod(),
        resources=tuple(changed if r.urn == resource.urn else r for r in prod().resources),
    )


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
        found = report(with_unknown(resource, name))
        crashed = [c.evidence.summary for c in found.claims if c.evidence.kind == "exception"]
        assert not crashed, (name, crashed)
        if found.passed:
            passed_over.append(name)
    assert passed_over == UNAFFECTED[type_]
