"""Listeners and target groups: to whom a load balancer hands on what it receives."""

from __future__ import annotations

from stackproof.aws.network.facts import Listener, TargetGroup
from stackproof.aws.network.interfaces import BALANCER, FUNCTION, INSTANCE, SCALING
from stackproof.aws.network.reading import Reader, is_unknown, listed, mapping, whole
from stackproof.model import Resource, Value

LISTENER = "aws:lb/listener:Listener"
LISTENER_RULE = "aws:lb/listenerRule:ListenerRule"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
TARGET_ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
SCALING_ATTACHMENT = "aws:autoscaling/attachment:Attachment"

_SPOKEN = frozenset({"HTTP", "HTTPS"})
"""(User Guide for Application Load Balancers, "Listeners for your Application Load Balancers".)"""


def listeners(reader: Reader) -> tuple[Listener, ...]:
    """Every listener with the target groups that it and its rules forward to."""
    actions: dict[str, list[Value]] = {}
    unread: dict[str, str] = {}
    for rule in reader.graph.of_type(LISTENER_RULE):
        owner = reader.urn(reader.get(rule, "listenerArn"), LISTENER)
        found = reader.items(rule, "actions")
        if owner is None:
            reader.lost(rule, "the listener that it belongs to is not known")
        elif found is None:
            unread[owner] = f"the actions of {rule.name} are not known"
        else:
            actions.setdefault(owner, []).extend(found)
    result = []
    for resource in reader.graph.of_type(LISTENER):
        balancer = reader.urn(reader.get(resource, "loadBalancerArn"), BALANCER)
        if balancer is None:
            reader.lost(resource, "its load balancer is not known")
            continue
        own = reader.items(resource, "defaultActions")
        every = [*(own or []), *actions.get(resource.urn, [])]
        forwards = [
            reader.urn(value, TARGET_GROUP) for action in every for value in _forwards(action)
        ]
        unknown = unread.get(resource.urn, "")
        if own is None or None in forwards:
            unknown = f"where {resource.name} forwards to is not known"
        port = whole(reader.get(resource, "port"))
        if port is None:
            unknown = f"the port of {resource.name} is not known"
        protocol = reader.get(resource, "protocol")
        if isinstance(protocol, str) and protocol.upper() not in _SPOKEN:
            unknown = f"{resource.name} speaks {protocol}, which no such load balancer does"
        result.append(
            Listener(
                resource.urn,
                resource.name,
                balancer,
                port,
                tuple(sorted({f for f in forwards if f is not None})),
                any(mapping(action).get("type") == "redirect" for action in every),
                unknown,
            )
        )
    return tuple(result)


def _forwards(action: Value) -> list[Value]:
    """The target groups of one action; None stands for one that is not known."""
    if not isinstance(action, dict) or is_unknown(action.get("type")):
        return [None]
    direct, block = action.get("targetGroupArn"), action.get("forward")
    weighted = listed(block.get("targetGroups")) if isinstance(block, dict) else listed(block)
    found = [None] if weighted is None else [mapping(target).get("arn") for target in weighted]
    return [*([direct] if direct is not None else []), *found]


def target_groups(reader: Reader) -> tuple[TargetGroup, ...]:
    """Every target group with what is registered in it."""
    targets: dict[str, dict[tuple[str, int | None], None]] = {}
    unread: dict[str, str] = {}
    for resource in reader.graph.of_type(SCALING):
        groups = reader.items(resource, "targetGroupArns")
        sources = reader.items(resource, "trafficSources")
        if groups is None or sources is None:
            reader.lost(resource, "the target groups that it registers in are not known")
        for value in (*(groups or ()), *(mapping(s).get("identifier") for s in sources or ())):
            _register(reader, resource, value, (resource.urn, None), targets)
    for resource in reader.graph.of_type(SCALING_ATTACHMENT):
        scaling = reader.urn(reader.get(resource, "autoscalingGroupName"), SCALING)
        if scaling is None:
            reader.lost(resource, "its Auto Scaling group is not known")
        else:
            value = reader.get(resource, "lbTargetGroupArn")
            _register(reader, resource, value, (scaling, None), targets)
    for resource in reader.graph.of_type(TARGET_ATTACHMENT):
        group = reader.urn(reader.get(resource, "targetGroupArn"), TARGET_GROUP)
        target = reader.urn(reader.get(resource, "targetId"), INSTANCE, FUNCTION)
        if group is None:
            reader.lost(resource, "its target group is not known")
        elif target is None:
            unread[group] = f"the target of {resource.name} is not known"
        else:
            targets.setdefault(group, {})[target, whole(reader.get(resource, "port"))] = None
    unread |= _kept_apart(reader, targets)
    return tuple(
        _target_group(reader, r, tuple(sorted(targets.get(r.urn, {}), key=repr)), unread)
        for r in reader.graph.of_type(TARGET_GROUP)
    )


def _kept_apart(
    reader: Reader, targets: dict[str, dict[tuple[str, int | None], None]]
) -> dict[str, str]:
    """The target groups in which an Auto Scaling group may not register its instances, and why.

    (Amazon EC2 Auto Scaling User Guide, "Types of processes": AddToLoadBalancer.)
    """
    found: dict[str, str] = {}
    for resource in reader.graph.of_type(SCALING):
        suspended = reader.items(resource, "suspendedProcesses")
        why = ""
        if suspended is None or any(is_unknown(process) for process in suspended):
            why = f"which processes of {resource.name} are suspended is not known"
        elif "AddToLoadBalancer" in suspended:
            why = f"{resource.name} suspends AddToLoadBalancer: it registers no instance"
        if why:
            found |= {group: why for group in targets if (resource.urn, None) in targets[group]}
    return found


def _register(
    reader: Reader,
    resource: Resource,
    value: Value,
    target: tuple[str, int | None],
    targets: dict[str, dict[tuple[str, int | None], None]],
) -> None:
    group = reader.urn(value, TARGET_GROUP)
    if group is None:
        reader.lost(resource, "a target group that it registers in is not known")
    else:
        targets.setdefault(group, {})[target] = None


def _target_group(
    reader: Reader,
    resource: Resource,
    targets: tuple[tuple[str, int | None], ...],
    unread: dict[str, str],
) -> TargetGroup:
    given = reader.get(resource, "healthCheck")
    check = mapping(given)
    port = whole(reader.get(resource, "port"))
    health = check.get("port")
    # "Health checks for Application Load Balancer target groups": `traffic-port` is the default.
    health_port = port if health in {None, "traffic-port"} else whole(health)
    kind = reader.get(resource, "targetType")
    invokes = kind == "lambda"
    unknown = unread.get(resource.urn, "")
    if is_unknown(given) and not isinstance(given, dict):
        unknown = f"how target group {resource.name} checks the health of its targets is not known"
    elif not invokes and (port is None or health_port is None):
        unknown = f"a port of target group {resource.name} is not known"
    elif kind not in {None, "instance", "lambda", "ip"}:
        unknown = f"the kind of target group {resource.name} is not modelled"
    return TargetGroup(resource.urn, resource.name, port, health_port, targets, invokes, unknown)
