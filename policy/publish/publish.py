"""Puts a report into its pull request on GitHub: one comment, and the annotations of its SARIF.

    python publish.py --comment report.md --sarif report.sarif

For the workflow that runs after the one which evaluated a stranger's program. It takes the files
as text that anybody may have written: what they say goes nowhere but into the body of the comment
and into code scanning. Which pull request that is, GitHub says and not the files.

It needs no package. Environment: GITHUB_TOKEN (pull-requests: write, security-events: write),
GITHUB_REPOSITORY, GITHUB_API_URL, and of the run that made the files HEAD_OWNER, HEAD_BRANCH and
HEAD_SHA.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_CHARACTERS = 65_536
"""Of a comment's body: GitHub refuses a longer one."""
MOST_SARIF_BYTES = 10 * 2**20
"""Of an upload, compressed (REST API endpoints for code scanning)."""
AUTHOR = "github-actions[bot]"
"""Who GITHUB_TOKEN writes as. A comment with our mark by anybody else is not ours to change."""
_NOT_ENABLED = frozenset({403, 404})
"""Code scanning is off in the repository."""
_PAGE = 100
_SECONDS = 30


class PublishError(Exception):
    """It cannot be published; the message says why, `status` is that of GitHub's answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class GitHub:
    """One repository, by GitHub's REST API."""

    api: str
    repository: str
    token: str

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """One call below the repository; raises PublishError with GitHub's own words."""
        request = urllib.request.Request(  # noqa: S310 - the address is that of the runner
            f"{self.api}/repos/{self.repository}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "User-Agent": "stackproof",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - as above
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read(500).decode(errors="replace")
            raise PublishError(
                f"{method} {path}: {error.code} {error.reason}: {said}", error.code
            ) from error
        except OSError as error:
            raise PublishError(f"{method} {path}: {error}") from error

    def every(self, path: str, **query: str) -> Iterator[Any]:
        """Every item of a list, page by page."""
        page = 1
        while True:
            words = urllib.parse.urlencode({**query, "per_page": _PAGE, "page": page})
            items = self.ask("GET", f"{path}?{words}")
            yield from items
            if len(items) < _PAGE:
                return
            page += 1


def pull_request(github: GitHub, *, owner: str, branch: str, commit: str) -> int | None:
    """The number of the open pull request whose newest commit is `commit`.

    `workflow_run` does not name the pull request of a fork, and the artifact could name any other.
    None where there is none any more: it was closed, or there are newer commits.
    """
    found = github.every("pulls", state="open", head=f"{owner}:{branch}")
    return next((int(one["number"]) for one in found if one["head"]["sha"] == commit), None)


def comment(github: GitHub, number: int, body: str) -> None:
    """Write the comment, over the earlier one that begins with the same line."""
    mark = body.partition("\n")[0]
    if not (mark.startswith("<!--") and mark.endswith("-->")):
        raise PublishError("the comment does not begin with a line `<!-- ... -->` to know it by")
    if len(body) > MOST_CHARACTERS:
        raise PublishError(
            f"the comment has {len(body)} characters; {MOST_CHARACTERS} are the most"
        )
    for earlier in github.every(f"issues/{number}/comments"):
        ours = earlier["user"]["login"] == AUTHOR
        if ours and str(earlier["body"]).partition("\n")[0].rstrip("\r") == mark:
            github.ask("PATCH", f"issues/comments/{int(earlier['id'])}", {"body": body})
            return
    github.ask("POST", f"issues/{number}/comments", {"body": body})


def annotate(github: GitHub, number: int, commit: str, sarif: bytes) -> None:
    """Give code scanning what the report says of each line."""
    packed = gzip.compress(sarif, mtime=0)
    if len(packed) > MOST_SARIF_BYTES:
        raise PublishError(f"the SARIF has {len(packed)} bytes; {MOST_SARIF_BYTES} are the most")
    body = {
        "commit_sha": commit,
        "ref": f"refs/pull/{number}/head",
        "sarif": base64.b64encode(packed).decode(),
    }
    try:
        github.ask("POST", "code-scanning/sarifs", body)
    except PublishError as problem:
        if problem.status not in _NOT_ENABLED:
            raise
        # Private repositories have it for a price. The comment says the same.
        print(f"::notice::The lines are not annotated: {problem}")


def main(arguments: list[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Publish; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--comment", type=Path, required=True, help="Markdown for the comment")
    parser.add_argument("--sarif", type=Path, help="SARIF for code scanning, where that is on")
    chosen = parser.parse_args(arguments)
    try:
        github = GitHub(
            api=environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
            repository=_named(environ, "GITHUB_REPOSITORY"),
            token=_named(environ, "GITHUB_TOKEN"),
        )
        commit = _named(environ, "HEAD_SHA")
        number = pull_request(
            github,
            owner=_named(environ, "HEAD_OWNER"),
            branch=_named(environ, "HEAD_BRANCH"),
            commit=commit,
        )
        if number is None:
            print(f"No open pull request ends with {commit}: there is nowhere to say it.")
            return 0
        comment(github, number, chosen.comment.read_text(encoding="utf-8"))
        if chosen.sarif is not None:
            annotate(github, number, commit, chosen.sarif.read_bytes())
    except (PublishError, OSError, UnicodeDecodeError) as problem:
        sys.stderr.write(f"error: {problem}\n")
        return 2
    print(f"Published in pull request {number}.")
    return 0


def _named(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise PublishError(f"{name} is not set")
    return value


if __name__ == "__main__":
    sys.exit(main())
