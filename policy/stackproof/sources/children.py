"""Runs the recorder in child processes, within bounds: of time, and of what they print."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

_KEPT_OUTPUT = 64 * 1024


class Child(msgspec.Struct, frozen=True):
    """How one child ended. `output` is the end of what it printed."""

    status: int
    output: str


class TimedOutError(Exception):
    """The children did not end in time; they were killed. `output` is what the first printed."""

    def __init__(self, output: str) -> None:
        super().__init__("timed out")
        self.output = output


class StoppedError(Exception):
    """Somebody asked to stop; the children were killed."""


class _Running:
    def __init__(self, command: Sequence[str], cwd: Path, env: dict[str, str]) -> None:
        self.progress, theirs = os.pipe()
        try:
            self.process = subprocess.Popen(  # noqa: S603  the recorder, without a shell
                [*command, str(theirs)],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self.printed = bytearray()
        self.count = 0

    def text(self) -> str:
        return self.printed.decode("utf-8", "replace")

    def read_rest(self) -> None:
        """Keep what it printed last. Whoever still holds the pipe is not waited for."""
        assert self.process.stdout is not None  # noqa: S101  it is a pipe
        os.set_blocking(self.process.stdout.fileno(), False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self.process.stdout.fileno(), 65536):
                self.keep(data)

    def keep(self, data: bytes) -> None:
        self.printed += data
        del self.printed[:-_KEPT_OUTPUT]

    def kill(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        finally:
            self.process.wait()


def run_all(  # noqa: PLR0913 - how children run, and until when
    commands: Sequence[Sequence[str]],
    *,
    cwd: Path,
    environments: Sequence[dict[str, str]],
    time_limit: float,
    progress: Callable[[int], None] | None,
    stopped: threading.Event | None = None,
) -> list[Child]:
    """Run `commands` side by side, each with the file descriptor for progress as last argument.

    Every byte that a child writes there counts one resource. When `time_limit` (seconds) is over,
    every child is killed with all that it started, and TimedOutError is raised; when `stopped` is
    set, StoppedError.
    """
    deadline = time.monotonic() + time_limit
    running = [_Running(c, cwd, e) for c, e in zip(commands, environments, strict=True)]
    try:
        with selectors.DefaultSelector() as selector:
            for child in running:
                assert child.process.stdout is not None  # noqa: S101  it is a pipe
                selector.register(child.process.stdout.fileno(), selectors.EVENT_READ, child)
                selector.register(child.progress, selectors.EVENT_READ, child)
            _drain(selector, running, deadline, progress, stopped)
        for child in running:
            child.read_rest()
        return [
            Child(c.process.wait(max(0.1, deadline - time.monotonic())), c.text()) for c in running
        ]
    except subprocess.TimeoutExpired as error:
        raise TimedOutError(running[0].text()) from error
    finally:
        for child in running:
            child.kill()
            os.close(child.progress)
            if child.process.stdout is not None:
                child.process.stdout.close()


def _drain(
    selector: selectors.BaseSelector,
    running: Sequence[_Running],
    deadline: float,
    progress: Callable[[int], None] | None,
    stopped: threading.Event | None,
) -> None:
    reported = 0
    while any(c.process.poll() is None for c in running):
        if stopped is not None and stopped.is_set():
            raise StoppedError
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOutError(running[0].text())
        for key, _ in selector.select(min(left, 0.05)):
            child: _Running = key.data
            data = os.read(key.fd, 65536)
            if not data:
                selector.unregister(key.fd)
            elif key.fd == child.progress:
                child.count += len(data)
            else:
                child.keep(data)
        furthest = max(c.count for c in running)
        if progress is not None and furthest > reported:
            reported = furthest
            progress(reported)
