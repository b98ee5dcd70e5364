"""Tracks: where lines that run beside each other go, so that none lies on another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TRACK = 12
_APART = 8
_CLEAR = 3
_OFFSETS = (0, 3, -3, 6, -6, 5, -5, 4, -4, 2, -2, 1, -1, 7, -7)


def tracks_of(spans: Iterable[tuple[float, float, int]]) -> dict[int, int]:
    """(From, to, whose) -> whose track; the short ones first, none where another one is."""
    tracks: list[list[tuple[float, float]]] = []
    found: dict[int, int] = {}
    for low, high, whose in sorted(spans, key=lambda span: (span[1] - span[0], span)):
        free = (
            number
            for number, taken in enumerate(tracks)
            if all(high + _APART < first or last + _APART < low for first, last in taken)
        )
        track = next(free, len(tracks))
        if track == len(tracks):
            tracks.append([])
        tracks[track].append((low, high))
        found[whose] = track
    return found


def beside(wanted: float, taken: Iterable[float]) -> float:
    """The height nearest to `wanted` at which no line of `taken` would be run along."""
    heights = tuple(taken)
    for offset in _OFFSETS:
        if all(abs(wanted + offset - height) >= _CLEAR for height in heights):
            return wanted + offset
    return wanted


def width_of(tracks: Mapping[int, int]) -> float:
    """How much room they take."""
    return TRACK * (max(tracks.values(), default=-1) + 1)
