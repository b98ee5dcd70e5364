"""What is shown while a program evaluates: on stderr, and only to a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stackproof.reports.visible import visible


@contextmanager
def evaluating(stack: str) -> Iterator[Callable[[int], None] | None]:
    """A line with the resources so far and the time; it is gone when the program is done."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - 80 ms that a pipe need not pay
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    stack = visible(stack)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(f"evaluating {stack}", total=None)

        def seen(resources: int) -> None:
            shown.update(task, description=f"evaluating {stack}: {resources} resources")

        yield seen
