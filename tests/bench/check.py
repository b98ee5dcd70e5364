"""How long `stackproof check` takes as a whole process, and how much of that is the program's own.

The best of five runs each, beside what the same machine needs for the parts that are not ours.
"""

# ruff: noqa: T201  it is a script that prints a table

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from stackproof.cli.output import FORMATS
from stackproof.sources.program import evaluate

ROOT = Path(__file__).parents[2]
RUNS = 5


def best(run: Callable[[], object]) -> float:
    """The shortest of five wall times, in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def process(*words: str) -> Callable[[], object]:
    """A whole process of Python's; it must succeed."""
    return lambda: subprocess.run(
        [sys.executable, *words], cwd=ROOT, check=True, capture_output=True
    )


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as name:
        graph = Path(name) / "graph.json"
        shown = subprocess.run(
            [sys.executable, "-m", "stackproof", "graph", "--stack", "prod"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        graph.write_bytes(shown.stdout)
        python = best(process("-c", "pass"))
        evaluated = best(lambda: evaluate(ROOT, "prod"))
        check = best(process("-m", "stackproof", "check", "--stack", "prod"))
        every = [w for kind in FORMATS for w in ("--output", f"{kind}={name}/report.{kind}")]
        loading = ("-m", "stackproof", "check", "--stack", "prod", "--from", str(graph))
        loaded = best(process(*loading))
        reported = best(process(*loading, *every))
    print("prod, whole processes                  seconds   to Python's own start")
    print(f"python -c pass                         {python:7.2f}   {1.0:7.1f}")
    print(f"stackproof check --from graph.json     {loaded:7.2f}   {loaded / python:7.1f}")
    print(f"  with a file of every format as well  {reported:7.2f}   {reported / python:7.1f}")
    print(f"stackproof check                       {check:7.2f}   {check / python:7.1f}")
    print(f"  of which evaluating the program      {evaluated:7.2f}   {evaluated / python:7.1f}")
    print(f"  of which everything else             {check - evaluated:7.2f}")


if __name__ == "__main__":
    main()
