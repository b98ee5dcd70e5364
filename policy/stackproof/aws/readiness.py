"""What must be in place when a workload starts, and what Pulumi waits for before it starts it.

An instance waits for its security group, not for the group's rules; for its subnet, not for the
subnet's routes: user data that runs before these exist fails, and nothing runs it again. What
instances, Auto Scaling groups, functions and image builds need is derived here from the facts.

Left out: rules, names and data of other workloads (a database that must be up first is a matter
of retries), and principals named by a computed ARN in policies. Resources that are read, not
made, exist before the stack does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from stackproof.aws import imagebuilder
from stackproof.aws.events.facts import NOTIFICATION, Delivery, EventFacts, Permission
from stackproof.aws.ignored import as_deployed
from stackproof.aws.network import Interface, NetworkFacts, Range, RouteTable
from stackproof.aws.values import Values
from stackproof.model import Graph, Reference, Resource, Value, references

INSTANCE = "aws:ec2/instance:Instance"
GROUP = "aws:autoscaling/group:Group"
FUNCTION = "aws:lambda/function:Function"
WORKLOADS = frozenset({INSTANCE, GROUP, FUNCTION, imagebuilder.IMAGE})

_EC2 = "aws:ec2/"
_TEMPLATE = f"{_EC2}launchTemplate:LaunchTemplate"
_SUBNET_SATELLITES = (
    (f"{_EC2}routeTableAssociation:RouteTableAssociation", "its subnet's route table"),
    (f"{_EC2}networkAclAssociation:NetworkAclAssociation", "its subnet's network ACL"),
)
_ENDPOINT_SATELLITES = (
    f"{_EC2}vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation",
    f"{_EC2}securityGroupAssociation:SecurityGroupAssociation",
    f"{_EC2}vpcEndpointPolicy:VpcEndpointPolicy",
)
_VPC_SATELLITES = (
    (f"{_EC2}vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation", "its VPC's resolver"),
    (f"{_EC2}mainRouteTableAssociation:MainRouteTableAssociation", "its VPC's main route table"),
)
_GATEWAY_TABLE = f"{_EC2}vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation"
_GATEWAY_ATTACHMENT = f"{_EC2}internetGatewayAttachment:InternetGatewayAttachment"
_ROLE_SATELLITES = (
    ("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "role"),
    ("aws:iam/rolePolicy:RolePolicy", "role"),
    ("aws:iam/policyAttachment:PolicyAttachment", "roles"),
    ("aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "roleName"),
)
"""What gives a role a policy, and the input that names the role or the roles."""


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A resource that must exist before a workload starts, and what it is to the workload."""

    urn: str
    why: str


@dataclass(frozen=True, slots=True)
class Workload:
    """An instance, an Auto Scaling group, a function or an image's build, with its needs."""

    urn: str
    needs: tuple[Need, ...]
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """A bucket notification: S3 refuses it while a function does not admit S3.

    `deliveries` are those to functions, `permissions` the statements that may be in the policies
    of these functions.
    """

    urn: str
    deliveries: tuple[Delivery, ...]
    permissions: tuple[Permission, ...]
    account: str | None


@dataclass(frozen=True)
class ReadinessFacts:
    """What waits for what in one graph, and what should."""

    workloads: Mapping[str, Workload]
    callers: tuple[Caller, ...]
    resources: Mapping[str, Resource]
    assumptions: tuple[str, ...] = (
        "What a workload needs of AWS in order to start is reached by its network and its role.",
    )

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for resource in self.resources.values():
            if resource.parent is not None:
                found.setdefault(resource.parent, []).append(resource.urn)
        return found

    def waited_for(self, urn: str) -> frozenset[str]:
        """Everything that exists before Pulumi makes `urn`.

        A resource waits for its dependencies and for a custom parent; a dependency on a component
        is one on its children (Pulumi documentation, "Resource option: dependsOn").
        """
        found: set[str] = set()
        front = [urn]
        while front:
            resource = self.resources.get(front.pop())
            if resource is None:
                continue
            following = list(resource.dependencies)
            parent = self.resources.get(resource.parent or "")
            if parent is not None and parent.custom:
                following.append(parent.urn)
            if not resource.custom:
                following += self._children.get(resource.urn, [])
            fresh = [u for u in following if u not in found]
            found.update(fresh)
            front += fresh
        return frozenset(found)


