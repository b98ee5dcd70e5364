"""docs/adopt.md says what is true: its commands exist, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.policy.cli.test_commands import run

DOCS = Path(__file__).parents[3] / "docs"
TEXT = (DOCS / "adopt.md").read_text(encoding="utf-8")


COMMAND = re.compile(r"(?:^|`|-from \./policy )stackproof ([a-z]+)", re.MULTILINE)


@pytest.mark.parametrize("command", sorted(set(COMMAND.findall(TEXT))))
def test_every_command_exists(command: str) -> None:
    assert run(command, "--help").exit_code == 0


@pytest.mark.parametrize(
    "link", sorted(set(re.findall(r"\]\(([a-z.-]+\.md)(?:#[a-z-]+)?\)", TEXT)))
)
def test_every_page_exists(link: str) -> None:
    assert (DOCS / link).is_file()


@pytest.mark.parametrize(
    ("page", "anchor"), sorted(set(re.findall(r"\]\(([a-z.-]+\.md)#([a-z-]+)\)", TEXT)))
)
def test_every_heading_exists(page: str, anchor: str) -> None:
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {h.lower().replace(" ", "-") for h in headings}


def test_every_option_that_it_names_exists() -> None:
    known = "".join(run(c, "--help").stdout for c in ("check", "contract"))
    named = re.findall(r"(?<![\w-])--[a-z][a-z-]*", TEXT)
    assert named
    assert [option for option in named if option not in known] == []
