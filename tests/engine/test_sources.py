"""What is evaluated without the engine is what the engine sees."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from stackproof import sources
from stackproof.model import Graph, Reference, Template, Unknown, Value
from stackproof.sources.errors import SourceError
from stackproof.sources.program import evaluate
from tests.engine.engine import Engine
from tests.engine.install import REPOSITORY

pytestmark = pytest.mark.engine

PROGRAMS = REPOSITORY / "tests" / "policy" / "sources" / "programs"


def previewed(engine: Engine, program: str, tmp_path: Path) -> Graph:
    project = tmp_path / program
    shutil.copytree(PROGRAMS / program, project)
    engine.stack(project, "dev")
    shown = engine.run(project, "preview", "--stack", "dev", "--json", "--show-sames")
    assert shown.code == 0, shown
    path = tmp_path / "preview.json"
    path.write_text(shown.stdout)
    return sources.load(path)


def agrees(program: Value, engine: Value) -> bool:
    """The engine's value is the program's, or is unknown where the program's has an output."""
    if isinstance(engine, Unknown):
        return isinstance(program, Reference | Template | Unknown)
    if isinstance(program, Reference) and program.property == "region":
        return engine == "us-east-1"  # an output that the provider knows at once
    if isinstance(program, dict) and isinstance(engine, dict):
        return program.keys() == engine.keys() and all(
            agrees(value, engine[key]) for key, value in program.items()
        )
    if isinstance(program, list) and isinstance(engine, list):
        return len(program) == len(engine) and all(map(agrees, program, engine))
    return program == engine


@pytest.mark.parametrize("program", ["urns", "references", "providers", "transforms", "lines"])
def test_a_program_is_evaluated_as_the_engine_sees_it(
    engine: Engine, program: str, tmp_path: Path
) -> None:
    seen = previewed(engine, program, tmp_path).by_urn()
    evaluated = evaluate(PROGRAMS / program, "dev")
    ours = evaluated.by_urn()
    # A preview runs no callback on an unknown, so it does not see what they create.
    unseen = {urn for urn in ours.keys() - seen.keys() if urn.endswith("::in-apply")}
    assert ours.keys() - unseen == seen.keys()
    for urn, theirs in seen.items():
        resource = ours[urn]
        assert resource.parent == theirs.parent
        assert resource.provider == theirs.provider
        assert resource.dependencies == theirs.dependencies
        if program != "transforms":  # after one, the engine forgets what a property depends on
            assert resource.property_dependencies == theirs.property_dependencies
        assert resource.protect == theirs.protect
        if resource.type.startswith("aws:"):
            # The provider writes out what a program leaves to it; a global service has no region.
            left_to_it = {None, evaluated.region}
            assert theirs.region in ({resource.region} if resource.region else left_to_it)
            filled_in = {"region", "tagsAll"} - resource.inputs.keys()
            shown = {k: v for k, v in theirs.inputs.items() if k not in filled_in}
            assert agrees(dict(resource.inputs), shown), urn


def test_the_engine_refuses_the_same_duplicate(engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "twice"
    shutil.copytree(PROGRAMS / "urns", project)
    twice = "import pulumi_aws as aws\naws.sns.Topic('t')\naws.sns.Topic('t')\n"
    (project / "__main__.py").write_text(twice)
    engine.stack(project, "dev")
    shown = engine.preview(project, "dev")
    assert shown.code != 0
    with pytest.raises(SourceError, match="same URN") as caught:
        evaluate(project, "dev")
    urn = "urn:pulumi:dev::urns::aws:sns/topic:Topic::t"
    assert urn in str(caught.value)
    assert urn in str(shown)
