"""What lives in which zone: instances, Auto Scaling groups, their volumes and load balancers.

Zones are compared by name, as one account sees them. Left out: spot capacity, being tied to
capacity reservations, placement groups, dedicated hosts, and databases and containers that AWS
places (RDS, ECS...): a claim about a group that holds one of these is unproven. What AWS runs in
the whole region (S3, SQS, SNS, DynamoDB, Lambda outside of a VPC) outlives any one zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from stackproof.aws.coverage import not_modelled
from stackproof.aws.ignored import as_deployed
from stackproof.aws.network import NetworkFacts
from stackproof.model import (
    Family,
    Graph,
    NotModelled,
    Reference,
    Resource,
    Value,
    references,
    unknowns,
)

INSTANCE = "aws:ec2/instance:Instance"
GROUP = "aws:autoscaling/group:Group"
SCHEDULE = "aws:autoscaling/schedule:Schedule"
VOLUME = "aws:ebs/volume:Volume"
VOLUME_ATTACHMENT = "aws:ec2/volumeAttachment:VolumeAttachment"
FUNCTION = "aws:lambda/function:Function"

_BALANCING = tuple(
    f"aws:{module}/{name}"
    for module in ("lb", "alb")
    for name in (
        "loadBalancer:LoadBalancer",
        "listener:Listener",
        "listenerRule:ListenerRule",
        "targetGroup:TargetGroup",
        "targetGroupAttachment:TargetGroupAttachment",
    )
)

MODELLED = frozenset(
    {
        INSTANCE,
        GROUP,
        SCHEDULE,
        VOLUME,
        VOLUME_ATTACHMENT,
        FUNCTION,
        "aws:autoscaling/attachment:Attachment",
        "aws:autoscaling/trafficSourceAttachment:TrafficSourceAttachment",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/natGateway:NatGateway",
        *_BALANCING,
    }
)

_REGIONAL = frozenset(
    {
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:sqs/queue:Queue",
        "aws:sns/topic:Topic",
        "aws:dynamodb/table:Table",
    }
)

_APART = frozenset(
    {
        "rds", "docdb", "neptune", "elasticache", "memorydb", "dax", "redshift",
        "redshiftserverless", "opensearch", "elasticsearch", "msk", "mq", "efs", "fsx", "ecs",
        "eks", "lightsail", "emr", "sagemaker", "mwaa", "apprunner", "transfer", "dms",
        "directoryservice",
    }
)  # fmt: skip
"""Modules whose types place themselves and nothing else: only a claim about them is open."""


@dataclass(frozen=True, slots=True)
class Machine:
    """An instance. It dies with any of `zones`: its own and those of its volumes."""

    urn: str
    zones: frozenset[str]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """An Auto Scaling group: at least `minimum` instances over `zones`.

    `served` are the zones in which a load balancer sends to it; None when none is in front.
    `balanced` is False for the default, best-effort spread; `steady` is False when Auto Scaling
    is kept from mending the spread.
    """

    urn: str
    zones: tuple[str, ...]
    minimum: int
    balanced: bool
    steady: bool = True
    served: frozenset[str] | None = None
    unknown: str = ""

    def left_without(self, zone: str) -> int:
        """How many serve after the loss of `zone`, in the worst spread that is possible.

        (Amazon EC2 Auto Scaling User Guide, "Auto Scaling group Availability Zone distribution"):
        balanced-only keeps zones even; best effort moves to the other zones what one zone could
        not launch, so the worst spread is an even one over all zones but one.
        """
        return min(
            sum(
                count
                for place, count in zip(self.zones, spread, strict=True)
                if place != zone and (self.served is None or place in self.served)
            )
            for spread in self._worst_spreads()
        )

    def _worst_spreads(self) -> Iterable[tuple[int, ...]]:
        count = len(self.zones)
        if not count:
            return [()]
        if not self.steady:
            used = [[zone] for zone in range(count)]
        elif self.balanced or count == 1:
            used = [list(range(count))]
        else:
            # No zone was short of capacity, or any one of them was.
            used = [[z for z in range(count) if z != short] for short in range(-1, count)]
        return [spread for zones in used for spread in _even_spreads(self.minimum, count, zones)]


def _even_spreads(total: int, count: int, zones: list[int]) -> list[tuple[int, ...]]:
    """Every even spread of `total` over `zones`, of `count` zones in all."""
    each, more = divmod(total, len(zones))
    return [
        tuple((each + (z in extra)) if z in zones else 0 for z in range(count))
        for extra in combinations(zones, more)
    ]


@dataclass(frozen=True, slots=True)
class PlacementFacts:
    """Where the things of one graph live."""

    zones: tuple[str, ...]
    machines: Mapping[str, Machine]
    """By URN."""
    fleets: Mapping[str, Fleet]
    """By URN."""
    regional: frozenset[str]
    """URNs of what outlives any one zone."""
    names: Mapping[str, str]
    nowhere: tuple[str, ...]
    """URNs of subnets in use whose zone is not known."""
    not_modelled: tuple[NotModelled, ...]
    assumptions: tuple[str, ...]

    @property
    def disturbing(self) -> tuple[NotModelled, ...]:
        """What is not modelled and could change where other things live."""
        return tuple(item for item in self.not_modelled if _module(item.type) not in _APART)


def _module(type_: str) -> str:
    return type_.split(":")[1].split("/", maxsplit=1)[0] if type_.startswith("aws:") else type_


def _owner(value: Value) -> str:
    """The URN of the one resource that `value` refers to, or empty."""
    found = references(value)
    return found[0].urn if len(found) == 1 else ""


def placement_facts(graph: Graph, network: NetworkFacts) -> PlacementFacts:
    """Where everything that `graph` declares lives, by the subnets that `network` knows."""
    graph = as_deployed(graph)
    zone_of = _zones_of_subnets(network)
    placed: dict[str, set[str]] = {}
    for interface in network.interfaces:
        zone = zone_of.get(interface.subnet, "") if not interface.unknown else ""
        placed.setdefault(interface.owner, set()).add(zone)
    machines = {m.urn: m for m in _machines(graph, placed)}
    fleets = {f.urn: f for f in _fleets(graph, network, placed)}
    in_use = {i.subnet for i in network.interfaces} | {n.subnet for n in network.nat_gateways}
    zones = {*zone_of.values()}
    zones |= {z for m in machines.values() for z in m.zones}
    zones |= {z for f in fleets.values() for z in f.zones}
    regional = {r.urn for r in graph.resources if r.type in _REGIONAL}
    regional |= {f.urn for f in graph.of_type(FUNCTION) if f.inputs.get("vpcConfig") is None}
    return PlacementFacts(
        zones=tuple(sorted(zones - {""})),
        machines=machines,
        fleets=fleets,
        regional=frozenset(regional),
        names={r.urn: r.name for r in graph.resources},
        nowhere=tuple(s.urn for s in network.subnets if s.urn in in_use and not zone_of[s.urn]),
        not_modelled=not_modelled(graph, Family.PLACEMENT, MODELLED),
        assumptions=(
            "Before a zone is lost every Auto Scaling group runs its minimum, spread as declared.",
            "One zone is lost at a time, wholly, and what AWS runs in the region goes on.",
            "The other zones have the capacity that replacements need.",
        ),
    )


def _zones_of_subnets(network: NetworkFacts) -> dict[str, str]:
    """URN of each subnet -> its zone, or nothing when that is not known.

    A zone has a name (`us-east-1a`) and an id (`use1-az4`), and which name an account gives to
    which id is not known: where subnets use both, those with ids may be anywhere.
    (AWS Resource Access Manager User Guide, "Availability Zone IDs".)
    """
    named = any(s.zone and "-az" not in s.zone for s in network.subnets)
    return {s.urn: "" if named and "-az" in s.zone else s.zone for s in network.subnets}


def _machines(graph: Graph, placed: Mapping[str, set[str]]) -> Iterable[Machine]:
    volumes = {v.urn: v.inputs.get("availabilityZone") for v in graph.of_type(VOLUME)}
    attached: dict[str, list[Value]] = {}
    for item in graph.of_type(VOLUME_ATTACHMENT):
        volume = volumes.get(_owner(item.inputs.get("volumeId")))
        attached.setdefault(_owner(item.inputs.get("instanceId")), []).append(volume)
    for resource in graph.of_type(INSTANCE):
        zones = set(placed.get(resource.urn, ()))
        given = resource.inputs.get("availabilityZone")
        if isinstance(given, str):
            zones = {given} | (zones - {""})
        for zone in attached.get(resource.urn, ()):
            # A volume whose zone follows the instance's or the subnet's is where that is.
            if isinstance(zone, str):
                zones.add(zone)
            elif not isinstance(zone, Reference):
                zones.add("")
        unknown = "" if zones and "" not in zones else f"the zone of {resource.name} is not known"
        if resource.inputs.get("instanceMarketOptions") is not None:
            unknown = f"{resource.name} {_SPOT}"
        yield Machine(resource.urn, frozenset(zones - {""}), unknown)


def _fleets(graph: Graph, network: NetworkFacts, placed: Mapping[str, set[str]]) -> Iterable[Fleet]:
    schedules: dict[str, list[Value]] = {}
    resources = graph.by_urn()
    for item in graph.of_type(SCHEDULE):
        least = item.inputs.get("minSize")
        if least not in {None, -1}:
            named = item.inputs.get("autoscalingGroupName")
            for group in _scheduled(graph, named):
                # Whether a group that is not known is this one is not known either.
                schedules.setdefault(group, []).append(named if unknowns(named) else least)
    for resource in graph.of_type(GROUP):
        template = resources.get(_owner(resource.inputs.get("launchTemplate")))
        zones = set(placed.get(resource.urn, ()))
        named = resource.inputs.get("availabilityZones")
        if isinstance(named, list):
            zones |= {zone if isinstance(zone, str) else "" for zone in named}
        fronts = [placed.get(urn, {""}) for urn in _balancers(network, resource.urn)]
        sizes = [resource.inputs.get("minSize"), *schedules.get(resource.urn, ())]
        known = [size for size in sizes if isinstance(size, int)]
        yield Fleet(
            urn=resource.urn,
            zones=tuple(sorted(zones - {""})),
            minimum=min(known, default=0),
            balanced=_strategy(resource) == "balanced-only",
            steady=_steady(resource),
            # (User Guide for Application Load Balancers, "Availability Zones"): targets in a zone
            # that is not enabled receive no traffic.
            served=frozenset.intersection(*map(frozenset, fronts)) if fronts else None,
            unknown=_unknown(resource, zones, fronts, sized=len(known) == len(sizes))
            or _market(resource, template),
        )


def _scheduled(graph: Graph, value: Value) -> list[str]:
    """The groups that a schedule's `autoscalingGroupName` may mean."""
    owner = _owner(value)
    if owner:
        return [owner]
    groups = graph.of_type(GROUP)
    if isinstance(value, str):
        return [g.urn for g in groups if g.inputs.get("name") == value]
    return [g.urn for g in groups]


