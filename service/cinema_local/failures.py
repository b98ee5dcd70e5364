"""How a part of the whole fails."""

from __future__ import annotations

from pathlib import Path

from cinema_local.processes import last_lines


class ComponentError(Exception):
    """A part ended or never began. `tail` is the end of its log."""

    def __init__(self, part: str, how: str, log: Path) -> None:
        super().__init__(f"{part} {how}")
        self.log = log
        self.tail = last_lines(log)
