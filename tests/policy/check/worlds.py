"""Graphs, contracts and families made up for tests of what holds for every family."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from stackproof import check as checking
from stackproof.check import Report, check
from stackproof.contract import Contract, Events, Group, Identity, Network, Waiver
from stackproof.families import Limits, Proof
from stackproof.model import (
    Decision,
    Evidence,
    Family,
    Graph,
    Hop,
    NotModelled,
    Obligation,
    Verdict,
)
from tests.policy import graphs

TODAY = dt.date(2026, 11, 24)
LATER = dt.date(2027, 3, 31)

INSTANCE = "aws:ec2/instance:Instance"
DATABASE = graphs.urn(INSTANCE, "database-a")
BASTION = graphs.urn(INSTANCE, "bastion")

GRAPH: Graph = graphs.graph(
    graphs.resource(INSTANCE, "database-a"), graphs.resource(INSTANCE, "bastion")
)

FLOW = "network.flow.internet-to-load-balancer"
CLOSED = "network.closed.internet-to-database"
GRANT = "identity.grant.api.0"


def proven(*resources: str) -> Decision:
    return Decision(
        Verdict.PROVEN, Evidence("exhaustive", "every packet was checked"), tuple(resources)
    )


def violated(*resources: str) -> Decision:
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            "tcp/27017 from 198.51.100.7 to database-a passes",
            {"protocol": "tcp", "source": "198.51.100.7", "destination_port": 27017},
            (
                Hop("the internet gateway admits it"),
                Hop("security group database has a rule for 0.0.0.0/1", urn=DATABASE),
                Hop("network ACL database has no entry for the reply", permits=False),
            ),
        ),
        resources or (DATABASE,),
        "Remove the ingress rule, or declare the flow in the contract.",
    )


def unproven(*resources: str) -> Decision:
    return Decision(
        Verdict.UNPROVEN,
        Evidence("unknown", "the condition aws:PrincipalTag/team cannot be decided"),
        resources,
        "Name the role in the policy instead.",
    )


def claim(id_: str, decide: Callable[[], Decision], family: Family = Family.NETWORK) -> Obligation:
    return Obligation(id_, family, f"{id_.rsplit('.', 1)[-1]} is as declared", decide)


def family(
    *obligations: Obligation,
    of: Family = Family.NETWORK,
    section: str = "network",
    not_modelled: tuple[NotModelled, ...] = (),
    assumptions: tuple[str, ...] = (),
) -> Proof:
    return Proof(
        of,
        section,
        f"{section}.facts",
        lambda _: Limits(not_modelled, assumptions),
        lambda _: list(obligations),
    )


def contract(*waivers: Waiver) -> Contract:
    return Contract(
        groups={"database": Group(type=INSTANCE, name="database-*")},
        network=Network(),
        identity=Identity(),
        events=Events(),
        waivers=waivers,
    )


def report(
    monkeypatch: pytest.MonkeyPatch,
    *families: Proof,
    graph: Graph = GRAPH,
    waivers: tuple[Waiver, ...] = (),
) -> Report:
    """What `check` says when these are all the families there are."""
    monkeypatch.setattr(checking, "FAMILIES", families)
    return check(graph, contract(*waivers), today=TODAY)


def verdicts(found: Report) -> dict[str, str]:
    return {claim.id: claim.verdict.value for claim in found.claims}
