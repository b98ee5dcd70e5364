"""How many instances of an Auto Scaling group serve after the loss of a zone, at worst."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.aws.placement import Fleet

ZONES = ("a", "b", "c", "d")


def spreads(total: int, zones: int) -> list[tuple[int, ...]]:
    """Every way to put `total` instances into `zones` zones."""
    return [s for s in product(range(total + 1), repeat=zones) if sum(s) == total]


def even(spread: tuple[int, ...]) -> bool:
    return max(spread) - min(spread) <= 1


def possible(spread: tuple[int, ...], *, balanced: bool) -> bool:
    """Even, or (best effort) even but for one zone that had no capacity and has none."""
    if even(spread):
        return True
    return not balanced and any(
        count == 0 and even(spread[:at] + spread[at + 1 :])
        for at, count in enumerate(spread)
        if len(spread) > 1
    )


@given(
    zones=st.integers(1, 4),
    total=st.integers(0, 6),
    balanced=st.booleans(),
    steady=st.booleans(),
    served=st.none() | st.frozensets(st.sampled_from(ZONES)),
)
def test_the_worst_spread_is_the_worst_of_all_that_are_possible(
    zones: int, total: int, *, balanced: bool, steady: bool, served: frozenset[str] | None
) -> None:
    names = ZONES[:zones]
    fleet = Fleet("urn", names, total, balanced, steady, served)
    allowed = [s for s in spreads(total, zones) if not steady or possible(s, balanced=balanced)]

    for lost in names:
        worst = min(
            sum(
                n
                for name, n in zip(names, spread, strict=True)
                if name != lost and (served is None or name in served)
            )
            for spread in allowed
        )
        assert fleet.left_without(lost) == worst


@pytest.mark.parametrize(
    ("zones", "minimum", "balanced", "left"),
    [
        (3, 3, True, 2),
        (3, 3, False, 1),  # best effort: they may stand 2 + 1
        (3, 4, False, 2),  # a larger minimum does it as well
        (2, 3, True, 1),
        (1, 3, True, 0),
    ],
)
def test_three_instances(zones: int, minimum: int, *, balanced: bool, left: int) -> None:
    assert Fleet("urn", ZONES[:zones], minimum, balanced).left_without("a") == left
