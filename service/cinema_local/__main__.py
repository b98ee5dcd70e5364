"""The command: `python -m cinema_local` runs everything until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from cinema_local import state
from cinema_local.failures import ComponentError
from cinema_local.inputs import PlanError
from cinema_local.program import ProgramError
from cinema_local.provision import RefusedError
from cinema_local.running import running
from cinema_local.screen import shown
from cinema_local.whole import Options

ROOT = Path(__file__).resolve().parents[2]
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _ToldToStop(BaseException):
    """Unwinds whatever is going on; not an Exception, so that nothing takes it for a fault."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m cinema_local", description=__doc__)
    parser.add_argument(
        "command", nargs="?", choices=["run", "clean"], default="run", help="clean: forget all data"
    )
    parser.add_argument("--stack", default="dev", help="the Pulumi stack (dev)")
    parser.add_argument("--site-port", type=int, default=8000, help="preferred (8000)")
    parser.add_argument("--api-port", type=int, default=8080, help="preferred (8080)")
    parser.add_argument("--data", type=Path, default=ROOT / ".local", help="where data is kept")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "clean":
            there_was = state.forget(chosen.data)
            _say("All data of the local run is gone." if there_was else "There was no data.")
            return 0
        return _run(chosen)
    except state.RunningError as problem:
        return _failed(str(problem))


def _run(chosen: argparse.Namespace) -> int:
    options = Options(
        root=ROOT,
        stack=chosen.stack,
        site_port=chosen.site_port,
        api_port=chosen.api_port,
        database_uri=os.environ.get("CINEMA_DATABASE_URI") or None,
    )
    for number in _SIGNALS:
        signal.signal(number, _stop)
    try:
        with shown() as show, running(options, kept_in=chosen.data, show=show) as whole:
            show.close()
            show.note(f"\nOpen {whole.landing}\nCtrl-C stops it; data stays in {chosen.data}")
            problem = whole.wait()
    except _ToldToStop:
        _say("Stopped.")
        return 0
    except (PlanError, ProgramError, RefusedError) as error:
        return _failed(str(error))
    except ComponentError as error:
        problem = error
    if isinstance(problem, ComponentError):
        _say(f"{problem.log} ends with:\n{problem.tail}")
    return _failed(f"{problem}; everything else was stopped")


def _stop(_number: int, _frame: FrameType | None) -> None:
    for number in _SIGNALS:
        signal.signal(number, _stop_at_once)
    raise _ToldToStop


def _stop_at_once(_number: int, _frame: FrameType | None) -> None:
    # A second time: no more waiting. What is left is ended by the process that watches over us.
    os._exit(1)


def _failed(problem: str) -> int:
    _say(f"cinema: {problem}")
    return 1


def _say(text: str) -> None:
    # The terminal may be gone, and then nobody reads it.
    with suppress(OSError):
        sys.stderr.write(text + "\n")
        sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
