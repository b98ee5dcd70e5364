"""The engine's own view of the three stacks is the one that is proven."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from stackproof import contract as contracts
from stackproof import sources
from stackproof.check import check
from stackproof.model import Graph, Verdict
from stackproof.pack import contract_of
from stackproof.sources.program import evaluate
from tests.engine.engine import Engine, Outcome, copy_of_the_project
from tests.engine.install import REPOSITORY

pytestmark = pytest.mark.engine

TODAY = dt.datetime.now(tz=dt.UTC).date()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path / "project")


def _verdicts(graph: Graph) -> dict[str, Verdict]:
    contract = contracts.load(contract_of(REPOSITORY / "policy", graph.stack))
    return {c.id: c.verdict for c in check(graph, contract, today=TODAY).claims}


def _urns(outcome: Outcome) -> set[str]:
    return {urn for urn in outcome.operations if "::pulumi:pulumi:Stack::" not in urn}


@pytest.mark.parametrize("stack", ["prod", "dev", "seed"])
def test_a_preview_passes_with_the_pack_and_shows_the_urns_of_the_program(
    engine: Engine, project: Path, stack: str
) -> None:
    engine.stack(project, stack)
    outcome = engine.preview(project, stack, pack=project / "policy")
    assert outcome.code == 0, outcome
    assert [v for v in outcome.violations if v.level == "mandatory"] == []
    assert _urns(outcome) == {r.urn for r in evaluate(project, stack).resources}


def test_an_update_is_let_through_and_leaves_nothing_to_change(
    engine: Engine, project: Path
) -> None:
    engine.stack(project, "prod")
    pack = project / "policy"
    made = engine.up(project, "prod", "--skip-preview", pack=pack)
    assert made.code == 0, made
    again = engine.preview(project, "prod", "--expect-no-changes", pack=pack)
    assert again.code == 0, again
    assert set(again.operations.values()) == {"same"}

    exported = engine.run(project, "stack", "export", "--stack", "prod")
    state = project / "state.json"
    state.write_text(exported.stdout)
    program = evaluate(project, "prod")
    deployed = sources.load(state)
    assert {r.urn for r in deployed.resources} == {r.urn for r in program.resources}
    assert _verdicts(deployed) == _verdicts(program)


def test_a_preview_as_json_gives_the_verdicts_of_the_program_or_none(
    engine: Engine, project: Path
) -> None:
    engine.stack(project, "prod")
    shown = engine.run(project, "preview", "--stack", "prod", "--json", "--show-sames")
    assert shown.code == 0, shown
    text = project / "preview.json"
    text.write_text(shown.stdout)
    program, preview = _verdicts(evaluate(project, "prod")), _verdicts(sources.load(text))
    assert preview.keys() == program.keys()
    other = {id_: verdict for id_, verdict in preview.items() if verdict is not program[id_]}
    assert set(other.values()) <= {Verdict.UNPROVEN}