_SPOT = "may run spot capacity, which AWS takes back at any time"


def _market(resource: Resource, template: Resource | None) -> str:
    """Why the group's instances may not be where, or for as long as, its subnets say."""
    inputs = template.inputs if template is not None else {}
    if any(_reserved(i.get("capacityReservationSpecification")) for i in (inputs, resource.inputs)):
        return f"{resource.name} may launch only into a capacity reservation: not modelled"
    if inputs.get("instanceMarketOptions") is not None:
        return f"{resource.name} {_SPOT}"
    if resource.inputs.get("placementGroup") is not None or inputs.get("placement") is not None:
        return f"{resource.name} has a placement of its own beside its subnets: not modelled"
    return ""


def _reserved(value: Value) -> bool:
    """Whether instances may be tied to reservations, which stand in zones of their own.

    (Amazon EC2 User Guide, "Capacity Reservation specification".)
    """
    if value is None:
        return False
    if not isinstance(value, dict) or value.get("capacityReservationTarget") is not None:
        return True
    return value.get("capacityReservationPreference") not in _UNTIED


_UNTIED = {None, "default", "none", "open", "capacity-reservations-first"}


def _strategy(resource: Resource) -> Value:
    given = resource.inputs.get("availabilityZoneDistribution")
    return given.get("capacityDistributionStrategy") if isinstance(given, dict) else None


