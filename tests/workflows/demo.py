"""A pull request with two bad changes, from its first commit to the comment: `make demo-pr`.

What the workflows run is run here: the action, and then the publishing of its artifact, to a double
of GitHub. In the folder named lie afterwards the reports, the difference, and `comment.md`: the
comment as it was posted.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.test_readme import ANCHOR, BAD_CHANGE
from tests.workflows.github_double import REPOSITORY, TOKEN, GitHubDouble, github_double

ROOT = Path(__file__).parents[2]
PROJECT = (
    "stack", "policy", "service", "thumbnailer", "client_dist", "Pulumi.yaml", "Pulumi.prod.yaml",
)  # fmt: skip
PULL_REQUEST = 7
COMMIT = "5" * 40
"""What GitHub says that the newest commit is: links lead to it."""

CHANGES = {
    "stack/cinema/security.py": (ANCHOR, ANCHOR + BAD_CHANGE),
    "stack/cinema/policies.py": (
        '        allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*"]),\n',
        '        allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*", f"{bucket}/{ORIGINALS}*"]),\n',
    ),
}
"""The database is opened to half the internet, twice; the function may write what starts it."""


def make_branch(folder: Path) -> str:
    """A repository in `folder` whose newest commit has the bad changes; returns the one before."""
    folder.mkdir(parents=True)
    for name in PROJECT:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copyfile(source, folder / name)
    (folder / ".gitignore").write_text(".venv\n__pycache__/\n")
    _git(folder, "init", "--quiet", "--initial-branch=main")
    base = _commit(folder, "The architecture as it is")
    for path, (before, after) in CHANGES.items():
        text = (folder / path).read_text()
        if text.count(before) != 1:
            raise ValueError(f"{path} does not hold once what is to be changed: {before}")
        (folder / path).write_text(text.replace(before, after))
    _commit(folder, "Debug the database, and rotate pictures in place")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return base


def prove(project: Path, base: str, reports: Path) -> subprocess.CompletedProcess[str]:
    """What the job does that runs a stranger's program: the action, without any token."""
    return _run(
        ROOT / "policy" / "action.sh",
        project,
        ARGUMENTS="",
        BASE=base,
        COMMIT=COMMIT,
        DIRECTORY=".",
        GITHUB_REPOSITORY="stranger/cinema",
        GITHUB_STEP_SUMMARY=str(reports / "summary.md"),
        PYTHON=sys.executable,
        REPORTS=str(reports),
        STACK="prod",
    )


def publish(github: GitHubDouble, reports: Path) -> subprocess.CompletedProcess[str]:
    """What the second job does, which may write: it has the artifact and our own code."""
    github.open_pull(PULL_REQUEST, "stranger:debugging", COMMIT)
    return _run(
        ROOT / "policy" / "publish" / "publish.sh",
        reports,
        DIRECTORY=".",
        GITHUB_API_URL=github.url,
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_TOKEN=TOKEN,
        HEAD_BRANCH="debugging",
        HEAD_OWNER="stranger",
        HEAD_REPOSITORY="stranger/cinema",
        HEAD_SHA=COMMIT,
        PYTHON=sys.executable,
        REPORTS=str(reports),
    )


def main(target: Path) -> int:
    """Run the chain, and leave what reviewers get in `target`."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    base = make_branch(target / "clone")
    proven = prove(target / "clone", base, target)
    sys.stdout.write(proven.stdout)
    sys.stderr.write(proven.stderr)
    with github_double() as github:
        published = publish(github, target)
        sys.stdout.write(published.stdout)
        sys.stderr.write(published.stderr)
        if published.returncode:
            return published.returncode
        (target / "comment.md").write_text(github.comments[PULL_REQUEST][0]["body"])
    for path in sorted(target.iterdir()):
        if path.is_file():
            sys.stdout.write(f"{os.path.relpath(path)}\n")
    # That the changes are refused is what is shown.
    return 0 if proven.returncode == 1 else 1


def _run(script: Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    # How this machine reaches its package index, and nothing that a real runner would say.
    said = ("ACTIONS_", "AWS_", "CI", "GITHUB_", "RUNNER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(said)}
    return subprocess.run(
        [script], cwd=folder, env={**kept, **variables}, capture_output=True, text=True, check=False
    )


def _git(folder: Path, *words: str) -> str:
    roles = ("AUTHOR", "COMMITTER")
    who = {f"GIT_{role}_NAME": "demo" for role in roles}
    who |= {f"GIT_{role}_EMAIL": "demo@example.com" for role in roles}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], **who, **alone},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _commit(folder: Path, message: str) -> str:
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", message)
    return _git(folder, "rev-parse", "HEAD")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
