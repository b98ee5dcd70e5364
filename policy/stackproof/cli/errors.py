"""How the command fails: one message on stderr, exit 2, and no traceback unless asked for."""

from __future__ import annotations

import gc
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from stackproof.check import NothingToCheckError
from stackproof.contract import ContractError
from stackproof.reports.visible import visible, visible_lines
from stackproof.selection import SelectorError
from stackproof.sources.errors import SourceError

COULD_NOT_CHECK = 2
INTERRUPTED = 130


class InputError(Exception):
    """What the user gave cannot be used. The message says what, where, and the mend."""


_EXPECTED = (InputError, ContractError, SelectorError, SourceError, NothingToCheckError)


class Failing(click.Group):
    """A group of commands in which every failure ends as the module says."""

    def main(  # type: ignore[override]
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,  # noqa: ANN401 - click's own signature
    ) -> None:
        """Run and exit: 0, 1 or 2 as the command says; 130 when interrupted."""
        # Nearly everything made here lives to the end: looking for garbage often is in vain, and
        # once more at the end takes longer than the proofs.
        gc.set_threshold(200_000, 20, 100)
        given = list(sys.argv[1:] if args is None else args)
        extra.pop("standalone_mode", None)
        try:
            code = super().main(given, prog_name, standalone_mode=False, **extra)
        except (click.Abort, KeyboardInterrupt):
            _tell("error: interrupted")
            code = INTERRUPTED
        except click.UsageError as error:
            # `stackproof` alone is a request for help, not a mistake to explain.
            if isinstance(error, click.exceptions.NoArgsIsHelpError):
                error.show()
            else:
                tail = f" (see '{error.ctx.command_path} --help')" if error.ctx else ""
                _tell(f"error: {error.format_message().rstrip('.')}{tail}")
            code = COULD_NOT_CHECK
        except click.ClickException as error:
            _tell(f"error: {error.format_message()}")
            code = COULD_NOT_CHECK
        except Exception as error:  # noqa: BLE001 - a person gets a sentence, whatever it was
            tell(error, debug="--debug" in given)
            code = COULD_NOT_CHECK
        gc.freeze()
        sys.exit(code)


def tell(error: Exception, *, debug: bool = False) -> None:
    """Say on stderr why something could not be checked; `debug` shows the trace of a defect."""
    if isinstance(error, _EXPECTED):
        _tell(_message(error))
        return
    if debug:
        _tell("".join(traceback.format_exception(error)))
    _tell(_defect(error))


def _tell(text: str) -> None:
    """Write to stderr what may quote a stranger's text."""
    click.echo(visible_lines(text), err=True)


def _message(error: Exception) -> str:
    if isinstance(error, ContractError) and len(error.problems) > 1:
        problems = "\n".join(f"  {visible(str(problem))}" for problem in error.problems)
        return f"error: the contract has {len(error.problems)} problems\n{problems}"
    return f"error: {error}"


def _defect(error: Exception) -> str:
    frame = traceback.extract_tb(error.__traceback__)[-1]
    said = " ".join(str(error).split())
    return (
        f"error: {type(error).__name__}: {said} at {Path(frame.filename).name}:{frame.lineno}"
        " (a defect of stackproof: 'stackproof --debug ...' shows the traceback)"
    )
