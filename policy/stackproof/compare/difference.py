"""The words of a difference: what changed in meaning between two evaluated architectures."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from stackproof.model import Hop

DIFFERENCE_VERSION = 1


class Section(StrEnum):
    """The questions that both architectures are asked, in the order of reports."""

    EXPOSURE = "exposure"
    FLOWS = "flows"
    GUARDS = "guards"
    PERMISSIONS = "permissions"
    TRIGGERS = "triggers"
    ZONES = "zones"
    CLAIMS = "claims"
    CONTRACT = "contract"


class Effect(StrEnum):
    """In which direction a change goes, for those who guard a branch."""

    WIDENED = "widened"
    """Something is possible that was not, or something is protected no longer."""
    NARROWED = "narrowed"
    """Something is possible no longer, or protected now."""
    CHANGED = "changed"
    """Neither: it is another than before."""
    UNDECIDED = "undecided"
    """It may have widened: a value that decides it is not known on one side or the other."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is other than before.

    `witness` is a packet, a request, a zone, an event or a cycle: possible on one side (`side`) and
    not on the other. `hops` lead through it where it is possible, `blocked_by` is what stops it on
    the other side; of a guard, what stops it all the same.
    """

    section: Section
    effect: Effect
    word: str
    """`opened`, `closed`, `gained`, `lost`...: what happened to the subject."""
    subject: str
    """What it is about: `internet to database`, a principal, a group, a claim's id."""
    what: str
    """One sentence."""
    before: str = ""
    after: str = ""
    also: tuple[str, ...] = ()
    """Of a flow that is open to the internet: the other sources that may send it too."""
    witness: dict[str, object] = msgspec.field(default_factory=dict)
    hops: tuple[Hop, ...] = ()
    blocked_by: tuple[Hop, ...] = ()
    side: Literal["base", "head"] = "head"
    """On which side the witness is possible."""
    unknown: tuple[str, ...] = ()
    """Of what is undecided: what is not known."""


class Renamed(msgspec.Struct, frozen=True, order=True):
    """A resource that is called something else and is taken for the same one."""

    type: str
    before: str
    after: str
    because: str


class Compared(msgspec.Struct, frozen=True):
    """One of the two architectures. `name` is its revision or its file."""

    name: str
    project: str
    stack: str
    source: str
    resources: int


class Summary(msgspec.Struct, frozen=True):
    """How many changes go in which direction."""

    widened: int = 0
    narrowed: int = 0
    changed: int = 0
    undecided: int = 0


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What changes from BASE to HEAD. Sorted throughout: the same input gives the same bytes."""

    version: int = DIFFERENCE_VERSION
    base: Compared
    head: Compared
    summary: Summary
    changes: tuple[Change, ...]
    """By section, the widened first."""
    renamed: tuple[Renamed, ...] = ()
    """No change by itself."""
    unknown_alike: tuple[str, ...] = ()
    """What is not known on either side, in the same way: it is taken for the same."""
    notes: tuple[str, ...] = ()
    """What could not be compared at all, and what the comparison takes for granted."""

    @property
    def none(self) -> bool:
        """Whether nothing changes in meaning."""
        return not self.changes

    @property
    def widened(self) -> bool:
        """Whether something is opened, gained or protected no longer, or may be."""
        return bool(self.summary.widened or self.summary.undecided)

    def of(self, section: Section) -> tuple[Change, ...]:
        """The changes of one section."""
        return tuple(change for change in self.changes if change.section is section)


_ORDER = list(Effect)
_SECTIONS = list(Section)


def in_order(changes: list[Change]) -> tuple[Change, ...]:
    """By section, then what widened, then by name; what is said twice is said once."""
    distinct = {msgspec.json.encode(c, order="deterministic"): c for c in changes}
    return tuple(
        change
        for _, change in sorted(
            distinct.items(),
            key=lambda pair: (
                _SECTIONS.index(pair[1].section),
                _ORDER.index(pair[1].effect),
                pair[1].subject,
                pair[1].what,
                pair[0],
            ),
        )
    )


def counted(changes: tuple[Change, ...]) -> Summary:
    """How many of `changes` go in which direction."""
    effects = [change.effect for change in changes]
    return Summary(**{effect.value: effects.count(effect) for effect in Effect})