class _Index:
    """Which resources of a type name which others in one of their inputs."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.values = Values(graph)
        self.resources = graph.by_urn()

    def naming(self, type_: str, key: str, *urns: str) -> Iterator[Resource]:
        """The resources of `type_` whose input `key` refers to any of `urns`."""
        wanted = frozenset(urns)
        for resource in self.graph.of_type(type_):
            if any(r.urn in wanted for r in references(resource.inputs.get(key))):
                yield resource

    def named(self, type_: str, value: Value) -> Resource | None:
        """The resource of `type_` that `value` refers to, or names by name, id or ARN."""
        if isinstance(value, Reference):
            found = self.resources.get(value.urn)
            return found if found is not None and found.type == type_ else None
        text = self.values.text(value)
        for resource in self.graph.of_type(type_):
            outputs = (self.values.output(resource, key) for key in ("name", "id", "arn"))
            if text is not None and text in {self.values.text(o) for o in outputs}:
                return resource
        return None

    def elsewhere(self, value: Value) -> bool:
        """Whether `value` names something that this stack does not make."""
        if isinstance(value, Reference):
            found = self.resources.get(value.urn)
            return found is not None and found.external
        return self.values.text(value) is not None


def readiness_facts(graph: Graph, network: NetworkFacts, events: EventFacts) -> ReadinessFacts:
    """What the workloads and notifications of `graph` need before they are made."""
    index = _Index(as_deployed(graph))
    workloads = {
        resource.urn: _workload(index, network, resource) for resource in graph.of_type(*WORKLOADS)
    }
    return ReadinessFacts(workloads, tuple(_callers(graph, events)), index.resources)


def _workload(index: _Index, network: NetworkFacts, resource: Resource) -> Workload:
    where, nowhere = _launcher(index, resource)
    interfaces = network.interfaces_of(frozenset({where.urn}))
    unknown = next((u for u in _unknown(network, interfaces) if u), "")
    profile, lost = _profile(index, where)
    role, astray = _role(index, where, profile)
    found = [*_network_needs(index, network, interfaces), *_role_needs(index, role)]
    if profile is not None:
        found.append(Need(profile.urn, "its instance profile"))
    if resource.type == GROUP:
        found += _listeners(index, network, resource.urn)
    first: dict[str, Need] = {}
    for need in found:
        declared = index.resources.get(need.urn)
        if declared is not None and not declared.external and need.urn != resource.urn:
            first.setdefault(need.urn, need)
    doubt = nowhere or unknown or lost or astray or _attached_to_anyone(index, role)
    return Workload(resource.urn, tuple(sorted(first.values())), doubt)


def _launcher(index: _Index, workload: Resource) -> tuple[Resource, str]:
    """What says where the workload runs and as whom, and why that is not known."""
    if workload.type != imagebuilder.IMAGE:
        return workload, ""
    given = workload.inputs.get("infrastructureConfigurationArn")
    found = index.named(imagebuilder.INFRASTRUCTURE, given)
    return (
        (workload, f"where {workload.name} is built is not known") if found is None else (found, "")
    )


def _unknown(network: NetworkFacts, interfaces: Sequence[Interface]) -> Iterator[str]:
    """What is not known of the interfaces and of where they are."""
    if interfaces:
        yield from (rule.unknown for rule in network.rules)
    for interface in interfaces:
        yield interface.unknown
        if interface.subnet in network.subnet:
            subnet = network.subnet[interface.subnet]
            yield subnet.unknown
            if subnet.route_table in network.route_table:
                yield network.route_table[subnet.route_table].unknown
            if subnet.network_acl in network.network_acl:
                yield network.network_acl[subnet.network_acl].unknown
        for group in interface.security_groups:
            if group in network.security_group:
                yield network.security_group[group].unknown


# ── the network ─────────────────────────────────────────────────────────────────────────────────


def _network_needs(
    index: _Index, network: NetworkFacts, interfaces: Iterable[Interface]
) -> Iterator[Need]:
    interfaces = [i for i in interfaces if i.subnet]
    groups = {g for i in interfaces for g in i.security_groups}
    for group in sorted(groups):
        for rule in network.rules_of.get(group, ()):
            yield Need(rule.urn, "a rule of its security group")
    for subnet in sorted({i.subnet for i in interfaces}):
        yield from _ways_out(index, network, subnet, "its subnet", frozenset())
    for vpc in sorted({i.vpc for i in interfaces}):
        for type_, what in _VPC_SATELLITES:
            yield from (Need(r.urn, what) for r in index.naming(type_, "vpcId", vpc))
        yield from _endpoints(index, network, vpc, interfaces)


def _ways_out(
    index: _Index, network: NetworkFacts, subnet: str, whose: str, seen: frozenset[str]
) -> Iterator[Need]:
    """Routes, ACL and gateways of a subnet, and of the subnets of its NAT gateways."""
    if subnet not in network.subnet or subnet in seen:
        return
    place = network.subnet[subnet]
    for type_, what in _SUBNET_SATELLITES:
        for resource in index.naming(type_, "subnetId", subnet):
            yield Need(resource.urn, what.replace("its subnet", whose))
    acl = network.network_acl.get(place.network_acl)
    if acl is not None:
        yield Need(_declared(acl.urn), f"the network ACL of {whose}")
        yield from (Need(rule.urn, f"a rule of the network ACL of {whose}") for rule in acl.rules)
    table = network.route_table.get(place.route_table)
    if table is None:
        return
    yield from _routes(index, table, whose)
    for route in table.routes:
        nat = network.nat_gateway.get(route.target)
        if nat is not None:
            whose_nat = f"the subnet of NAT gateway {nat.name}"
            yield from _ways_out(index, network, nat.subnet, whose_nat, seen | {subnet})


def _routes(index: _Index, table: RouteTable, whose: str) -> Iterator[Need]:
    yield Need(_declared(table.urn), f"the route table of {whose}")
    for resource in index.naming(_GATEWAY_TABLE, "routeTableId", table.urn):
        yield Need(resource.urn, f"a route of {whose} to a gateway endpoint")
    for route in table.routes:
        yield Need(route.urn, f"a route of {whose}")
        yield Need(route.target, f"where a route of {whose} leads")
        if route.kind == "internet-gateway":
            for resource in index.naming(_GATEWAY_ATTACHMENT, "internetGatewayId", route.target):
                yield Need(resource.urn, "the attachment of its internet gateway")
        if route.kind == "gateway-endpoint":
            yield from _endpoint(index, route.target, "a gateway endpoint that it uses")


def _endpoint(index: _Index, endpoint: str, what: str) -> Iterator[Need]:
    yield Need(endpoint, what)
    for type_ in _ENDPOINT_SATELLITES:
        for resource in index.naming(type_, "vpcEndpointId", endpoint):
            yield Need(resource.urn, f"part of {what}")


def _endpoints(
    index: _Index, network: NetworkFacts, vpc: str, interfaces: list[Interface]
) -> Iterator[Need]:
    """Interface endpoints that admit the workload: private DNS sends its calls there."""
    mine = frozenset(g for i in interfaces for g in i.security_groups)
    addresses = [i.address for i in interfaces]
    for endpoint in network.interface_endpoints:
        if endpoint.vpc != vpc or endpoint.private_dns is False:
            continue
        own = network.interfaces_of(frozenset({endpoint.urn}))
        groups = sorted({g for i in own for g in i.security_groups})
        admitting = [
            rule
            for group in groups
            for rule in network.rules_of.get(group, ())
            if rule.ingress
            and not rule.unknown
            and (rule.peer_group in mine or any(_meet(rule.addresses, a) for a in addresses))
        ]
        if admitting:
            yield from _endpoint(index, endpoint.urn, f"the endpoint for {endpoint.service}")
            for rule in admitting:
                yield Need(rule.urn, f"what lets it reach the endpoint for {endpoint.service}")


def _meet(one: Range | None, other: Range) -> bool:
    return one is not None and one[0] <= other[1] and other[0] <= one[1]


def _declared(key: str) -> str:
    """The URN behind a fact's key; what AWS makes with a VPC (`#main`) is there with the VPC."""
    return key.partition("#")[0]


