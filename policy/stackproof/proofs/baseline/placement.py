"""Without a contract, what goes on after the loss of a zone: whatever is in several.

`baseline.zones.NAME`   of the Auto Scaling group something is left, and it, or the load balancer,
                        still reaches and is reached as before.

What is in one zone only promises nothing, and neither does a group whose smallest size is 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

import msgspec

from stackproof.aws.network import NetworkFacts
from stackproof.aws.network.facts import Interface
from stackproof.aws.placement import PlacementFacts
from stackproof.contract import Flow, Keep
from stackproof.model import Decision, Evidence, Family, Graph, Kinds, Obligation, Verdict
from stackproof.proofs.placement import Exists, goes_on, is_left
from stackproof.selection import INTERNET, Members


class _World(NamedTuple):
    """What a claim is decided on."""

    facts: PlacementFacts
    network: NetworkFacts
    without: Callable[[str], NetworkFacts]
    members: Mapping[str, Members]
    exists: Exists


def obligations(
    facts: PlacementFacts, network: NetworkFacts, graph: Graph, exists: Exists
) -> list[Obligation]:
    """The claims about everything of `graph` that is in several zones."""
    members = {INTERNET: Members(INTERNET, cidrs=("0.0.0.0/0", "::/0"))}
    resources = graph.by_urn()
    names: dict[str, str] = {}
    for urn in sorted({*facts.fleets, *_balancers(network)}):
        # Two resources of one name are two ends: the second is told apart by its number.
        name = facts.names[urn]
        names[urn] = name if name not in members else f"{name}#{len(members)}"
        members[names[urn]] = Members(names[urn], (resources[urn],))
    world = _World(facts, network, cache(network.without_zone), members, exists)
    found = []
    for urn, fleet in facts.fleets.items():
        if (fleet.minimum or fleet.unknown) and len(fleet.zones) != 1:
            flows = [Flow(names[urn], INTERNET, ("tcp/443",)), *_served(network, urn, names)]
            found.append(_obligation(world, names[urn], Keep(instances=1), flows))
    for urn, listed in _balancers(network).items():
        zones = {network.subnet[i.subnet].zone for i in listed if i.subnet in network.subnet}
        if len(zones) > 1:
            flows = _offered(network, urn, names, public=any(i.public for i in listed))
            found.append(_obligation(world, names[urn], None, flows))
    return found


def _obligation(world: _World, name: str, keep: Keep | None, flows: Sequence[Flow]) -> Obligation:
    return Obligation(
        f"baseline.zones.{name}",
        Family.PLACEMENT,
        f"{name} goes on after the loss of any zone",
        partial(_goes_on, world, name, keep, tuple(dict.fromkeys(flows))),
    )


def _balancers(network: NetworkFacts) -> dict[str, list[Interface]]:
    found: dict[str, list[Interface]] = {}
    for interface in network.interfaces:
        if interface.kind == "load-balancer":
            found.setdefault(interface.owner, []).append(interface)
    return found


def _served(network: NetworkFacts, fleet: str, names: Mapping[str, str]) -> Iterator[Flow]:
    """From each load balancer to the group, on the ports of its target groups."""
    for group in network.target_groups:
        ports = {p or group.port for urn, p in group.targets if urn == fleet}
        for listener in network.listeners:
            if group.urn in listener.forwards and listener.load_balancer in names:
                for port in sorted(p for p in ports if p):
                    yield Flow(names[listener.load_balancer], names[fleet], (f"tcp/{port}",))


def _offered(
    network: NetworkFacts, balancer: str, names: Mapping[str, str], *, public: bool
) -> list[Flow]:
    """From the internet to the load balancer, on the ports that it listens on."""
    ports = sorted({x.port for x in network.listeners if x.load_balancer == balancer and x.port})
    allow = tuple(f"tcp/{port}" for port in ports)
    return [Flow(INTERNET, names[balancer], allow)] if public and allow else []


def _mended(flow: Flow, decision: Decision) -> Decision:
    """The decision with a mend that speaks of no contract."""
    if decision.verdict is not Verdict.VIOLATED:
        return decision
    mend = f"Let {flow.source} reach {flow.to} through another zone too."
    return msgspec.structs.replace(decision, mend=mend)


def _goes_on(world: _World, name: str, keep: Keep | None, flows: tuple[Flow, ...]) -> Decision:
    """Without a contract: what is in several zones goes on after the loss of any one.

    Of an Auto Scaling group something is left, and it still reaches the internet and is reached
    by its load balancer, where it does so today. A load balancer still reaches targets. What is in
    one zone promises nothing, and neither does a group whose smallest size is 0.

    ## What AWS does

    An Auto Scaling group balances over its zones as far as it can, which is a best effort: two
    instances may stand in one zone (Amazon EC2 Auto Scaling User Guide, "Auto Scaling group
    Availability Zone distribution"). A NAT gateway lives in one zone, and a route of another zone
    to it ends with it (Amazon VPC User Guide, "NAT gateway basics").

    ## Fails

    ```python
    batch = aws.ec2.LaunchTemplate("batch", vpc_security_group_ids=[database_group.id])
    other = aws.ec2.Subnet(
        "batch", vpc_id=vpc.id, cidr_block="10.0.20.0/24", availability_zone="us-east-1a"
    )
    aws.autoscaling.Group(
        "batch",
        min_size=1,
        max_size=2,
        vpc_zone_identifiers=[other.id, back.id],
        launch_template={"id": batch.id},
    )
    ```

    `baseline.zones.batch`

    ## Mend

    Raise the group's smallest size and let it be `balanced-only`; give every zone a NAT gateway
    of its own.
    """
    facts, members = world.facts, world.members
    decisions = [] if keep is None else [is_left(facts, members[name], keep)]
    # Only what passes today is promised to pass tomorrow.
    decisions += [
        _mended(flow, goes_on(facts, world.without, flow, members, world.exists))
        for flow in flows
        if world.exists(world.network, flow, members).verdict is Verdict.PROVEN
    ]
    for verdict in (Verdict.VIOLATED, Verdict.UNPROVEN):
        for decision in decisions:
            if decision.verdict is verdict:
                return decision
    hops = tuple(hop for decision in decisions for hop in decision.evidence.hops)
    told = "; ".join(d.evidence.summary for d in decisions) or "nothing passes to it today"
    own = tuple(r.urn for r in members[name].resources)
    return Decision(Verdict.PROVEN, Evidence("exhaustive", told, hops=hops), own)


KINDS: Kinds = {"baseline.zones": _goes_on}
