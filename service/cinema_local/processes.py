"""Children: each in a process group of its own, with its output in a log, none left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

KEEPER = Path(__file__).with_name("keeper.py")

# What a child inherits. Nothing of AWS, no proxy, no variable of another Python.
_INHERITED = ("HOME", "LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TZ", "USER")


class Keeper:
    """The process that clears up after us when we no longer can."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", str(KEEPER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            text=True,
        )
        self._say(str(folder))

    def watch(self, group: int) -> None:
        """End this process group when we are gone."""
        self._say(f"+{group}")

    def forget(self, group: int) -> None:
        """Take it that this process group has ended."""
        self._say(f"-{group}")

    def close(self) -> None:
        """Have it clear up now; returns when all is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _say(self, order: str) -> None:
        if self._process.stdin is None or self._process.poll() is not None:
            raise RuntimeError("the process that clears up behind us is gone")
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()


class Child:
    """One running program."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, keeper: Keeper) -> None:
        self.name = name
        self._process = process
        self._keeper = keeper
        self._waiting = asyncio.create_task(self._wait())

    @classmethod
    async def start(  # noqa: PLR0913 - what any program is started with
        cls,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        keeper: Keeper,
        folder: Path,
        answer: Path | None = None,
    ) -> Child:
        """Start `command` in `folder`.

        What it prints is added to `log`; with `answer`, its standard output goes there instead.
        """
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        with log.open("ab") as errors, (answer or log).open("wb" if answer else "ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                cwd=folder,
                env={**inherited, **environment},
                start_new_session=True,
            )
        keeper.watch(process.pid)
        return cls(name, process, keeper)

    @property
    def pid(self) -> int:
        """Its process id, which is its group's id too."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return not self._waiting.done()

    async def ended(self) -> int:
        """Wait until it ends by itself or is stopped; its exit status, negative for a signal."""
        return await asyncio.shield(self._waiting)

    async def stop(self, grace: float) -> None:
        """Ask it to end; after `grace` seconds make it."""
        self._send(signal.SIGTERM)
        try:
            await asyncio.wait_for(asyncio.shield(self._waiting), grace)
        except TimeoutError:
            self.kill()
            await self.ended()

    def kill(self) -> None:
        """End it and everything that it started, at once."""
        _signal_group(self.pid, signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self.running:
            with suppress(ProcessLookupError):  # it has ended, and we have not heard yet
                self._process.send_signal(number)

    async def _wait(self) -> int:
        status = await self._process.wait()
        # What it started and left behind: workers of a master that was killed.
        _signal_group(self.pid, signal.SIGKILL)
        self._keeper.forget(self.pid)
        return status


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # nothing is left of it
        os.killpg(group, number)


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log, for people."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return "\n".join(lines[-count:])


def how_it_ended(status: int) -> str:
    """An exit status in words."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"