def _listeners(index: _Index, network: NetworkFacts, group: str) -> Iterator[Need]:
    """Instances turn healthy only once their target group is on a listener."""
    targets = {t.urn for t in network.target_groups if group in {urn for urn, _ in t.targets}}
    for listener in network.listeners:
        if targets & {*listener.forwards}:
            yield Need(listener.urn, "a listener of its target group")
    for module in ("lb", "alb"):
        for rule in index.graph.of_type(f"aws:{module}/listenerRule:ListenerRule"):
            if targets & {r.urn for r in references(rule.inputs.get("actions"))}:
                yield Need(rule.urn, "a listener rule of its target group")


# ── the role ────────────────────────────────────────────────────────────────────────────────────


_ROLE = "aws:iam/role:Role"


def _role(
    index: _Index, workload: Resource, profile: Resource | None
) -> tuple[Resource | None, str]:
    """The role that the workload acts as, and why that is not known."""
    if workload.type == FUNCTION:
        given = workload.inputs.get("role")
    elif profile is not None:
        given = profile.inputs.get("role")
    else:
        return None, ""
    role = index.named(_ROLE, given)
    if role is None and given is not None and not index.elsewhere(given):
        return None, f"the role of {workload.name} is not known"
    return role, ""


def _attached_to_anyone(index: _Index, role: Resource | None) -> str:
    """A policy of which nobody knows whose it is may be this role's."""
    if role is None:
        return ""
    for type_, key in _ROLE_SATELLITES:
        for resource in index.graph.of_type(type_):
            given = _each(resource.inputs.get(key))
            if any(index.named(_ROLE, g) is None and not index.elsewhere(g) for g in given):
                return f"the role that {resource.name} is for is not known"
    return ""


