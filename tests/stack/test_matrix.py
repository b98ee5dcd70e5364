"""Every way in which the switches of a stack can stand, each proven against its contract."""

from __future__ import annotations

import ast
import datetime as dt
import functools
import itertools
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from stackproof.check import check
from stackproof.contract import load
from stackproof.model import Graph, Verdict
from stackproof.sources.program import evaluate
from tests.stack import switches
from tests.stack.engine_double import ROOT
from tests.stack.switches import FRAGMENTS, MATRIX, PREVIEWS, SWITCHES, TOGETHER, Combination

TODAY = dt.date(2026, 12, 1)
COMBINATIONS = MATRIX.combinations()
LINKED = ("stack", "thumbnailer", "client_dist", "service", "policy", ".venv", "Pulumi.yaml")


def graph(folder: Path, combination: Combination) -> Graph:
    """The Graph of prod with the switches as `combination` has them."""
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    file = "Pulumi.prod.yaml"
    base = yaml.safe_load((ROOT / file).read_text())["config"]
    config = switches.configuration(base, combination)
    (folder / file).write_text(yaml.safe_dump({"config": config}))
    return evaluate(folder, "prod")


@pytest.mark.parametrize("combination", COMBINATIONS, ids="/".join)
def test_a_combination_does_what_its_contract_says_and_nothing_else(
    tmp_path: Path, combination: Combination
) -> None:
    overlays = tmp_path / "overlays"
    overlays.mkdir()
    contract = load(switches.contract(combination, overlays))
    found = check(graph(tmp_path, combination), contract, today=TODAY)
    assert [
        f"{claim.id}: {claim.verdict}: {claim.evidence.summary}"
        for claim in found.claims
        if claim.verdict in {Verdict.VIOLATED, Verdict.UNPROVEN}
    ] == []
    assert found.not_modelled == ()


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
    table |= dict.fromkeys(switches.WATCHING, table["cinema:guardDuty"])
    known = {
        key: tuple(sorted(table.get(key, set()) | switches.NOT_YET.get(key, set())))
        for key in table.keys() | switches.NOT_YET.keys()
    }
    read = dict(asked(ROOT / "stack" / "cinema"))
    assert read, "no switch was found: has Config other methods now?"
    assert {key: known.get(key, ()) for key in read} == read


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
    assert {path.stem for path in FRAGMENTS.glob("*.yaml")} == used - {PREVIEWS}


def test_the_switches_that_shape_one_resource_are_proven_together(tmp_path: Path) -> None:
    """What each switch alone changes of prod decides which are proven in every combination."""
    prod = COMBINATIONS[0]

    @functools.cache
    def alone(number: int, name: str) -> Graph:
        folder = tmp_path / f"{number}-{name}"
        folder.mkdir()
        return graph(folder, (*prod[:number], name, *prod[number + 1 :]))

    base = alone(0, prod[0]).by_urn()
    shaped: dict[str, set[str]] = defaultdict(set)
    for number, switch in enumerate(SWITCHES):
        for value in switch.values[1:]:
            other = alone(number, value.name).by_urn()
            for urn in base.keys() | other.keys():
                one, two = base.get(urn), other.get(urn)
                if (one and one.inputs) != (two and two.inputs):
                    shaped[urn].add(switch.key)
    sets = {frozenset(keys) for keys in shaped.values() if len(keys) > 2}
    largest = {one for one in sets if not any(one < other for other in sets)}
    assert largest == set(TOGETHER)
