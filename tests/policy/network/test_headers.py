"""The packet algebra, held against counting in a small space."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.proofs.headers import ANY, NONE, Packet, Packets, packets, union

SIDE = range(3)
SPACE = [Packet(*point) for point in itertools.product(SIDE, repeat=5)]
interval = st.tuples(st.sampled_from(SIDE), st.sampled_from(SIDE)).map(
    lambda pair: (min(pair), max(pair))
)
box = st.builds(
    lambda s, d, p, x, y: packets(
        sources=(s,), destinations=(d,), protocols=p, source_ports=x, destination_ports=y
    ),
    interval,
    interval,
    interval,
    interval,
    interval,
)
sets = st.lists(box, max_size=4).map(union)


def counted(chosen: Packets) -> set[Packet]:
    return {p for p in SPACE if p in chosen}


@given(sets, sets)
def test_the_operations_are_those_of_sets(a: Packets, b: Packets) -> None:
    assert counted(a & b) == counted(a) & counted(b)
    assert counted(a | b) == counted(a) | counted(b)
    assert counted(a - b) == counted(a) - counted(b)


@given(sets, sets)
def test_empty_and_subset_are_decided_exactly(a: Packets, b: Packets) -> None:
    assert bool(a) == bool(counted(a))
    assert a.issubset(b) == (counted(a) <= counted(b))


@given(sets)
def test_an_example_is_in_its_set_and_always_the_same(a: Packets) -> None:
    if not a:
        with pytest.raises(ValueError, match="empty"):
            a.example()
        return
    assert a.example() in a
    assert a.example() == Packets(tuple(reversed(a.boxes))).example()


@given(sets)
def test_replies_change_ends_and_ports(a: Packets) -> None:
    tcp_like = a & packets(protocols=(2, 2))
    assert counted(tcp_like.replies()) == {
        Packet(p.destination, p.source, p.protocol, p.destination_port, p.source_port)
        for p in counted(tcp_like)
    }


@given(sets)
def test_everything_and_nothing_are_neutral(a: Packets) -> None:
    assert counted(a & ANY) == counted(a | NONE) == counted(a)
    assert not a - ANY
    assert not a & NONE


def test_an_icmp_packet_is_shown_by_type_and_code() -> None:
    echo = Packet(1, 2, 1, 0, 8 * 256)
    assert echo.witness() == {
        "source": "0.0.0.1",
        "destination": "0.0.0.2",
        "protocol": "icmp",
        "icmp_type": 8,
        "icmp_code": 0,
    }
