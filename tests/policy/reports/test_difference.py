"""The difference as people read it: golden files of this project, and the text of strangers.

After a deliberate change: STACKPROOF_GOLDEN=write pytest tests/policy/reports, then read the diff.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import example, given, settings

from stackproof import schemas
from stackproof.compare import Change, Compared, Difference, Effect, Section, Side, compare
from stackproof.compare.difference import Renamed, counted
from stackproof.contract import load
from stackproof.model import Graph, Hop, Location
from stackproof.reports import json
from stackproof.reports.difference import markdown, terminal
from stackproof.reports.markdown import LIMIT
from stackproof.reports.repository import Repository
from stackproof.sources.program import evaluate
from tests.policy.reports.test_markdown import REPOSITORY, TEXT, assert_only_ours
from tests.policy.reports.test_visible import is_harmless

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden" / "difference"
TODAY = dt.date(2026, 11, 26)
ON_GITHUB = Repository("https://github.com/owner/cinema", "0123456789abcdef")
PARTS = ("stack", "client_dist", "service", "thumbnailer", "Pulumi.prod.yaml")


def same_as_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("STACKPROOF_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


# ── changes of this project ─────────────────────────────────────────────────────────────────────


def replaced(path: str, old: str, new: str) -> Callable[[Path], None]:
    """A change of one line of the program, which must be there."""

    def change(folder: Path) -> None:
        file = folder / path
        text = file.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{path} has changed: adapt this test"
        file.write_text(text.replace(old, new), encoding="utf-8")

    return change


OPENED = replaced(
    "stack/cinema/security.py",
    '        SecurityFlow("database", "database", 27017, "Replication and elections"),\n',
    '        SecurityFlow("database", "database", 27017, "Replication and elections"),\n'
    '        SecurityFlow(IPv4Network("128.0.0.0/1"), "database", 27017, "Anybody"),\n',
)


def copy(tmp: Path) -> Path:
    """The program by itself, run by the interpreter of the tests."""
    folder = tmp / "cinema"
    folder.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, folder / part, ignore=leave)
        else:
            shutil.copy(source, folder / part)
    (folder / "Pulumi.yaml").write_text("name: cinema\nmain: stack/\nruntime: python\n")
    return folder


@pytest.fixture(scope="module")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return evaluate(copy(tmp_path_factory.mktemp("base")), "prod")


def refactored(folder: Path) -> None:
    """Other lines, files, components and names of whatever the contract does not name."""
    replaced(
        "stack/cinema/network.py", '"cinema:network:Network"', '"cinema:ground:GroundNetwork"'
    )(folder)
    network = folder / "stack" / "cinema" / "network.py"
    network.write_text(
        "# Moved.\n\n" + network.read_text().replace('f"nat-{zone}"', 'f"out-{zone}"')
    )
    (folder / "stack" / "cinema" / "jump.py").write_text(
        (folder / "stack" / "cinema" / "bastion.py").read_text()
    )
    (folder / "stack" / "cinema" / "bastion.py").write_text("from cinema.jump import *  # noqa\n")


CHANGES: dict[str, Callable[[Path], None]] = {
    "database-opened": OPENED,
    "function-writes-originals": replaced(
        "stack/cinema/policies.py",
        '        allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*"]),\n',
        '        allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*", f"{bucket}/{ORIGINALS}*"]),\n',
    ),
    "zone-without-way-out": replaced(
        "stack/cinema/network.py", "egress_zones=zones if each", "egress_zones=zones[:-1] if each"
    ),
    "refactored": refactored,
}


@pytest.fixture(scope="module", params=CHANGES)
def change(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, prod: Graph
) -> tuple[str, Difference]:
    """One change of this project: its name, and what `diff` finds."""
    folder = copy(tmp_path_factory.mktemp(request.param))
    CHANGES[request.param](folder)
    contract = load(ROOT / "policy" / "contract.yaml")
    sides = (
        Side("main", prod, contract),
        Side("the working tree", evaluate(folder, "prod"), contract),
    )
    return request.param, compare(*sides, today=TODAY)


def test_changes_of_this_project_are_told_as_reviewed(change: tuple[str, Difference]) -> None:
    name, found = change
    same_as_golden(f"{name}.txt", terminal.render(found, color=False))
    same_as_golden(f"{name}.md", markdown.render(found, repository=ON_GITHUB))
    jsonschema.validate(msgspec.json.decode(json.render(found)), schemas.difference_schema())
    assert found.none == (name == "refactored")


# ── every report of a difference ────────────────────────────────────────────────────────────────

HOSTILE = "\x1b[2J@team <img src=x> [a](http://x) `b` | c\u202e"


def hostile(text: str = HOSTILE) -> Difference:
    """A difference in which every text is a stranger's."""
    hop = Hop(text, location=Location(text, 3))
    changes = tuple(
        Change(
            section,
            effect,
            "opened",
            text,
            text,
            text,
            text,
            (text,),
            {text: text},
            (hop,),
            (hop,),
            "base" if effect is Effect.NARROWED else "head",
            (text,),
        )
        for section in Section
        for effect in Effect
    )
    side = Compared(text, text, text, "program", 1)
    return Difference(
        base=side,
        head=side,
        summary=counted(changes),
        changes=changes,
        renamed=(Renamed(text, text, text, text),),
        unknown_alike=(text,),
        notes=(text,),
    )


@settings(max_examples=40, deadline=None)
@given(TEXT)
@example(HOSTILE)
def test_text_of_strangers_does_nothing_anywhere(text: str) -> None:
    found = hostile(text)
    assert_only_ours(markdown.render(found, repository=REPOSITORY))
    for shown in (terminal.render(found, color=False, verbose=True), json.render(found)):
        assert is_harmless(shown)


def test_a_comment_stays_within_githubs_limit_and_says_what_is_left_out() -> None:
    one = hostile()
    many = tuple(
        msgspec.structs.replace(c, subject=f"{number} {c.subject}")
        for number in range(6)
        for c in one.changes
    )
    whole = msgspec.structs.replace(one, changes=many, summary=counted(many))
    text = markdown.render(whole, repository=ON_GITHUB)
    assert len(text.encode()) <= LIMIT
    assert "`stackproof diff` shows all" in text
    assert "`0 " in text
    assert "- exposure: `" in text


def test_lines_of_base_are_no_links_into_head() -> None:
    change_ = Change(
        Section.FLOWS,
        Effect.NARROWED,
        "closed",
        "a to b",
        "tcp/22",
        hops=(Hop("it did", location=Location("stack/old.py", 3)),),
        blocked_by=(Hop("it does not", permits=False, location=Location("stack/new.py", 4)),),
        side="base",
    )
    found = msgspec.structs.replace(
        hostile(), changes=(change_,), summary=counted((change_,)), renamed=()
    )
    text = markdown.render(found, repository=ON_GITHUB)
    assert "`stack/old.py:3`" in text
    assert "[`stack/old.py:3`]" not in text
    assert "[`stack/new.py:4`](https://github.com/owner/cinema/blob/" in text


def test_the_text_is_never_wider_than_80_columns() -> None:
    for verbose in (False, True):
        text = terminal.render(hostile(), color=False, width=200, verbose=verbose)
        assert max(map(len, text.splitlines())) <= 80


def test_colour_says_nothing_that_the_text_does_not() -> None:
    plain = terminal.render(hostile(), color=False)
    colored = terminal.render(hostile(), color=True)
    assert "\x1b[" in colored
    for word in ("+", "?", "~", "-"):
        assert word in plain
