"""A change that the contract forbids is refused by the engine, on the right resource."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.engine import Engine, copy_of_the_project, with_a_policy_of_its_own
from tests.engine.mutations import MUTATIONS, Mutation

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_forbidden_change_is_refused(engine: Engine, tmp_path: Path, mutation: Mutation) -> None:
    project = with_a_policy_of_its_own(copy_of_the_project(tmp_path / "project"))
    for change in mutation.changes:
        change.apply(project)
    engine.stack(project, "prod")
    outcome = engine.preview(project, "prod", pack=project / "policy")
    refused = [v for v in outcome.violations if v.level == "mandatory"]
    assert outcome.code != 0
    assert refused, outcome
    found = [(v.claim, v.resource) for v in refused]
    assert any(mutation.blames(*pair) for pair in found), found
    # The engine runs what was proven; a refusal for any other reason would prove nothing.
    assert "contract.source" not in {v.claim for v in refused}
    assert all("Mend: " in v.message for v in refused), refused
