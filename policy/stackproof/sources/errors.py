"""What a source says when it cannot give a Graph."""

from __future__ import annotations


class SourceError(Exception):
    """One sentence or two for people: what is wrong, where, and how to mend it."""
