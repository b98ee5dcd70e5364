"""What is shown while a program evaluates: on stderr, and only to a person."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from stackproof.reports.visible import visible

Seen = Callable[[int], None]


@contextmanager
def evaluating(stack: str) -> Iterator[Seen | None]:
    """A line with the resources so far and the time; it is gone when the program is done."""
    with side_by_side([stack]) as seen:
        yield seen[0]


@contextmanager
def side_by_side(names: Sequence[str]) -> Iterator[list[Seen | None]]:
    """As `evaluating`, a line for each of what is evaluated at once."""
    if not sys.stderr.isatty():
        yield [None] * len(names)
        return
    from rich.console import Console  # noqa: PLC0415 - 80 ms that a pipe need not pay
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def line(name: str) -> Seen:
            task = shown.add_task(f"evaluating {name}", total=None)

            def seen(resources: int) -> None:
                shown.update(task, description=f"evaluating {name}: {resources} resources")

            return seen

        yield [line(visible(name)) for name in names]