def _profile(index: _Index, workload: Resource) -> tuple[Resource | None, str]:
    """The instance profile that the workload is launched with, and why that is not known."""
    if workload.type == FUNCTION:
        return None, ""
    given = workload.inputs.get("iamInstanceProfile")
    if workload.type == imagebuilder.INFRASTRUCTURE:
        given = workload.inputs.get("instanceProfileName")
    if workload.type == GROUP:
        given, lost = _template_profile(index, workload)
        if lost:
            return None, lost
    if given is None:
        return None, ""
    profile = index.named("aws:iam/instanceProfile:InstanceProfile", given)
    if profile is None:
        return None, f"the instance profile of {workload.name} is not declared in this stack"
    return profile, ""


def _template_profile(index: _Index, group: Resource) -> tuple[Value, str]:
    given = group.inputs.get("launchTemplate")
    template = None
    if isinstance(given, dict):
        template = index.named(_TEMPLATE, given.get("id", given.get("name")))
    if template is None:
        return None, f"the launch template of {group.name} is not known"
    profile = template.inputs.get("iamInstanceProfile")
    if profile is None:
        return None, ""
    if not isinstance(profile, dict):
        return None, f"the instance profile of {group.name} is not known"
    return profile.get("arn", profile.get("name")), ""


def _role_needs(index: _Index, role: Resource | None) -> Iterator[Need]:
    if role is None:
        return
    yield Need(role.urn, "its role")
    for type_, key in _ROLE_SATELLITES:
        for resource in index.graph.of_type(type_):
            named = [index.named(role.type, given) for given in _each(resource.inputs.get(key))]
            if role in named:
                yield Need(resource.urn, "a permission of its role")


def _each(value: Value) -> list[Value]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# ── notifications ───────────────────────────────────────────────────────────────────────────────


def _callers(graph: Graph, events: EventFacts) -> Iterator[Caller]:
    for resource in graph.of_type(NOTIFICATION):
        deliveries = tuple(
            d
            for d in events.deliveries
            if d.urn == resource.urn and d.target.urn in events.functions
        )
        called = {d.target.urn for d in deliveries}
        permissions = tuple(p for p in events.permissions if p.function in {None, *called})
        if deliveries:
            yield Caller(resource.urn, deliveries, permissions, events.account)
