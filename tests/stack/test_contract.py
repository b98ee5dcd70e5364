"""The three stacks against their contracts, and settings that would break what prod promises."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from stackproof.check import Report, check
from stackproof.contract import load
from stackproof.model import Family, Verdict
from stackproof.selection import SelectorError
from stackproof.sources.program import evaluate
from tests.stack.engine_double import ROOT

TODAY = dt.date(2026, 12, 1)

WAIVED = {
    "prod": set[str](),
    "seed": {
        "availability.keep.database",
        "availability.flows.api-to-database",
        "availability.flows.database-to-database",
        "availability.flows.database-to-logs-endpoint",
        "availability.flows.database-to-secrets-endpoint",
        "network.flow.database-to-database",
    },
}
WAIVED["dev"] = WAIVED["seed"] | {
    "availability.flows.api-to-internet",
    "availability.flows.api-to-logs-endpoint",
    "availability.flows.api-to-secrets-endpoint",
}


def report(project: Path, stack: str) -> Report:
    contract = "contract.yaml" if stack == "prod" else f"contract.{stack}.yaml"
    return check(evaluate(project, stack), load(ROOT / "policy" / contract), today=TODAY)


def accepted(stack: str) -> set[str]:
    """The checks of Checkov of which the contract accepts something."""
    contract = "contract.yaml" if stack == "prod" else f"contract.{stack}.yaml"
    section = load(ROOT / "policy" / contract).hardening
    assert section is not None
    return {f"hardening.{check}" for check in section.accepted}


def with_verdict(found: Report, *verdicts: Verdict) -> set[str]:
    return {claim.id for claim in found.claims if claim.verdict in verdicts}


@pytest.mark.parametrize("stack", ["prod", "dev", "seed"])
def test_a_stack_does_what_its_contract_says_and_nothing_else(stack: str) -> None:
    found = report(ROOT, stack)
    assert with_verdict(found, Verdict.VIOLATED, Verdict.UNPROVEN) == set()
    assert with_verdict(found, Verdict.WAIVED) == WAIVED[stack] | accepted(stack)
    assert found.not_modelled == ()
    families = Counter(claim.family for claim in found.claims)
    assert set(families) == set(Family)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """This project with configuration of its own."""
    for name in ("stack", "thumbnailer", "client_dist", "policy", ".venv", "Pulumi.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        (
            {"egress": "one-zone"},
            {"availability.flows.api-to-internet", "availability.flows.api-to-logs-endpoint"},
        ),
        ({"databaseZones": ["us-east-1b"]}, {"availability.keep.database"}),
        ({"apiInstances": {"min": 2, "max": 9}}, {"availability.keep.api"}),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_a_setting_that_breaks_what_prod_promises_is_seen(
    project: Path, changes: dict[str, Any], broken: set[str]
) -> None:
    settings = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    settings["config"] |= {f"cinema:{key}": value for key, value in changes.items()}
    (project / "Pulumi.prod.yaml").write_text(yaml.safe_dump(settings))
    assert broken <= with_verdict(report(project, "prod"), Verdict.VIOLATED)


@pytest.mark.parametrize(
    "changes",
    [{"access": "bastion"}, {"keys": "aws"}, {"alarms": "off"}, {"delivery": "website"}],
)
def test_a_guard_that_prod_promises_cannot_be_left_out(
    project: Path, changes: dict[str, str]
) -> None:
    settings = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    settings["config"] |= {f"cinema:{key}": value for key, value in changes.items()}
    (project / "Pulumi.prod.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(SelectorError, match="matches no resource"):
        report(project, "prod")


def test_a_domain_is_proven_with_what_the_documentation_takes_from_the_contract(
    project: Path, tmp_path: Path
) -> None:
    settings = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    settings["config"] |= {
        "cinema:domain": "cinema.example",
        "cinema:hostedZone": "Z0123456789ABC",
    }
    (project / "Pulumi.prod.yaml").write_text(yaml.safe_dump(settings))
    without = with_verdict(report(project, "prod"), Verdict.VIOLATED, Verdict.UNPROVEN)
    # What was accepted for want of a domain is no longer needed, and that is a finding.
    assert {"contract.accepted.CKV_AWS_174", "contract.accepted.CKV2_AWS_42"} <= without
    text = (ROOT / "docs" / "delivery.md").read_text()
    overlay = text.partition("```yaml\nextends")[2].partition("```")[0]
    below = str(ROOT / "policy/contract.yaml")
    (tmp_path / "domain.yaml").write_text(f"extends{overlay}".replace("contract.yaml", below))
    found = check(evaluate(project, "prod"), load(tmp_path / "domain.yaml"), today=TODAY)
    assert with_verdict(found, Verdict.VIOLATED, Verdict.UNPROVEN) == set()


@pytest.mark.parametrize("switch", ["create", "adopt"])
def test_previews_are_proven_with_what_the_documentation_adds_to_the_contract(
    project: Path, tmp_path: Path, switch: str
) -> None:
    settings = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    settings["config"]["cinema:previews"] = switch
    (project / "Pulumi.prod.yaml").write_text(yaml.safe_dump(settings))
    without = with_verdict(report(project, "prod"), Verdict.VIOLATED, Verdict.UNPROVEN)
    assert without
    text = (ROOT / "docs" / "pull-requests.md").read_text()
    overlay = text.partition("prove the stack with this overlay. -->\n```yaml\n")[2]
    overlay = overlay.partition("```")[0].replace(
        "contract.yaml", str(ROOT / "policy/contract.yaml")
    )
    (tmp_path / "previews.yaml").write_text(overlay)
    found = check(evaluate(project, "prod"), load(tmp_path / "previews.yaml"), today=TODAY)
    assert with_verdict(found, Verdict.VIOLATED, Verdict.UNPROVEN) == set()
    assert "identity.trust.previews" in with_verdict(found, Verdict.PROVEN)
