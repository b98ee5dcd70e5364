"""Sets of requests as unions of boxes, with exact difference.

A request has an action (in lower case), a resource, a principal and a value for every condition
key: each is a text. A Box allows each dimension a Language, independently; dimensions that it does
not name are free. Statements, contract grants and universes are Boxes, so allow-minus-deny and
containment are box subtraction: `a - b` is cut off dimension by dimension, and what is left is
again a union of boxes. An absent condition key is the text ABSENT.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stackproof.aws.values import ATOM_CLOSE, ATOM_OPEN
from stackproof.proofs.languages import Language

ACTION, RESOURCE, WHO = "action", "resource", "who"
ABSENT = f"{ATOM_OPEN}absent{ATOM_CLOSE}"
"""The value of a condition key that the request does not have."""

ASKER = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principaltype",
        "aws:username",
    }
)
"""Condition keys that say who asks, and follow from the principal."""

EVERYTHING = Language.everything()


class Box:
    """A product of languages, one a dimension; `sides` holds only those that are narrowed.

    `sources` says which statements made it, for evidence; it has no part in the algebra.
    """

    __slots__ = ("sides", "sources")

    def __init__(
        self, sides: Mapping[str, Language], sources: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.sides = dict(sides)
        self.sources = sources

    def side(self, dimension: str) -> Language:
        """The language of one dimension."""
        return self.sides.get(dimension, EVERYTHING)

    def is_empty(self) -> bool:
        """Whether no request is in it."""
        return any(side.is_empty() for side in self.sides.values())

    def narrowed(self, dimension: str, to: Language) -> Box:
        """The same box with one dimension intersected."""
        sides = dict(self.sides)
        sides[dimension] = sides[dimension] & to if dimension in sides else to
        return Box(sides, self.sources)

    def __and__(self, other: Box) -> Box:
        result = self
        for dimension, side in other.sides.items():
            result = result.narrowed(dimension, side)
        return result

    def without(self, dimensions: Iterable[str]) -> Box:
        """The same box with some dimensions set free."""
        dropped = set(dimensions)
        return Box({d: s for d, s in self.sides.items() if d not in dropped}, self.sources)

    def apart(self, other: Box) -> bool:
        """Whether a glance shows that no request is in both."""
        mine = self.sides
        return any(d in mine and mine[d].apart(side) for d, side in other.sides.items())

    def minus(self, other: Box) -> list[Box]:
        """The requests of this box that are not in `other`, as disjoint boxes."""
        if self.apart(other) or (self & other).is_empty():
            return [self]
        left: list[Box] = []
        rest = self
        for dimension, side in other.sides.items():
            outside = rest.side(dimension) - side
            if not outside.is_empty():
                left.append(Box({**rest.sides, dimension: outside}, self.sources))
            rest = rest.narrowed(dimension, side)
        return left

    def contains(self, request: Mapping[str, str]) -> bool:
        """Whether a request, a text for each dimension, is in it. Keys not given are absent."""
        return all(request.get(d, ABSENT) in side for d, side in self.sides.items())


def subtract(boxes: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """What is in one of `boxes` and in none of `others`."""
    left = [box for box in boxes if not box.is_empty()]
    for other in others:
        left = [piece for box in left for piece in box.minus(other)]
    return left


def intersect(boxes: Iterable[Box], others: Sequence[Box]) -> list[Box]:
    """What is in one of `boxes` and in one of `others`."""
    both = (a & b for a in boxes for b in others if not a.apart(b))
    return [box for box in both if not box.is_empty()]
