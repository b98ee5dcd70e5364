"""Boxes and arrows: what a layout is made of, and what a drawing is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Point: TypeAlias = tuple[float, float]
BoxKind: TypeAlias = Literal["zone", "vpc", "tier", "subnet", "group", "member", "fixture", "node"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle. `name` is what it stands for: a group, a zone, a tier's key, or a URN."""

    kind: BoxKind
    name: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...] = ()

    @property
    def right(self) -> float:
        """Its end."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower end."""
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Arrow:
    """The way of one edge, by its number, between two boxes of the layout, by theirs."""

    edge: int
    source: int
    target: int
    points: tuple[Point, ...]
    label: Point
    anchor: Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything with its place. A box comes before what stands in it."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


def tidy(points: list[Point]) -> tuple[Point, ...]:
    """The same way without points that are on a straight line, in tenths."""
    rounded = [(round(x, 1), round(y, 1)) for x, y in points]
    kept: list[Point] = []
    for number, point in enumerate(rounded):
        if kept and point == kept[-1]:
            continue
        following = rounded[number + 1] if number + 1 < len(rounded) else None
        if kept and following is not None and _between(kept[-1], point, following):
            continue
        kept.append(point)
    return tuple(kept)


def _between(a: Point, b: Point, c: Point) -> bool:
    return (a[0] == b[0] == c[0] and min(a[1], c[1]) <= b[1] <= max(a[1], c[1])) or (
        a[1] == b[1] == c[1] and min(a[0], c[0]) <= b[0] <= max(a[0], c[0])
    )
