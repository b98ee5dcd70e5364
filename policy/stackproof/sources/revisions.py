"""A project as it is at a git revision: checked out beside the repository, and taken away again.

The working tree, the index and the branch of the repository stay as they are. Hooks do not run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from stackproof.sources.errors import SourceError

_LEFT_OUT = "GIT_"
"""A hook's environment names another index and repository; ours are those of the folder."""
_KEPT = ("GIT_SSH", "GIT_CEILING", "GIT_CONFIG", "GIT_EXEC_PATH")


class Revision(msgspec.Struct, frozen=True):
    """A commit of the repository whose working tree is at `top`."""

    top: Path
    given: str
    commit: str

    @property
    def name(self) -> str:
        """As it was given, with the beginning of its id."""
        short = self.commit[:10]
        return self.given if self.commit.startswith(self.given) else f"{self.given} ({short})"


def repository(directory: Path) -> Path:
    """The top of the working tree that `directory` is in. Raises SourceError outside of one."""
    done = _git(directory, "rev-parse", "--show-toplevel")
    if done.returncode:
        said = _last(done)
        if "not a git repository" in said or "must be run in a work tree" in said:
            raise SourceError(
                f"{directory} is in no git working tree, so there are no revisions to compare;"
                " name two files instead: `stackproof graph > before.json` makes one."
            )
        raise SourceError(f"git cannot read the repository of {directory}: {said}")
    return Path(done.stdout.strip()).resolve()


def revision(top: Path, given: str) -> Revision:
    """The commit that `given` names. Raises SourceError when there is none."""
    if ".." in given:
        raise SourceError(
            f"'{given}' is a range; name two revisions. For what a branch changes since it left"
            " another one, BASE is what `git merge-base` prints for the two."
        )
    # An option is no revision, whatever it begins with.
    done = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{given}^{{commit}}")
    if done.returncode == 0:
        return Revision(top, given, done.stdout.strip())
    if _git(top, "rev-parse", "--is-shallow-repository").stdout.strip() == "true":
        raise SourceError(
            f"There is no revision '{given}' in this clone, which is shallow: run"
            " `git fetch --unshallow`, or clone with the whole history (actions/checkout:"
            " fetch-depth: 0)."
        )
    raise SourceError(
        f"There is no file and no revision '{given}' in {top}; if it is a branch of a remote, run"
        " `git fetch` and name it as `origin/BRANCH`."
    )


def exists(top: Path, given: str) -> bool:
    """Whether `given` names a commit."""
    done = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{given}^{{commit}}")
    return done.returncode == 0


def uncommitted(top: Path) -> bool:
    """Whether the working tree has changes that no commit has."""
    return bool(_git(top, "status", "--porcelain", "--untracked-files=no").stdout.strip())


@contextmanager
def checked_out(of: Revision) -> Iterator[Path]:
    """A folder with the files of the revision; it is gone afterwards, whatever happens."""
    # A temporary folder may itself be a link; what is compared with it is not.
    folder = Path(tempfile.mkdtemp(prefix="stackproof-diff-")).resolve()
    tree = folder / "tree"
    try:
        done = _git(of.top, *_QUIETLY, "worktree", "add", "--detach", str(tree), of.commit)
        if done.returncode:
            raise SourceError(f"git cannot check out {of.name}: {_last(done)}")
        yield tree
    finally:
        with _undisturbed():
            _git(of.top, "worktree", "remove", "--force", "--force", str(tree))
            shutil.rmtree(folder, ignore_errors=True)
            # What git could not remove it forgets now that the folder is gone.
            _git(of.top, "worktree", "remove", "--force", "--force", str(tree))


_QUIETLY = ("-c", f"core.hooksPath={os.devnull}", "-c", "advice.detachedHead=false")


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put a second Ctrl-C off until everything is taken away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            with suppress(TypeError):  # a handler that Python did not set
                signal.signal(number, handler)


def _git(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(_LEFT_OUT) or key.startswith(_KEPT)
    }
    try:
        return subprocess.run(  # noqa: S603 - the user's own git, without a shell
            ["git", "-C", str(directory), *arguments],  # noqa: S607 - from PATH, as the user would
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            env=environment | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise SourceError(
            "git is not on PATH; install it, or compare two files: `stackproof graph > FILE`."
        ) from error


def _last(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"it ended with status {done.returncode}"
