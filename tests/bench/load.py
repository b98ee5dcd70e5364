"""How much the API answers, beside a minimal Express server with the same answers.

`python -m tests.bench load`, or `python -m tests.bench.load --seconds 0.3 --turns 1` for a first
look. Both are asked by the same load generator, autocannon, in turns; it runs on the same cores,
and so do the database and the S3. First both are asked each question once, and must agree.
"""

# ruff: noqa: T201  it is a script that prints tables

from __future__ import annotations

import argparse
import math
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import contenders, node
from tests.bench.contenders import Contender, Pair
from tests.bench.node import Question, Turn, ask
from tests.bench.questions import MOVIES, QUESTIONS, require_same

CONNECTIONS = (1, 32, 256)
WORKERS = (1, 2)
LEAST_IN_PROCESS = 1.7
LEAST_OVER_SERVERS = 0.95
"""Not slower; what is closer than this, the next run has the other way round."""
MOST_GROWTH = 1.05
FEW, MANY = 10_000, 100_000
WARM_SECONDS = 0.5

HEAD = (
    f"{'':24}{'connections':>12}{'answers/s':>12}{'Express':>10}{'ratio':>8}"
    f"{'p50 ms':>11}{'p99':>9}{'Express p50':>14}{'p99':>9}"
)


@dataclass(frozen=True)
class Effort:
    """How long a turn takes, in s, and how many turns each has at a point."""

    seconds: float
    turns: int


@dataclass(frozen=True)
class Point:
    """One question at one number of connections: of each, the turn with the middle rate."""

    question: Question
    connections: int
    ours: Turn
    theirs: Turn

    @property
    def ratio(self) -> float:
        """How many times as much ours answers."""
        return self.ours.rate / self.theirs.rate

    def __str__(self) -> str:
        ours, theirs = self.ours, self.theirs
        return (
            f"{self.question.name:24}{self.connections:>12}{ours.rate:>12,.1f}{theirs.rate:>10,.1f}"
            f"{self.ratio:>8.2f}{ours.p50:>11.2f}{ours.p99:>9.2f}{theirs.p50:>14.2f}"
            f"{theirs.p99:>9.2f}{_refusals('ours', ours)}{_refusals('Express', theirs)}"
        )


def _refusals(name: str, turn: Turn) -> str:
    counts = ", ".join(f"{count} of {status}" for status, count in turn.others.items())
    return f"  {name} also gave {counts}" if counts else ""


def main(arguments: Sequence[str] = ()) -> int:
    """Measure and print; 1 where a target is missed or nothing can be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a turn (0.5)")
    parser.add_argument("--turns", type=int, default=3, help="at each point, for each (3)")
    chosen = parser.parse_args(arguments)
    effort = Effort(chosen.seconds, chosen.turns)
    # Ends as Ctrl-C does: with every server that was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        node.install()
    except node.MissingError as missing:
        print(f"load: not measured. {missing}")
        return 1
    print(f"The API and Express in turns, on {os.cpu_count()} cores, load generator included.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with contenders.in_memory(folder) as pair:
            in_process = _table("everything in process, one worker each", pair, effort)
            kept = _memory(pair)
        over_servers = []
        with contenders.servers(folder) as servers:
            for workers in WORKERS:
                with contenders.over_servers(servers, workers, folder) as pair:
                    title = f"over the same database and S3, workers: {workers}"
                    over_servers += _table(title, pair, effort)
    return _judge(in_process, over_servers, kept)


def _table(title: str, pair: Pair, effort: Effort) -> list[Point]:
    print(f"\n{title}\n{HEAD}", flush=True)
    points = []
    for question in QUESTIONS:
        require_same(question, pair.ours.base, pair.theirs.base)
        for connections in CONNECTIONS:
            points.append(_point(question, connections, pair, effort))
            print(points[-1], flush=True)
    return points


def _point(question: Question, connections: int, pair: Pair, effort: Effort) -> Point:
    servers = (pair.ours, pair.theirs)
    warm = {server: _warm(question, connections, server) for server in servers}
    taken: dict[Contender, list[Turn]] = {server: [] for server in servers}
    for _ in range(effort.turns):
        for server in servers:
            amount = round(warm[server].rate * effort.seconds)
            if amount >= connections:
                taken[server].append(ask(server.base, question, connections, {"amount": amount}))
    # Where one answer to each connection takes longer than a turn, the first ones are the turn.
    ours, theirs = (_middle(taken[server] or [warm[server]]) for server in servers)
    return Point(question, connections, ours, theirs)


def _warm(question: Question, connections: int, server: Contender) -> Turn:
    """Ask until a moment's worth has been answered.

    Turns are counted in requests, not in seconds: nobody is cut off, so no request of one turn
    keeps the server busy in the next one, which is the other's.
    """
    amount = max(connections, 32)
    while True:
        turn = ask(server.base, question, connections, {"amount": amount})
        if turn.seconds >= WARM_SECONDS:
            return turn
        amount *= 8


def _middle(turns: Sequence[Turn]) -> Turn:
    return sorted(turns, key=lambda turn: turn.rate)[len(turns) // 2]


def _memory(pair: Pair) -> dict[str, tuple[float, float]]:
    """MiB that each holds after few requests and after many, on top of what it answered before."""
    print(f"\nmemory, {MOVIES.name} with 32 connections\n{'':10}{FEW:>12,}{MANY:>12,}  requests")
    kept = {}
    for server in (pair.ours, pair.theirs):
        ask(server.base, MOVIES, 32, {"amount": FEW})
        few = server.resident()
        ask(server.base, MOVIES, 32, {"amount": MANY - FEW})
        kept[server.name] = few, server.resident()
        print(f"{server.name:10}{few:>8.1f} MiB{kept[server.name][1]:>8.1f} MiB", flush=True)
    return kept


def _judge(
    in_process: Sequence[Point],
    over_servers: Sequence[Point],
    kept: dict[str, tuple[float, float]],
) -> int:
    print()
    least = min(point.ratio for point in in_process if point.question is MOVIES)
    few, many = kept["ours"]
    shown = [
        _target(f"{MOVIES.name} in process, times Express", least, least=LEAST_IN_PROCESS),
        *(
            _target(
                f"{question.name} over the same servers, times Express (geometric mean)",
                math.exp(
                    statistics.fmean(
                        math.log(point.ratio)
                        for point in over_servers
                        if point.question is question
                    )
                ),
                least=LEAST_OVER_SERVERS,
            )
            for question in QUESTIONS
        ),
        _target(f"memory after {MANY:,}, times that after {FEW:,}", many / few, most=MOST_GROWTH),
    ]
    return int(not all(shown))


def _target(what: str, value: float, *, least: float = 0, most: float = math.inf) -> bool:
    reached = least <= value <= most
    bound = f"at least {least}" if least else f"at most {most}"
    print(f"{'✓' if reached else '✗'} {what}: {value:.2f} ({bound})")
    return reached


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
