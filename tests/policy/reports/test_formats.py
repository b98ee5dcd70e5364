"""Every format of real programs against its golden file.

After a deliberate change: STACKPROOF_GOLDEN=write pytest tests/policy/reports, then read the diff.
"""

from __future__ import annotations

import json as jsons
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest

from stackproof import schemas
from stackproof.check import Report
from stackproof.model import Location
from stackproof.reports import json, junit, markdown, sarif, terminal
from stackproof.reports.excerpts import Excerpts
from stackproof.reports.repository import Repository

GOLDEN = Path(__file__).parent / "golden"
ON_GITHUB = Repository("https://github.com/owner/shop", "0123456789abcdef", folder="infra")
CONTRACT = Location("contract.yaml", 1)


def without_help(text: str) -> str:
    """SARIF without what docs/claims.md says already."""
    log = jsons.loads(text)
    for rule in log["runs"][0]["tool"]["driver"]["rules"]:
        rule.pop("help", None)
        rule.pop("fullDescription", None)
    return jsons.dumps(log, indent=2, ensure_ascii=False) + "\n"


def every_format(report: Report, root: Path) -> dict[str, str]:
    excerpt = Excerpts(root)
    return {
        "txt": terminal.render(report, color=False, excerpt=excerpt),
        "json": json.render(report),
        "md": markdown.render(report, repository=ON_GITHUB, excerpt=excerpt),
        "sarif": sarif.render(report, repository=ON_GITHUB, contract=CONTRACT),
        "xml": junit.render(report),
    }


def same_as_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("STACKPROOF_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["txt", "json", "md", "sarif", "xml"])
def test_a_bad_program_is_reported_as_reviewed(kind: str, bad: Report, shop: Path) -> None:
    text = every_format(bad, shop)[kind]
    same_as_golden(f"bad.{kind}", without_help(text) if kind == "sarif" else text)


# Not as JSON: it has every line of stack/, and would change with each.
@pytest.mark.parametrize("kind", ["txt", "md", "sarif", "xml"])
def test_the_projects_own_stack_is_reported_as_reviewed(kind: str, prod: Report) -> None:
    text = every_format(prod, Path())[kind]
    same_as_golden(f"prod.{kind}", without_help(text) if kind == "sarif" else text)


def test_the_same_report_gives_the_same_bytes(bad: Report, prod: Report, shop: Path) -> None:
    for report in (bad, prod):
        again = msgspec.json.decode(json.render(report), type=Report)
        assert every_format(report, shop) == every_format(again, shop)


def test_no_report_says_where_on_the_machine_it_was_made(bad: Report, shop: Path) -> None:
    for text in every_format(bad, shop).values():
        assert str(shop) not in text
        assert "/home" not in text


def test_the_json_of_real_programs_is_valid_by_its_schema(bad: Report, prod: Report) -> None:
    for report in (bad, prod):
        jsonschema.validate(jsons.loads(json.render(report)), schemas.report_schema())


@pytest.mark.parametrize("render", [terminal.render, markdown.render, sarif.render, junit.render])
def test_each_report_names_the_kinds_that_it_explains(
    render: Callable[..., str], bad: Report
) -> None:
    text = render(bad, color=False) if render is terminal.render else render(bad)
    first = next(claim for claim in bad.claims if claim.verdict == "violated")
    assert first.kind in text
    assert "stackproof claims" in text or "What AWS does" in text
