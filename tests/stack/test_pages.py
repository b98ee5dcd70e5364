"""The pages about the architecture name claims that are made of it, and files that are there."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.stack.engine_double import ROOT
from tests.stack.test_contract import WAIVED, report

pytestmark = pytest.mark.xdist_group("pages")

PAGES = ("costs", "database", "delivery", "deploy", "guard", "machines", "operate", "threats")
CLAIM = re.compile(r"`((?:network|identity|availability|events|hardening)\.[\w.*…-]+)`")
LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")
EXAMPLE = frozenset({"identity.closed.ROLE"})


@pytest.fixture(scope="module")
def claims() -> frozenset[str]:
    """The ids of what is claimed of any stack."""
    return frozenset(claim.id for stack in WAIVED for claim in report(ROOT, stack).claims)


@pytest.mark.parametrize("page", PAGES)
def test_a_claim_that_a_page_names_is_made(page: str, claims: frozenset[str]) -> None:
    named = set(CLAIM.findall((ROOT / "docs" / f"{page}.md").read_text())) - EXAMPLE
    unknown = [
        name
        for name in named
        if not any(fnmatchcase(claim, name.replace("…", "*")) for claim in claims)
    ]
    assert unknown == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda p: p.stem)
def test_a_link_leads_somewhere(page: Path) -> None:
    inside = [link for link in LINK.findall(page.read_text()) if ":" not in link]
    assert [link for link in inside if not (page.parent / link).exists()] == []
