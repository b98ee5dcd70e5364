"""What is wrong in a contract, and where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import TypeAlias

import msgspec

Key: TypeAlias = "tuple[str | int, ...]"
"""The way to a value: `("network", "flows", 0, "from")`."""

_SHOWN = 12
"""Names listed in a message; more would hide what it says."""


class Place(msgspec.Struct, frozen=True, order=True):
    """A character of a contract file; lines and columns count from 1."""

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong. `key` is dotted: `network.flows[0].from`."""

    place: Place
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.place}: {self.key}" if self.key else str(self.place)
        return f"{where}: {self.message}"


class ContractError(Exception):
    """The contract cannot be used. Everything found wrong is in `problems`, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


def dotted(key: Key) -> str:
    """`("network", "flows", 0)` as `network.flows[0]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return text.removeprefix(".")


def meant(word: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown `word`: what was perhaps meant, or what there is."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    if not known:
        return ""
    shown = ", ".join(sorted(known)[:_SHOWN]) + (", ..." if len(known) > _SHOWN else "")
    return f"; known: {shown}"
