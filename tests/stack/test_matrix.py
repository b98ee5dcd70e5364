"""Every way in which the switches of a stack can stand, each proven against its contract."""

from __future__ import annotations

import ast
import datetime as dt
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Graph, Verdict
from stackproof.sources.program import evaluate
from tests.stack import switches
from tests.stack.engine_double import ROOT, as_pulumi_hands_it, run_with
from tests.stack.switches import (
    ALONE,
    FRAGMENTS,
    MATRIX,
    PREVIEWS,
    SWITCHES,
    TOGETHER,
    Combination,
    Value,
)

TODAY = dt.date(2026, 12, 1)
COMBINATIONS = MATRIX.combinations()
PROD = "Pulumi.prod.yaml"
LINKED = ("stack", "thumbnailer", "client_dist", "service", "policy", ".venv", "Pulumi.yaml")


def configuration(positions: Sequence[Value]) -> dict[str, Any]:
    """The configuration of prod with its switches in these positions."""
    return switches.configuration(yaml.safe_load((ROOT / PROD).read_text())["config"], positions)


def graph(folder: Path, positions: Sequence[Value]) -> Graph:
    """The Graph of prod with its switches in these positions."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / PROD).write_text(yaml.safe_dump({"config": configuration(positions)}))
    return evaluate(folder, "prod")


def amiss(found: Graph, contract: Path) -> list[str]:
    """What is not as the contract says, or not understood."""
    report = check(found, load(contract), today=TODAY)
    return [
        *(str(item) for item in report.not_modelled),
        *(
            f"{claim.id}: {claim.verdict}: {claim.evidence.summary}"
            for claim in report.claims
            if claim.verdict in {Verdict.VIOLATED, Verdict.UNPROVEN}
        ),
    ]


@pytest.mark.parametrize("combination", COMBINATIONS, ids="/".join)
def test_a_combination_does_what_its_contract_says_and_nothing_else(
    tmp_path: Path, combination: Combination
) -> None:
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    found = graph(tmp_path, switches.values(combination))
    assert amiss(found, switches.contract(combination, overlays)) == []


@pytest.mark.parametrize(
    "value", ALONE, ids=lambda value: f"{next(iter(value.settings))}-{value.name}"
)
def test_what_watches_may_stand_in_each_position_alone(tmp_path: Path, value: Value) -> None:
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    assert amiss(graph(tmp_path, [value]), switches.laid_over(value.fragments, overlays)) == []


def test_the_combinations_have_every_pair_and_every_set_that_shapes_one_resource() -> None:
    covered = [MATRIX.covered(combination) for combination in COMBINATIONS]
    assert [one for one in MATRIX.required() if not any(one <= whole for whole in covered)] == []
    for first, second in itertools.combinations(SWITCHES, 2):
        for one, other in itertools.product(first.values, second.values):
            pair = {(first.key, one.name), (second.key, other.name)}
            assert any(pair <= whole for whole in covered), pair


def asked(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each choice and each flag that the program reads, with the words that it takes."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                words = [str(a.value) for a in node.args if isinstance(a, ast.Constant)]
                if node.func.attr == "flag" and "config" in ast.unparse(node.func.value):
                    yield words[0], ("false", "true")
                elif node.func.attr == "choice" and "config" in ast.unparse(node.func.value):
                    assert len(words) == len(node.args), f"{path}:{node.lineno}: say it literally"
                    yield words[0], tuple(sorted(words[1:]))


def test_every_switch_of_the_program_is_in_the_table_with_every_value() -> None:
    table = {s.key: {v.name for v in s.values} for s in SWITCHES}
    table |= {key: set(table["cinema:guardDuty"]) for key in switches.WATCHING}
    for value in ALONE:
        table.setdefault(next(iter(value.settings)), set()).add(value.name)
    read = dict(asked(ROOT / "stack" / "cinema"))
    assert read, "no switch was found: has Config other methods now?"
    assert {key: tuple(sorted(table.get(key, ()))) for key in read} == read


def test_a_switch_that_is_new_is_found(tmp_path: Path) -> None:
    source = (
        'made = config.choice("cinema:moat", "wide", "none")\nwet = config.flag("cinema:wet")\n'
    )
    (tmp_path / "moat.py").write_text(source)
    assert dict(asked(tmp_path)) == {
        "cinema:moat": ("none", "wide"),
        "cinema:wet": ("false", "true"),
    }


def test_every_fragment_belongs_to_a_value() -> None:
    used = {name for s in SWITCHES for v in s.values for name in v.fragments}
    used |= {name for names in switches.BOTH.values() for name in names}
    used |= {name for value in ALONE for name in value.fragments}
    assert {path.stem for path in FRAGMENTS.glob("*.yaml")} == used - {PREVIEWS}


def inputs(positions: Sequence[Value]) -> dict[str, str]:
    """The inputs of each resource with the switches in these positions, by URN, as JSON."""
    made = run_with(as_pulumi_hands_it(configuration(positions)))
    assert not made.refusal
    # Assets are objects of their own in each run: they are compared by what they hold.
    return {r.urn: json.dumps(r.inputs, default=vars, sort_keys=True) for r in made.resources}


def test_the_switches_that_shape_one_resource_are_proven_together() -> None:
    """What each switch alone changes of prod decides which are proven in every combination."""
    prod = COMBINATIONS[0]
    base = inputs(switches.values(prod))
    shaped: dict[str, set[str]] = defaultdict(set)
    for number, switch in enumerate(SWITCHES):
        for value in switch.values[1:]:
            other = inputs(switches.values((*prod[:number], value.name, *prod[number + 1 :])))
            for urn in base.keys() | other.keys():
                if base.get(urn) != other.get(urn):
                    shaped[urn].add(switch.key)
    sets = {frozenset(keys) for keys in shaped.values() if len(keys) > 2}
    largest = {one for one in sets if not any(one < other for other in sets)}
    assert largest == set(TOGETHER)
