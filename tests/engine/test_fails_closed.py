"""Whatever keeps the pack from proving refuses the stack; nothing passes because of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engine.engine import (
    Engine,
    Outcome,
    Violation,
    copy_of_the_project,
    with_a_policy_of_its_own,
)
from tests.engine.mutations import AWS, END, Change

pytestmark = pytest.mark.engine

OPEN_DATABASE = """
aws.vpc.SecurityGroupIngressRule(
    "anyone", security_group_id=security.groups["database"].id,
    ip_protocol="tcp", from_port=27017, to_port=27017, cidr_ipv4="0.0.0.0/0",
)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return with_a_policy_of_its_own(copy_of_the_project(tmp_path / "project"))


def _refused(outcome: Outcome) -> list[Violation]:
    assert outcome.code != 0, outcome
    return [v for v in outcome.violations if v.level == "mandatory"]


def _when(condition: str) -> Change:
    indented = OPEN_DATABASE.replace("\n", "\n    ").rstrip()
    return Change("stack/__main__.py", END, f"import os\n{AWS}if {condition}:{indented}\n{END}")


def test_a_program_that_is_another_one_in_the_engine_is_refused(
    engine: Engine, project: Path
) -> None:
    _when('"PULUMI_CONFIG" in os.environ').apply(project)
    engine.stack(project, "prod")
    (found,) = _refused(engine.preview(project, "prod", pack=project / "policy"))
    assert (found.claim, found.resource) == ("contract.source", "anyone")
    assert "the evaluated program does not declare it" in found.message


def test_a_resource_that_only_an_update_shows_is_refused_before_it_is_made(
    engine: Engine, project: Path
) -> None:
    # Neither the preview nor the evaluation shows it: both are without this variable or dry.
    hidden = 'not pulumi.runtime.is_dry_run() and "PULUMI_CONFIG" in os.environ'
    _when(hidden).apply(project)
    engine.stack(project, "prod")
    outcome = engine.up(project, "prod", "--skip-preview", pack=project / "policy")
    assert [(v.claim, v.resource) for v in _refused(outcome)] == [("contract.source", "anyone")]
    state = engine.run(project, "stack", "export", "--stack", "prod").stdout
    assert "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule::anyone" not in state


def test_a_program_that_previews_one_thing_and_deploys_another_is_refused_at_preview(
    engine: Engine, project: Path
) -> None:
    _when("not pulumi.runtime.is_dry_run()").apply(project)
    engine.stack(project, "prod")
    refused = _refused(engine.preview(project, "prod", pack=project / "policy"))
    assert "network.closed.internet-to-database" in {v.claim for v in refused}


def test_an_update_that_skips_the_preview_makes_nothing_of_a_forbidden_program(
    engine: Engine, project: Path
) -> None:
    _when("True").apply(project)
    engine.stack(project, "prod")
    outcome = engine.up(project, "prod", "--skip-preview", pack=project / "policy")
    assert "network.closed.vpc-to-database" in {v.claim for v in _refused(outcome)}
    state = engine.run(project, "stack", "export", "--stack", "prod").stdout
    assert "::aws:" not in state


def test_configuration_of_the_command_line_is_not_what_was_proven(
    engine: Engine, project: Path
) -> None:
    engine.stack(project, "prod")
    elsewhere = project / "elsewhere.yaml"
    text = (project / "Pulumi.prod.yaml").read_text()
    elsewhere.write_text(
        text.replace("cinema:apiInstanceType: t4g.medium", "cinema:apiInstanceType: t4g.large")
    )
    outcome = engine.preview(
        project, "prod", "--config-file", str(elsewhere), pack=project / "policy"
    )
    assert {v.claim for v in _refused(outcome)} == {"contract.source"}


def test_a_contract_with_a_mistake_refuses_and_names_the_line(
    engine: Engine, project: Path
) -> None:
    contract = project / "policy" / "contract.yaml"
    contract.write_text(contract.read_text().replace("network:", "netwrok:"))
    engine.stack(project, "prod")
    (found,) = _refused(engine.preview(project, "prod", pack=project / "policy"))
    assert found.claim == "contract.source"
    assert " policy/contract.yaml:" in found.message
    assert "netwrok" in found.message


def test_a_selector_that_matches_nothing_refuses(engine: Engine, project: Path) -> None:
    contract = project / "policy" / "contract.yaml"
    contract.write_text(contract.read_text().replace("name: delivery}", "name: delivrey}"))
    engine.stack(project, "prod")
    (found,) = _refused(engine.preview(project, "prod", pack=project / "policy"))
    assert found.claim == "contract.source"
    assert " policy/contract.yaml:" in found.message
    assert "groups.cdn" in found.message


def test_a_program_that_only_the_evaluation_cannot_run_is_refused(
    engine: Engine, project: Path
) -> None:
    Change(
        "stack/__main__.py",
        END,
        f'import os\nif "PULUMI_CONFIG" not in os.environ:\n    raise LookupError("x")\n{END}',
    ).apply(project)
    engine.stack(project, "prod")
    (found,) = _refused(engine.preview(project, "prod", pack=project / "policy"))
    assert found.claim == "contract.source"
    assert "LookupError" in found.message
    assert "stack/__main__.py:" in found.message


def test_a_level_of_the_contract_makes_a_finding_advice(engine: Engine, project: Path) -> None:
    contract = project / "policy" / "contract.yaml"
    contract.write_text(f'{contract.read_text()}\nlevels: {{"availability.*": advisory}}\n')
    Change("Pulumi.prod.yaml", "cinema:egress: each-zone", "cinema:egress: one-zone").apply(project)
    engine.stack(project, "prod")
    outcome = engine.preview(project, "prod", pack=project / "policy")
    assert outcome.code == 0, outcome
    assert "availability.flows.api-to-internet" in {
        v.claim for v in outcome.violations if v.level == "advisory"
    }


def test_two_runs_report_the_same(engine: Engine, tmp_path: Path) -> None:
    project = copy_of_the_project(tmp_path / "project")
    _when("True").apply(project)
    engine.stack(project, "prod")
    once, twice = (engine.preview(project, "prod", pack=project / "policy") for _ in range(2))
    assert once.violations
    assert once.violations == twice.violations
    assert os.sep + "tmp" not in "".join(v.message for v in once.violations)