def _steady(resource: Resource) -> bool:
    suspended = resource.inputs.get("suspendedProcesses") or []
    if not isinstance(suspended, list):
        return False
    return not {"AZRebalance", "Launch"} & {
        s if isinstance(s, str) else "Launch" for s in suspended
    }


def _unknown(
    resource: Resource, zones: set[str], fronts: Sequence[set[str]], *, sized: bool
) -> str:
    """The first thing about the group that is not known; empty when all is."""
    name = resource.name
    spread = resource.inputs.get("availabilityZoneDistribution")
    doubts = (
        (not zones or "" in zones, f"the zones of {name} are not known"),
        (
            any("" in front for front in fronts),
            f"the zones of the load balancer in front of {name} are not known",
        ),
        (bool(unknowns(spread)), f"how {name} spreads over its zones is not known"),
        (not sized, f"the smallest size of {name} is not known"),
        (
            resource.inputs.get("mixedInstancesPolicy") is not None,
            f"{name} {_SPOT}",
        ),
    )
    return next((why for holds, why in doubts if holds), "")


def _balancers(network: NetworkFacts, group: str) -> list[str]:
    """The load balancers in front of an Auto Scaling group."""
    targets = {t.urn for t in network.target_groups if group in {urn for urn, _ in t.targets}}
    return sorted({li.load_balancer for li in network.listeners if targets & {*li.forwards}})
