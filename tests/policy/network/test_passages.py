"""What is shown of the flows agrees with what is proven of them, in every case there is."""

from __future__ import annotations

import pytest

from stackproof.aws.network import network_facts
from stackproof.model import Verdict
from stackproof.proofs.headers import packets, union
from stackproof.proofs.reach import passages
from stackproof.proofs.reach.passages import spelled
from stackproof.proofs.reach.traffic import permitted
from stackproof.selection import select
from tests.policy.network.world import CASES, CONTRACT, Case, case, decided, three_tiers

ALL = [
    Case("unchanged", three_tiers(), CONTRACT, {}, {}),
    *(case(path) for path in sorted(CASES.glob("*.yaml"))),
]


@pytest.mark.parametrize("changed", ALL, ids=lambda c: c.name)
def test_passages_and_claims_say_the_same(changed: Case) -> None:
    graph = changed.world.graph()
    facts, members = network_facts(graph), select(changed.contract, graph)
    found = {(p.source, p.to): p for p in passages(facts, changed.contract.network, members)}
    decisions = decided(graph, changed.contract)
    for claim, decision in decisions.items():
        kind, _, pair = claim.removeprefix("network.").partition(".")
        source, _, to = pair.partition("-to-")
        passage = found.get((source, to))
        if kind == "closed":
            assert (decision.verdict is Verdict.VIOLATED) == bool(passage and passage.excess), claim
            if decision.verdict is Verdict.UNPROVEN and not facts.not_modelled:
                assert passage, claim
                assert passage.perhaps, claim
        if kind == "flow" and decision.verdict is Verdict.PROVEN:
            assert passage, claim
            assert changed.contract.network
            declared = next(
                f.allow for f in changed.contract.network.flows if (f.source, f.to) == (source, to)
            )
            assert permitted(declared).issubset(permitted(passage.traffic)), claim


def test_a_passage_names_the_rules_and_routes_that_let_it_through() -> None:
    graph = three_tiers().graph()
    facts, members = network_facts(graph), select(CONTRACT, graph)
    found = {(p.source, p.to): p for p in passages(facts, CONTRACT.network, members)}
    names = [hop.urn.rpartition("::")[2] for hop in found["api", "database"].rules]
    assert names == [
        "api-to-database-27017-out",
        "private-out-200",
        "data-in-110",
        "api-to-database-27017-in",
    ]
    assert all(hop.location for hop in found["api", "database"].rules)
    outside = {hop.urn.rpartition("::")[2] for hop in found["api", "internet"].rules}
    assert {"to-nat-a", "to-nat-b"} <= outside


def test_without_a_contract_everything_is_excess() -> None:
    graph = three_tiers().graph()
    found = passages(network_facts(graph), None, select(CONTRACT, graph))
    assert found
    assert all(p.excess == p.traffic for p in found)


@pytest.mark.parametrize(
    "traffic",
    [
        (), ("all",), ("icmp",), ("tcp",), ("tcp/80",), ("tcp/80", "tcp/443"), ("udp/53",),
        ("tcp/1024-65535", "udp/1024-65535", "icmp"),
    ],
)  # fmt: skip
def test_traffic_is_spelled_as_a_contract_writes_it(traffic: tuple[str, ...]) -> None:
    assert spelled(permitted(traffic)) == traffic


def test_ports_that_join_are_one_range_and_other_protocols_are_named() -> None:
    joined = union([permitted(("tcp/80-90",)), permitted(("tcp/91-99",)), permitted(("tcp/85",))])
    assert spelled(joined) == ("tcp/80-99",)
    assert spelled(packets(protocols=(47, 47))) == ("other protocols",)
    assert spelled(packets(protocols=(6, 50))) == ("tcp", "udp", "other protocols")
