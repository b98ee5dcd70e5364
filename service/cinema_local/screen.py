"""What a person sees: progress on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cinema_local.program import Evaluation


class Lines:
    """A line on standard error for each thing that is done, for logs and for tests."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False, soft_wrap=True)

    def begin(self, stage: str) -> None:
        """Nothing: only what is done is told."""

    def done(self, stage: str, seconds: float) -> None:
        """A stage of the start is done."""
        self.console.print(f"{seconds:5.1f} s  {stage}", markup=False)

    def note(self, text: str) -> None:
        """Something happened."""
        self.console.print(text, markup=False)

    def close(self) -> None:
        """All is up: no more progress."""

    def report(self, evaluation: Evaluation, proven: bool) -> None:  # noqa: FBT001 - the verdict
        """Print the report's headline; of what is not proven, all of it."""
        report = evaluation.report()
        self.console.print(report.split("\n")[0] if proven else report)
        if not proven:
            self.note("Not all of it is proven. It is brought up as it is declared all the same.")


class Display(Lines):
    """The same on a terminal, with what is going on below."""

    def __init__(self, console: Console, progress: Progress) -> None:
        super().__init__(console)
        self._progress = progress
        self._tasks: dict[str, int] = {}

    def begin(self, stage: str) -> None:
        """Show that a stage has begun."""
        self._tasks[stage] = self._progress.add_task(stage, total=None)

    def done(self, stage: str, seconds: float) -> None:
        """Leave a line behind in its place."""
        self._progress.remove_task(self._tasks.pop(stage))  # type: ignore[arg-type] # rich's TaskID is an int
        super().done(stage, seconds)

    def close(self) -> None:
        """Stop showing progress."""
        self._progress.stop()


@contextmanager
def shown() -> Iterator[Lines]:
    """What suits standard output; stop showing progress by leaving it."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Display(console, progress)
