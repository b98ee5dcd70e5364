"""A report that came as JSON is shown as where it was made, and believed only if it is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from stackproof.cli.commands import main

BAD = Path(__file__).parents[1] / "reports" / "golden" / "bad.json"


def render(*words: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["render", *words], input=given)


def changed(**changes: Any) -> str:  # noqa: ANN401 - JSON
    return json.dumps({**json.loads(BAD.read_text()), **changes})


@pytest.mark.parametrize("kind", ["text", "json", "markdown", "sarif", "junit"])
def test_it_is_shown_in_each_format(kind: str) -> None:
    done = render(str(BAD), "--format", kind)
    assert done.exit_code == 1
    assert "network.closed" in done.stdout
    if kind == "json":
        assert done.stdout == BAD.read_text()


def test_links_lead_to_the_commit_that_was_proven() -> None:
    words = ("--repository", "https://github.com/someone/shop", "--commit", "5" * 40)
    done = render(str(BAD), "--format", "markdown", *words)
    assert f"https://github.com/someone/shop/blob/{'5' * 40}/" in done.stdout


def test_files_are_written_beside_and_standard_input_is_read(tmp_path: Path) -> None:
    done = render("-", "--output", f"sarif={tmp_path / 'x.sarif'}", given=BAD.read_text())
    assert done.exit_code == 1
    assert json.loads((tmp_path / "x.sarif").read_text())["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("", "is no report of `stackproof check --format json`"),
        ("{}", "is no report of `stackproof check --format json`"),
        ("[" * 100_000, "is no report of `stackproof check --format json`"),
        ("\ud83d".encode("utf-8", "surrogatepass").decode("latin-1"), "is no report"),
        (changed(version=99), "is of version 99, not 1"),
        (changed(claims=[]), "its summary does not count what it lists"),
        (
            changed(summary={"proven": 1, "violated": 0, "unproven": 0, "waived": 0}),
            "its summary does not count what it lists",
        ),
        ("x" * (64 * 2**20 + 1), "larger than 64 MB"),
    ],
    ids=["empty", "no-report", "deep", "no-text", "version", "claims", "summary", "large"],
)
def test_what_is_no_whole_report_is_refused(given: str, problem: str) -> None:
    done = render("-", given=given)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: standard input ")
    assert problem in done.stderr
    assert done.stdout == ""


def test_a_file_that_is_not_there_is_named() -> None:
    done = render("missing.json")
    assert done.exit_code == 2
    assert "missing.json" in done.stderr
