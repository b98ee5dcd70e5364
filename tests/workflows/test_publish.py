"""A report finds its pull request, is said once, and can say nothing but text."""

from __future__ import annotations

import base64
import gzip
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.workflows.github_double import REPOSITORY, TOKEN, GitHubDouble, github_double

SCRIPT = Path(__file__).parents[2] / "policy" / "publish" / "publish.py"
MARK = "<!-- stackproof: cinema/prod -->"
BOT = "github-actions[bot]"
SHA = "5" * 40
SARIF = b'{"version": "2.1.0"}'


@pytest.fixture
def github() -> Iterator[GitHubDouble]:
    with github_double() as double:
        double.open_pull(7, "stranger:main", SHA)
        yield double


def publish(
    github: GitHubDouble,
    folder: Path,
    text: str,
    variables: Mapping[str, str] | None = None,
    *,
    sarif: bool = True,
) -> subprocess.CompletedProcess[str]:
    (folder / "report.md").write_text(text)
    (folder / "report.sarif").write_bytes(SARIF)
    environment = {
        "PATH": os.environ["PATH"],
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": TOKEN,
        "HEAD_OWNER": "stranger",
        "HEAD_BRANCH": "main",
        "HEAD_SHA": SHA,
        **(variables or {}),
    }
    words = ["--comment", "report.md", *(["--sarif", "report.sarif"] if sarif else [])]
    return subprocess.run(
        [sys.executable, SCRIPT, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_report_becomes_one_comment_however_often_it_is_published(
    github: GitHubDouble, tmp_path: Path
) -> None:
    # So many that ours is on the second page.
    for number in range(120):
        github.say(7, "reviewer", f"{number}")
    for words in ("first", "second"):
        done = publish(github, tmp_path, f"{MARK}\n{words}\n")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Published in pull request 7.\n"
    said = [one["body"] for one in github.comments[7] if one["user"]["login"] == BOT]
    assert said == [f"{MARK}\nsecond\n"]


def test_reports_of_two_stacks_are_two_comments(github: GitHubDouble, tmp_path: Path) -> None:
    for stack in ("prod", "dev"):
        publish(github, tmp_path, f"<!-- stackproof: cinema/{stack} -->\n{stack}\n")
    assert len(github.comments[7]) == 2


def test_a_comment_with_our_mark_by_somebody_else_is_left_alone(
    github: GitHubDouble, tmp_path: Path
) -> None:
    github.say(7, "stranger", f"{MARK}\nmine")
    publish(github, tmp_path, f"{MARK}\nours\n")
    assert [one["body"] for one in github.comments[7]] == [f"{MARK}\nmine", f"{MARK}\nours\n"]


def test_the_lines_are_annotated_in_the_pull_request(github: GitHubDouble, tmp_path: Path) -> None:
    publish(github, tmp_path, f"{MARK}\n")
    (upload,) = github.uploads
    assert (upload["commit_sha"], upload["ref"]) == (SHA, "refs/pull/7/head")
    assert gzip.decompress(base64.b64decode(upload["sarif"])) == SARIF
    publish(github, tmp_path, f"{MARK}\n", sarif=False)
    assert len(github.uploads) == 1


def test_without_code_scanning_the_comment_is_enough(github: GitHubDouble, tmp_path: Path) -> None:
    github.scanning = False
    done = publish(github, tmp_path, f"{MARK}\n")
    assert done.returncode == 0
    assert done.stdout.startswith("::notice::The lines are not annotated: ")
    assert "Code scanning is not enabled" in done.stdout


@pytest.mark.parametrize(
    "head",
    [
        {"HEAD_SHA": "6" * 40},  # there are newer commits
        {"HEAD_BRANCH": "other"},
        {"HEAD_OWNER": "somebody"},
        {"HEAD_BRANCH": "main&state=closed#"},
    ],
)
def test_without_its_pull_request_nothing_is_said(
    github: GitHubDouble, tmp_path: Path, head: dict[str, str]
) -> None:
    done = publish(github, tmp_path, f"{MARK}\n", head)
    assert done.returncode == 0
    assert "there is nowhere to say it" in done.stdout
    assert github.comments == {}
    assert github.uploads == []


@pytest.mark.parametrize(
    ("text", "variables", "problem"),
    [
        ("no mark\n", {}, "does not begin with a line `<!-- ... -->`"),
        (f"{MARK}\n" + "x" * 65_536, {}, "65536 are the most"),
        (f"{MARK}\n", {"HEAD_SHA": ""}, "HEAD_SHA is not set"),
        (f"{MARK}\n", {"GITHUB_TOKEN": "wrong"}, "401 Unauthorized: "),
        (f"{MARK}\n", {"GITHUB_API_URL": "http://127.0.0.1:9"}, "GET pulls?"),
    ],
)
def test_what_cannot_be_published_is_said_in_one_line(
    github: GitHubDouble, tmp_path: Path, text: str, variables: dict[str, str], problem: str
) -> None:
    done = publish(github, tmp_path, text, variables)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert github.comments == {}


def test_files_that_are_not_there_are_named(github: GitHubDouble, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT, "--comment", "missing.md"],
        cwd=tmp_path,
        env={
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_TOKEN": TOKEN,
            "HEAD_OWNER": "stranger",
            "HEAD_BRANCH": "main",
            "HEAD_SHA": SHA,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "missing.md" in done.stderr
