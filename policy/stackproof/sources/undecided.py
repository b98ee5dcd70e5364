"""What a source cannot see, put into the Graph so that nothing is proven in spite of it."""

from __future__ import annotations

from collections.abc import Iterable

from stackproof.model import Location, Resource

TYPE = "stackproof:source:Undecided"
"""Stands for resources that may exist, which depends on what nobody knows yet.

No family's facts know this type, so that every claim it might change is `unproven`.
"""


def resources(
    project: str, stack: str, notes: Iterable[tuple[str, int, str]]
) -> tuple[Resource, ...]:
    """One for each note: path and line in the program (or "" and 0), and what is the matter."""
    found = []
    for number, (path, line, why) in enumerate(sorted(set(notes)), 1):
        place = f"{path}:{line}" if path else "somewhere in the program"
        location = Location(path, line) if path else None
        found.append(
            Resource(
                urn=f"urn:pulumi:{stack}::{project}::{TYPE}::{number}",
                type=TYPE,
                name=place,
                inputs={"why": f"{why} ({place})"},
                location=location,
                call_stack=(location,) if location else (),
            )
        )
    return tuple(found)
