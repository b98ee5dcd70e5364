"""The folder that a run keeps its things in, and the lock that lets only one run have it."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


class RunningError(Exception):
    """Another run has the folder; the message says which."""


@dataclass(frozen=True)
class State:
    """`root` is kept between runs; `scratch` lives as long as one run."""

    root: Path
    scratch: Path

    @property
    def logs(self) -> Path:
        """What every process of this run printed."""
        return self.root / "logs"

    @property
    def objects(self) -> Path:
        """The emulator's buckets."""
        return self.root / "data" / "s3"

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.root / "data" / "database"

    @property
    def seeded(self) -> Path:
        """Says which seed data was loaded into what."""
        return self.root / "data" / "seeded"

    @property
    def keys(self) -> Path:
        """The keys that sign the API's tokens, for its owner only."""
        return self.root / "data" / "jwt-keys"

    @property
    def report(self) -> Path:
        """The reports of this run's proofs."""
        return self.root / "report"


@contextmanager
def opened(root: Path) -> Iterator[State]:
    """Take the folder `root` for this run. Raises RunningError when another run has it."""
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(root):
        scratch = Path(tempfile.mkdtemp(prefix="cinema-"))
        try:
            state = State(root, scratch)
            for folder in (state.logs, state.report):
                shutil.rmtree(folder, ignore_errors=True)
            for folder in (state.logs, state.report, state.objects, state.database):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _make_keys(state.keys)
            yield state
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def forget(root: Path) -> bool:
    """Remove all that runs have kept in `root`; whether there was anything.

    Raises RunningError when a run has it.
    """
    if not root.exists():
        return False
    with _locked(root):
        shutil.rmtree(root)
    return True


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold the lock. The system lets go of it when we end, however we do."""
    path = root / "lock"
    with path.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "it has not said its process id yet"
            raise RunningError(f"it is running already ({holder}); stop that first") from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}\n")
        lock.flush()
        yield
        lock.truncate(0)


def _make_keys(path: Path) -> None:
    if path.exists():
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
