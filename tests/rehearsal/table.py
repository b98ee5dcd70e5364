"""The findings of a rehearsal as text that an 80-column terminal shows whole."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tests.rehearsal.rehearsal import Findings
from tests.rehearsal.services import KINDS

WIDTH = 80


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False,
        break_long_words=True,
    )  # fmt: skip


def _short(type_: str) -> str:
    module, _, name = type_.removeprefix("aws:").partition("/")
    return f"{module}.{name.rpartition(':')[2]}"


def _table(findings: Findings) -> Iterator[str]:
    yield f"  {'type':<46}{'made':>7}{'read':>7}{'compared':>11}"
    total = [0, 0, 0]
    for type_, row in sorted(findings.compared.items()):
        numbers = (findings.created[type_], row.read, row.compared)
        total = [sum(pair) for pair in zip(total, numbers, strict=True)]
        yield "  {:<46.46}{:>7}{:>7}{:>11}".format(_short(type_), *numbers)
    yield "  {:<46}{:>7}{:>7}{:>11}".format(f"{len(findings.compared)} types", *total)


def _unsaid(findings: Findings) -> Iterator[str]:
    for type_, row in sorted(findings.compared.items()):
        silent = sorted(row.unsaid | row.echoed)
        if silent:
            yield from _wrapped(f"{_short(type_)}: {', '.join(silent)}")
        for name, why in sorted(KINDS[type_].untold.items()):
            if name not in silent:
                yield from _wrapped(f"{_short(type_)}: {name} ({why})")


def lines(findings: Findings) -> Iterator[str]:
    """Everything that was found, problems last."""
    yield f"rehearsal of {findings.stack} against an emulator of AWS, not AWS"
    yield ""
    yield "  made: by the engine, through a call that the emulator took"
    yield "  read: found again by asking for it"
    yield "  compared: attributes held against the Graph of the same program"
    yield ""
    yield from _table(findings)
    yield ""
    yield "only echoed: the emulator was not asked"
    echoed = [f"{_short(type_)} ({count})" for type_, count in sorted(findings.echoed.items())]
    yield from _wrapped(", ".join(echoed) or "nothing")
    yield ""
    yield "not compared: the emulator says nothing of them"
    yield from list(_unsaid(findings)) or ["  nothing"]
    yield ""
    if findings.left:
        yield f"left by `destroy` on purpose: {len(findings.left)}"
        for one in findings.left:
            yield from _wrapped(one)
        yield ""
    for title, seconds in findings.phases:
        yield f"  {seconds:5.1f} s  {textwrap.shorten(title, WIDTH - 14, placeholder='...')}"
    yield ""
    if findings.problems:
        yield f"{len(findings.problems)} problems"
        for problem in findings.problems:
            yield from _wrapped(problem)
    else:
        yield ("green: made, agreed with the Graph, unchanged by a second `up`, changed only as")
        yield "expected, and gone"
