"""The benchmarks named, or all of them, one after the other: `python -m tests.bench [NAME...]`.

Each is a module with a `main`, which prints a table and returns what else than 0 the process is
to exit with, if anything.
"""

from __future__ import annotations

import importlib
import sys

SECTIONS = ("check", "evaluate", "thumbnails", "memory", "load")


def main(names: list[str]) -> int:
    """Run the benchmarks; 1 when one missed its limit, 2 when there is no such benchmark."""
    if strangers := set(names) - set(SECTIONS):
        unknown = ", ".join(sorted(strangers))
        print(f"no such benchmark: {unknown}; there are {', '.join(SECTIONS)}", file=sys.stderr)  # noqa: T201
        return 2
    missed = 0
    for number, name in enumerate(names or SECTIONS):
        print(end="\n" * (number > 0))  # noqa: T201  it is a script that prints tables
        # Only now: each has its own peers, and none needs those of the others.
        missed |= importlib.import_module(f"tests.bench.{name}").main() or 0
    return missed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
