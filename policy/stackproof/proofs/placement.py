"""The loss of any one zone, simulated: what is left of each group, and which flows go on.

For every zone, what lives there is taken away; what is left is counted in the worst spread that
Auto Scaling could show, and every declared flow is proven again on what is left of the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import TypeAlias

import msgspec

from stackproof.aws.network import NetworkFacts
from stackproof.aws.placement import PlacementFacts
from stackproof.contract import Contract, Flow, Keep
from stackproof.model import Decision, Evidence, Family, Hop, Kinds, Obligation, Verdict
from stackproof.selection import Members

Exists: TypeAlias = Callable[[NetworkFacts, Flow, Mapping[str, Members]], Decision]
"""`proofs.reach.flow_exists`."""


def obligations(
    facts: PlacementFacts,
    network: NetworkFacts,
    contract: Contract,
    members: Mapping[str, Members],
    exists: Exists,
) -> list[Obligation]:
    """The claims about the loss of a zone; none when the contract has no `availability`."""
    availability = contract.availability
    if availability is None:
        return []
    found = [
        Obligation(
            f"availability.keep.{group}",
            Family.PLACEMENT,
            f"{_promise(keep)} of {group} is left after the loss of any zone",
            partial(is_left, facts, members[group], keep),
        )
        for group, keep in availability.keep.items()
    ]
    if availability.flows is None or contract.network is None:
        return found
    excepted = {(e.source, e.to) for e in availability.flows.exceptions}
    without = cache(network.without_zone)
    found += [
        Obligation(
            f"availability.flows.{flow.source}-to-{flow.to}",
            Family.PLACEMENT,
            f"{flow.source} reaches {flow.to} after the loss of any zone",
            partial(goes_on, facts, without, flow, members, exists),
        )
        for flow in _together(contract.network.flows)
        if (flow.source, flow.to) not in excepted
    ]
    return found


def _together(flows: Iterable[Flow]) -> list[Flow]:
    """One flow for each pair of groups, with all that it allows."""
    allow: dict[tuple[str, str], tuple[str, ...]] = {}
    for flow in flows:
        pair = flow.source, flow.to
        allow[pair] = (*allow.get(pair, ()), *flow.allow)
    return [Flow(source, to, what) for (source, to), what in allow.items()]


def _promise(keep: Keep) -> str:
    return "a majority" if keep.quorum else f"at least {keep.instances}"


def _unproven(summary: str, resources: tuple[str, ...], mend: str) -> Decision:
    return Decision(Verdict.UNPROVEN, Evidence("unknown", summary), resources, mend)


# ── what is left ────────────────────────────────────────────────────────────────────────────────


def is_left(facts: PlacementFacts, members: Members, keep: Keep) -> Decision:
    """After the loss of any one zone, enough of a group is left.

    Every zone is taken away in turn. A number is counted in the worst spread that Auto Scaling
    could show; a majority is that of the declared voters.

    ## What AWS does

    An Auto Scaling group balances over its zones as far as it can, which is a best effort:
    three instances may stand two and one (Amazon EC2 Auto Scaling User Guide, "Auto Scaling
    group Availability Zone distribution"). A load balancer reaches only zones in which it has a
    subnet (User Guide for Application Load Balancers, "Availability Zones").

    ## Fails

    Two members in two zones have no majority without either.

    ```yaml
    availability:
      keep:
        database: {quorum: majority}
    ```

    `availability.keep.database`

    ## Mend

    Run one more, in a zone of its own; for an Auto Scaling group raise its minimum or let it be
    `balanced-only`.
    """
    urns = [r.urn for r in members.resources]
    if not urns:
        return _unproven(
            f"{members.group} has no resources in this stack, so nothing of it is counted",
            (),
            f"Let group {members.group} select instances or Auto Scaling groups.",
        )
    open_question = _undecided(facts, urns, keep)
    if open_question is not None:
        return open_question
    total = _left(facts, urns, "")
    needed = total // 2 + 1 if keep.quorum else keep.instances or 0
    zones = facts.zones or ("",)
    left = {zone: _left(facts, urns, zone) for zone in zones}
    worst = min(zones, key=lambda zone: (left[zone], zone))
    hops = tuple(
        Hop(f"without {zone}: {left[zone]} of {total} left", permits=left[zone] >= needed)
        for zone in zones
    )
    if left[worst] >= needed:
        return Decision(
            Verdict.PROVEN,
            Evidence(
                "exhaustive",
                f"without {worst}, the worst loss, {left[worst]} of {total} are left and {needed} "
                "are needed",
                hops=hops,
            ),
            tuple(urns),
        )
    dying = _dying(facts, urns, worst)
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"the loss of {worst} leaves {left[worst]} of {total} of {members.group}; {needed} are "
            "needed",
            {
                "zone": worst,
                "left": left[worst],
                "of": total,
                "needed": needed,
                "dies": [facts.names[urn] for urn in dying],
            },
            hops,
        ),
        tuple(dict.fromkeys((*dying, *urns))),
        _mend(facts, members, keep, needed),
    )


def _undecided(facts: PlacementFacts, urns: list[str], keep: Keep) -> Decision | None:
    for urn in urns:
        placed = facts.machines.get(urn) or facts.fleets.get(urn)
        name = facts.names[urn]
        if placed is None and urn not in facts.regional:
            return _unproven(
                f"what is left of {name} after the loss of a zone is not modelled",
                (urn,),
                "Keep only instances, Auto Scaling groups and what AWS runs in the whole region.",
            )
        if placed is not None and placed.unknown:
            return _unproven(
                placed.unknown, (urn,), "Name the zone of its subnet, and its size, as known text."
            )
        if keep.quorum and urn not in facts.machines:
            return _unproven(
                f"{name} is no fixed set of voters, so there is no majority of it",
                (urn,),
                "Declare voting members as instances, one each.",
            )
    if facts.disturbing:
        item = facts.disturbing[0]
        return _unproven(
            f"{facts.names.get(item.urn, item.urn)} could change what runs in a zone: {item.why}",
            tuple(i.urn for i in facts.disturbing),
            "Remove it, or declare it with a type that is modelled.",
        )
    return None


def _left(facts: PlacementFacts, urns: list[str], zone: str) -> int:
    """How many are left without `zone`; all of them without none (the empty zone)."""
    count = 0
    for urn in urns:
        if urn in facts.fleets:
            fleet = facts.fleets[urn]
            count += fleet.left_without(zone) if zone else fleet.minimum
        elif urn in facts.machines:
            count += zone not in facts.machines[urn].zones
        else:
            count += 1
    return count


def _dying(facts: PlacementFacts, urns: list[str], zone: str) -> list[str]:
    return [
        urn
        for urn in urns
        if (urn in facts.machines and zone in facts.machines[urn].zones)
        or (
            urn in facts.fleets and facts.fleets[urn].left_without(zone) < facts.fleets[urn].minimum
        )
    ]


def _mend(facts: PlacementFacts, members: Members, keep: Keep, needed: int) -> str:
    if keep.quorum:
        return (
            f"Run an odd number of voters of {members.group}, three at least, each in a zone of "
            "its own."
        )
    fleets = [facts.fleets[r.urn] for r in members.resources if r.urn in facts.fleets]
    if not fleets:
        return f"Spread {members.group} so that any zone may go and {needed} are left."
    first = fleets[0]
    name = facts.names[first.urn]
    if first.served is not None and not first.served >= {*first.zones}:
        return f"Give the load balancer in front of {name} a subnet in every zone of the group."
    if not first.balanced:
        return (
            f"Let {name} use capacityDistributionStrategy 'balanced-only', spread it over more "
            "zones, or raise its minSize."
        )
    return f"Spread {name} over more zones, or raise its minSize."


# ── which flows go on ───────────────────────────────────────────────────────────────────────────


def goes_on(
    facts: PlacementFacts,
    without: Callable[[str], NetworkFacts],
    flow: Flow,
    members: Mapping[str, Members],
    exists: Exists,
) -> Decision:
    """After the loss of any one zone, a declared flow still exists.

    The network without what lives in the zone is proven again, as `network.flow` is.

    ## What AWS does

    Instances, subnets and NAT gateways live in one zone; a route to a NAT gateway of a lost
    zone leads nowhere (Amazon VPC User Guide, "NAT gateway basics"). Zone names differ between
    accounts, zone ids do not (AWS Resource Access Manager User Guide, "Availability Zone IDs").

    ## Fails

    A cache in one zone.

    ```python
    aws.ec2.Instance(
        "cache",
        ami="ami-12345678",
        instance_type="t3.small",
        subnet_id=back.id,
        vpc_security_group_ids=[database_group.id],
    )
    ```

    ```yaml
    groups:
      cache: {type: "aws:ec2/instance:Instance", name: cache}
    network:
      flows:
        - {from: web, to: cache, allow: [tcp/5432]}
    ```

    `availability.flows.web-to-cache`

    ## Mend

    Give the flow an end in a second zone, or accept under `availability.flows.except` that it
    dies with its zone, with the reason.
    """
    if facts.nowhere:
        names = ", ".join(facts.names[urn] for urn in facts.nowhere)
        return _unproven(
            f"the zone of {names} is not known, so what dies with a zone is not either",
            facts.nowhere,
            "Give every subnet an availabilityZone as known text.",
        )
    if not facts.zones:
        return _unproven(
            "no zone is known in this stack",
            (),
            "Declare subnets with their availabilityZone.",
        )
    hops: list[Hop] = []
    doubts: list[Decision] = []
    for zone in facts.zones:
        after = exists(without(zone), flow, members)
        if after.verdict is Verdict.VIOLATED:
            return _dead(facts, flow, zone, after, _gone(without, zone, flow, members))
        if after.verdict is Verdict.UNPROVEN:
            doubts.append(after)
        hops.append(Hop(f"without {zone}: {after.evidence.summary}"))
    if doubts:
        return doubts[0]
    return Decision(
        Verdict.PROVEN,
        Evidence(
            "exhaustive",
            f"{', '.join(flow.allow)} still passes without any one of {len(facts.zones)} zones",
            hops=tuple(hops),
        ),
    )


def _gone(
    without: Callable[[str], NetworkFacts], zone: str, flow: Flow, members: Mapping[str, Members]
) -> tuple[str, ...]:
    """The ends of the flow that have no interface left without `zone`, and had one."""
    ends = (r.urn for group in (flow.source, flow.to) for r in members[group].resources)
    before, after = without(""), without(zone)
    return tuple(
        urn
        for urn in dict.fromkeys(ends)
        if before.interfaces_of(frozenset({urn})) and not after.interfaces_of(frozenset({urn}))
    )


def _dead(
    facts: PlacementFacts, flow: Flow, zone: str, after: Decision, gone: tuple[str, ...]
) -> Decision:
    blame = tuple(urn for urn in (*after.resources, *gone) if urn in facts.names)
    return Decision(
        Verdict.VIOLATED,
        Evidence(
            "witness",
            f"the loss of {zone} ends {flow.source} to {flow.to}: {after.evidence.summary}",
            {
                **after.evidence.witness,
                "zone": zone,
                "dies": [facts.names[urn] for urn in gone if urn in facts.names],
            },
            after.evidence.hops,
        ),
        tuple(dict.fromkeys(blame)),
        f"Let {flow.source} reach {flow.to} through another zone too, or accept under "
        f"availability.flows.except that it dies with {zone}. {after.mend}",
    )


KINDS: Kinds = {"availability.keep": is_left, "availability.flows": goes_on}


# ── what the loss of each zone comes to, to be shown and not judged ─────────────────────────────


class Aftermath(msgspec.Struct, frozen=True):
    """What is left of one promise without one zone. `holds` is None where that is not decided."""

    claim: str
    """The id of the claim that judges it; empty for what the contract excepts."""
    subject: str
    needed: str
    zone: str
    left: str
    holds: bool | None


def aftermaths(
    facts: PlacementFacts,
    network: NetworkFacts,
    contract: Contract,
    members: Mapping[str, Members],
    exists: Exists,
) -> Iterator[Aftermath]:
    """Every promise of `availability` without each zone, and what it excepts; by promise."""
    availability = contract.availability
    if availability is None:
        return
    for group, keep in availability.keep.items():
        urns = [r.urn for r in members[group].resources]
        total = _left(facts, urns, "")
        needed = total // 2 + 1 if keep.quorum else keep.instances or 0
        open_ = not urns or _undecided(facts, urns, keep) is not None
        for zone in facts.zones:
            left = _left(facts, urns, zone)
            yield Aftermath(
                f"availability.keep.{group}",
                group,
                f"{_promise(keep)} of {total}",
                zone,
                "not decided" if open_ else f"{left} of {total}",
                None if open_ else left >= needed,
            )
    if availability.flows is None or contract.network is None:
        return
    excepted = {(e.source, e.to): e.reason for e in availability.flows.exceptions}
    without = cache(network.without_zone)
    for flow in _together(contract.network.flows):
        reason = excepted.get((flow.source, flow.to))
        for zone in facts.zones:
            after = exists(without(zone), flow, members)
            holds = {Verdict.PROVEN: True, Verdict.VIOLATED: False}.get(after.verdict)
            outcome = {True: "passes", False: "ends", None: "not decided"}[holds]
            yield Aftermath(
                "" if reason is not None else f"availability.flows.{flow.source}-to-{flow.to}",
                f"{flow.source} to {flow.to}",
                ", ".join(flow.allow) if reason is None else f"excepted: {reason}",
                zone,
                outcome,
                None if facts.nowhere else holds,
            )
