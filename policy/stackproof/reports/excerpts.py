"""One line of the program for each violation: what a person would open the file to see."""

from __future__ import annotations

import functools
from pathlib import Path

from stackproof.model import Location

_LARGEST = 1024 * 1024
"""Bytes. Nobody reads a line of a larger file by its number."""


class Excerpts:
    """Reads lines of the files below `root`, and of no others."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._lines = functools.cache(self._read)

    def __call__(self, location: Location) -> str | None:
        """The line at `location` without its indentation; None where there is nothing to show."""
        lines = self._lines(location.path)
        if not 0 < location.line <= len(lines):
            return None
        return lines[location.line - 1].strip() or None

    def _read(self, shown: str) -> list[str]:
        try:
            path = (self._root / shown).resolve()
            # A report may come from anywhere, and must not show what is outside the project.
            if not path.is_relative_to(self._root) or path.stat().st_size > _LARGEST:
                return []
            # Not splitlines(): Python counts a line where an editor does.
            return path.read_text(encoding="utf-8", errors="replace").split("\n")
        except (OSError, ValueError):
            return []
