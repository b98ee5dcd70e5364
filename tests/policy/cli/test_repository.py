"""What links begin with: options first, then what a CI says of itself, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackproof.cli.errors import InputError
from stackproof.cli.repository import repository_of
from stackproof.reports.repository import Repository

GITHUB = {
    "GITHUB_SERVER_URL": "https://github.example",
    "GITHUB_REPOSITORY": "owner/name",
    "GITHUB_SHA": "a" * 40,
}
GITLAB = {"CI_PROJECT_URL": "https://code.example/group/name", "CI_COMMIT_SHA": "b" * 40}


@pytest.mark.parametrize(
    ("given", "environ", "expected"),
    [
        ((None, None), {}, Repository()),
        ((None, None), GITHUB, Repository("https://github.example/owner/name", "a" * 40)),
        ((None, "v1"), GITHUB, Repository("https://github.example/owner/name", "v1")),
        ((None, None), GITLAB, Repository("https://code.example/group/name", "b" * 40, "-/blob")),
        (
            ("https://gitlab.com/g/n/", "main"),
            {},
            Repository("https://gitlab.com/g/n", "main", "-/blob"),
        ),
        # One without the other makes no link that stays.
        (("https://github.com/o/n", None), {}, Repository()),
        ((None, None), {**GITHUB, "GITHUB_SHA": "a b"}, Repository()),
    ],
)
def test_options_go_before_what_a_ci_says(
    given: tuple[str | None, str | None],
    environ: dict[str, str],
    expected: Repository,
    tmp_path: Path,
) -> None:
    assert repository_of(tmp_path, *given, environ) == expected


@pytest.mark.parametrize(
    ("url", "commit", "message"),
    [
        ("javascript:alert(1)", None, "--repository javascript"),
        ("https://x/)[a](b", None, "--repository https"),
        (None, "a b", "--commit a b"),
        (None, "/a", "--commit /a"),
    ],
)
def test_an_option_that_is_no_url_or_commit_is_refused(
    url: str | None, commit: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as refused:
        repository_of(tmp_path, url, commit, {})
    assert str(refused.value).startswith(message)


def test_the_projects_folder_is_found_below_the_checkout(tmp_path: Path) -> None:
    project = tmp_path / "infra" / "shop"
    project.mkdir(parents=True)
    assert repository_of(project, None, None, {}).folder == ""
    (tmp_path / ".git").write_text("gitdir: elsewhere")  # as in a worktree
    assert repository_of(project, None, None, {}).folder == "infra/shop"
    assert repository_of(tmp_path, None, None, {}).folder == ""
