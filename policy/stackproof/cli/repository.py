"""Which repository and commit the program is of: from options, or from what a CI says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from stackproof.cli.errors import InputError
from stackproof.reports.repository import Repository

_URL = re.compile(r"https?://[\w.:@/~+-]+", re.ASCII)
_COMMIT = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)


def repository_of(
    root: Path, url: str | None, commit: str | None, environ: Mapping[str, str]
) -> Repository:
    """What is known of the repository of the project in `root`.

    GitHub's and GitLab's variables serve where an option is not given (GitHub Docs, "Variables
    reference"; GitLab Docs, "Predefined CI/CD variables reference").
    """
    for option, value, shape in (("--repository", url, _URL), ("--commit", commit, _COMMIT)):
        if value and not shape.fullmatch(value):
            example = "https://github.com/owner/name" if shape is _URL else "a hash, tag or branch"
            raise InputError(f"{option} {value}: expected {example}")
    if environ.get("GITHUB_REPOSITORY"):
        server = environ.get("GITHUB_SERVER_URL", "https://github.com")
        url = url or f"{server}/{environ['GITHUB_REPOSITORY']}"
        commit = commit or environ.get("GITHUB_SHA")
    of_gitlab = environ.get("CI_PROJECT_URL", "")
    if of_gitlab:
        url, commit = url or of_gitlab, commit or environ.get("CI_COMMIT_SHA")
    url, commit = (url or "").rstrip("/"), commit or ""
    if not _URL.fullmatch(url) or not _COMMIT.fullmatch(commit):
        url = commit = ""
    gitlab = bool(url) and (url == of_gitlab or "gitlab" in url.split("/")[2])
    return Repository(url, commit, "-/blob" if gitlab else "blob", _folder(root))


def _folder(root: Path) -> str:
    """Where the project is in its checkout; its root when there is no checkout."""
    here = root.resolve()
    for folder in (here, *here.parents):
        if (folder / ".git").exists():
            found = here.relative_to(folder).as_posix()
            return "" if found == "." else found
    return ""
