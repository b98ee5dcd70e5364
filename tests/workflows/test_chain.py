"""From a base commit and a bad change to the comment, as the two workflows do it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflows import demo
from tests.workflows.github_double import GitHubDouble, github_double

pytestmark = pytest.mark.xdist_group("chain")

GOLDEN = Path(__file__).parent / "golden" / "comment.md"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first workflow leaves as an artifact."""
    folder = tmp_path_factory.mktemp("chain")
    base = demo.make_branch(folder / "clone")
    found = folder / "reports"
    proven = demo.prove(folder / "clone", base, found)
    assert proven.returncode == 1, proven.stderr
    return found


@pytest.fixture
def github() -> Iterator[GitHubDouble]:
    with github_double() as double:
        yield double


def test_the_comment_is_as_reviewed(reports: Path, github: GitHubDouble) -> None:
    done = demo.publish(github, reports)
    assert (done.returncode, done.stderr) == (0, "")
    ((comment,),) = github.comments.values()
    # The base's hash is that of all its files.
    said = re.sub(r"from [0-9a-f]{40} to", "from BASE to", comment["body"])
    if os.environ.get("STACKPROOF_GOLDEN") == "write":
        GOLDEN.write_text(said, encoding="utf-8")
    assert said == GOLDEN.read_text(encoding="utf-8")
    assert len(github.uploads) == 1


def test_the_summary_of_the_job_says_it_too(reports: Path) -> None:
    summary = (reports / "summary.md").read_text()
    assert "## ✗ 3 violated of" in summary
    assert "## ✗ 7 widened" in summary


def test_nothing_that_the_artifact_was_given_is_published_as_it_is(
    reports: Path, github: GitHubDouble, tmp_path: Path
) -> None:
    # The stranger's job may write what it likes: into the files, and into the JSON.
    evil = "@everyone <img src=x> [click](https://evil.example.com)"
    report = json.loads((reports / "report.json").read_text())
    report["claims"][0]["title"] = report["claims"][0]["evidence"]["summary"] = evil
    (tmp_path / "report.json").write_text(json.dumps(report))
    (tmp_path / "report.md").write_text(evil)
    (tmp_path / "report.sarif").write_text(evil)
    done = demo.publish(github, tmp_path)
    assert done.returncode == 0
    ((comment,),) = github.comments.values()
    for raw in ("@everyone", "<img", "](https://evil"):
        assert raw not in comment["body"]


def test_a_report_that_is_none_is_not_published(github: GitHubDouble, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"version": 1}')
    done = demo.publish(github, tmp_path)
    assert done.returncode == 2
    assert "is no report of `stackproof check --format json`" in done.stderr
    assert github.comments == {}
