"""Lines are links on the terminals that have them, and text on all others."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from stackproof.check import Report
from stackproof.cli.hyperlinks import files_below, is_linked
from stackproof.model import Location
from stackproof.reports import terminal
from tests.policy.reports.test_sarif import report_of, violated


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environ", "linked"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM_PROGRAM": "vscode"}, True),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"VTE_VERSION": "7600"}, True),
        ({"VTE_VERSION": "4600"}, False),
        ({"WT_SESSION": "x"}, True),
        ({"WT_SESSION": "x", "TERM": "dumb"}, False),
        ({"WT_SESSION": "x", "CI": "true"}, False),
        ({"WT_SESSION": "x", "FORCE_HYPERLINK": "0"}, False),
        ({"FORCE_HYPERLINK": "1"}, True),
    ],
)
def test_a_terminal_is_known_by_what_it_says_of_itself(
    environ: dict[str, str],
    linked: bool,  # noqa: FBT001 - an expectation of the table
) -> None:
    assert is_linked(Terminal(), environ) is linked


def test_a_pipe_gets_no_links_unless_forced() -> None:
    assert not is_linked(io.StringIO(), {"WT_SESSION": "x"})
    assert is_linked(io.StringIO(), {"FORCE_HYPERLINK": "1"})


def test_only_files_of_the_project_are_linked(tmp_path: Path) -> None:
    root = tmp_path / "a project"
    root.mkdir()
    (root / "a.py").write_text("")
    (tmp_path / "secret").write_text("")
    link = files_below(root)
    found = link(Location("a.py", 7)) or ""
    assert found.startswith("file://")
    assert found.endswith("/a%20project/a.py#7")
    for path in ("none.py", "../secret", str(tmp_path / "secret"), ".", "a\0b"):
        assert link(Location(path, 1)) is None


def linked_report() -> Report:
    return report_of(violated(locations=(Location("a.py", 7), Location("b.py", 8))))


def test_lines_are_links_and_the_bytes_are_the_same_each_time() -> None:
    def render() -> str:
        return terminal.render(
            linked_report(), color=True, link=lambda place: f"file://host/{place.path}"
        )

    assert render() == render()
    assert "\x1b]8;;file://host/a.py\x1b\\a.py:7\x1b]8;;\x1b\\, " in render()


def test_without_links_there_is_no_sequence_for_them() -> None:
    assert "\x1b]8" not in terminal.render(linked_report(), color=True)


@pytest.mark.parametrize(
    ("line", "marked"),
    [
        ("rule = aws.vpc.Rule(", "       ^^^^^^^^^^^^"),
        ("Rule(a(b))", "^^^^"),
        ("- {claim: x}", "^"),
        ("規則 = 作る(1)", "       ^^^^"),
    ],
)
def test_a_mark_stands_under_what_declares_the_resource(line: str, marked: str) -> None:
    lines = terminal.render(linked_report(), color=False, excerpt=lambda _: line).splitlines()
    (at,) = [n for n, text in enumerate(lines) if f"7 │ {line}" in text]
    assert lines[at + 1].partition("│ ")[2] == marked
