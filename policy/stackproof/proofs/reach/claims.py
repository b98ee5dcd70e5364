"""The claims of the network family, one function for each kind.

`network.flow`      what the contract declares is possible.
`network.closed`    nothing else is, for every ordered pair of groups, `internet` and `vpc`.
`network.never`     a pair that people ask about has no path.
`network.isolated`  no route of a group's subnets leads out of the VPC.
`network.grouped`   every interface belongs to a group, so that no pair is forgotten.
`network.rules`     no security group, network ACL or route table has rules from two places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from stackproof.aws.network.facts import NetworkFacts
from stackproof.contract import Contract, Flow, Network
from stackproof.model import Decision, Evidence, Family, Hop, Kinds, Obligation, Verdict
from stackproof.proofs.headers import Packets, union
from stackproof.proofs.reach.ends import (
    End,
    Ends,
    Host,
    Neighbour,
    Outside,
    Service,
    ends,
)
from stackproof.proofs.reach.impossible import decide_closed, decide_never
from stackproof.proofs.reach.paths import initiates
from stackproof.proofs.reach.possible import decide_flow, many, undecided, unread
from stackproof.proofs.reach.traffic import permitted
from stackproof.selection import INTERNET, Members


def obligations(
    facts: NetworkFacts, contract: Contract, members: Mapping[str, Members]
) -> list[Obligation]:
    """Every network claim of `contract`, none when it has no network section."""
    network = contract.network
    if network is None:
        return []
    known = ends(facts, members)
    return [
        *_flows(facts, network, known),
        *_closed(facts, network, known),
        *_never(facts, network, known),
        *_isolated(facts, network, known),
        _grouped(facts, known),
        *_rules(facts),
    ]


def _obligation(claim: str, title: str, decide: partial[Decision]) -> Obligation:
    return Obligation(f"network.{claim}", Family.NETWORK, title, decide)


def _flows(facts: NetworkFacts, network: Network, known: Ends) -> Iterator[Obligation]:
    together: dict[tuple[str, str], tuple[str, ...]] = {}
    for flow in network.flows:
        pair = flow.source, flow.to
        together[pair] = (*together.get(pair, ()), *flow.allow)
    for (source, to), allow in together.items():
        yield _obligation(
            f"flow.{source}-to-{to}",
            f"{source} reaches {to} on {', '.join(allow)}",
            partial(decide_flow, facts, Flow(source, to, allow), known),
        )


class Declared:
    """What the flows of a contract permit between two ends."""

    def __init__(self, network: Network, known: Ends) -> None:
        self._known = known
        self._flows = [(f.source, f.to, permitted(f.allow)) for f in network.flows]
        self._found: dict[tuple[frozenset[str], frozenset[str]], Packets] = {}

    def __call__(self, source: End, destination: End) -> Packets:
        """A flow from the internet is one from anywhere; one to it reaches no group's interface.

        Hosts of the VPC and services that no group names are the internet's equals there.
        """
        froms = self._known.groups_of.get(source, frozenset()) | {INTERNET}
        tos = self._known.groups_of.get(destination, frozenset())
        if not isinstance(destination, Host):
            tos |= {INTERNET}
        key = froms, tos
        if key not in self._found:
            self._found[key] = union(p for a, b, p in self._flows if a in froms and b in tos)
        return self._found[key]


def _closed(facts: NetworkFacts, network: Network, known: Ends) -> Iterator[Obligation]:
    declared = Declared(network, known)
    for source in sorted(known.of_group):
        for to in sorted(known.of_group):
            pairs = tuple(
                (a, b)
                for a in known.of_group[source]
                for b in known.of_group[to]
                if meaningful(a, b)
            )
            if not pairs:
                continue
            allow = tuple(
                a for f in network.flows if (f.source, f.to) == (source, to) for a in f.allow
            )
            but = f"nothing but {', '.join(allow)}" if allow else "nothing"
            yield _obligation(
                f"closed.{source}-to-{to}",
                f"{but} passes from {source} to {to}",
                partial(decide_closed, facts, (source, to), pairs, declared, allow),
            )


def meaningful(source: End, destination: End) -> bool:
    """Whether the program decides anything between two ends: one of them must be its own."""
    if not initiates(source):
        return False
    if isinstance(source, Outside | Neighbour):
        return isinstance(destination, Host)
    # One host does not reach itself by the network, whichever address it gets.
    return source != destination or not isinstance(source, Host) or many(source)


def _never(facts: NetworkFacts, network: Network, known: Ends) -> Iterator[Obligation]:
    how = {
        "direct": "directly",
        "proxied": "by a load balancer",
        "any": "directly or by a load balancer",
    }
    for never in network.never:
        yield _obligation(
            f"never.{never.source}-to-{never.to}",
            f"{never.source} never reaches {never.to} {how[never.path]}",
            partial(decide_never, facts, never.source, never.to, never.path, known),
        )


def _isolated(facts: NetworkFacts, network: Network, known: Ends) -> Iterator[Obligation]:
    for group in network.isolated:
        services = frozenset(f.to for f in network.flows if f.source == group)
        yield _obligation(
            f"isolated.{group}",
            f"no route of {group} leads out of the VPC",
            partial(_decide_isolated, facts, group, known.of_group.get(group, ()), services, known),
        )


def _decide_isolated(
    facts: NetworkFacts, group: str, listed: tuple[End, ...], services: frozenset[str], known: Ends
) -> Decision:
    """No route of a group's subnets leads out of the VPC, whatever its security groups say.

    Two locks, not one: rules change often, routes hardly ever. Gateway endpoints of services
    that the group's flows name are no way out.

    ## What AWS does

    A subnet without a route table of its own uses the VPC's main one, and a route to anything
    but the VPC's own ranges leads out: internet and NAT gateways, peerings, transit gateways,
    instances (Amazon VPC User Guide, "Configure route tables", "Route priority").

    ## Fails

    ```python
    aws.ec2.Route(
        "shortcut",
        route_table_id=private.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway.id,
    )
    ```

    `network.isolated.database`

    ## Mend

    Take the route out, or give the group subnets with a route table of their own.
    """
    subnets = {e.interface.subnet for e in listed if isinstance(e, Host)}
    doubts = [e.interface.unknown for e in listed if isinstance(e, Host) and e.interface.unknown]
    used = {e.endpoint.urn for s in services for e in known.everywhere(s) if isinstance(e, Service)}
    checked = []
    for subnet in sorted(subnets & facts.subnet.keys()):
        home = facts.subnet[subnet]
        if home.unknown:
            doubts.append(home.unknown)
            continue
        table = facts.route_table[home.route_table]
        checked.append(table.urn.partition("#")[0])
        doubts += [table.unknown] if table.unknown else []
        for route in table.routes:
            if route.prefix_list in used and route.prefix_list:
                continue
            what = f"route {route.name} of subnet {home.name} leads to a {route.kind}"
            hop = Hop(what, urn=route.urn, location=facts.locations.get(route.urn))
            witness: dict[str, object] = {
                "group": group,
                "subnet": home.name,
                "route": route.name,
                "target": route.kind,
            }
            return Decision(
                Verdict.VIOLATED,
                Evidence("witness", f"{what}, out of the VPC", witness, (hop,)),
                tuple(dict.fromkeys((route.urn, checked[-1], route.target, subnet))),
                f"Take route {route.name} out of the route table of {group}'s subnets.",
            )
    if doubts or facts.not_modelled:
        return undecided((*doubts, *unread(facts)))
    if not checked:
        return undecided((f"{group} has no subnet that could be checked",))
    summary = f"the route tables of {len(checked)} subnets have no route out of the VPC"
    return Decision(Verdict.PROVEN, Evidence("exhaustive", summary), tuple(dict.fromkeys(checked)))


def _grouped(facts: NetworkFacts, known: Ends) -> Obligation:
    return _obligation(
        "grouped",
        "every network interface belongs to a group of the contract",
        partial(_decide_grouped, facts, known),
    )


def _decide_grouped(facts: NetworkFacts, known: Ends) -> Decision:
    """Every network interface belongs to a group of the contract.

    Pairs are decided by groups, so that what is in no group would be in no pair.

    ## What AWS does

    More makes interfaces than instances do: load balancers, NAT gateways, interface endpoints,
    functions in a VPC, databases (Amazon EC2 User Guide, "Requester-managed network
    interfaces").

    ## Fails

    ```python
    aws.ec2.Instance(
        "forgotten",
        ami="ami-12345678",
        instance_type="t3.small",
        subnet_id=front.id,
    )
    ```

    `network.grouped`

    ## Mend

    Add a group for it to the contract, with the flows that it needs, or widen the selector of a
    group that it belongs to.
    """
    unread_owners = {n.urn for n in facts.not_modelled}
    # An endpoint whose service is not known may be in the group of that service.
    loose = [
        i
        for i in facts.interfaces
        if Host(i) not in known.groups_of
        and not (i.kind == "endpoint" and not i.service and i.owner in unread_owners)
    ]
    if loose:
        names = ", ".join(dict.fromkeys(i.name for i in loose))
        hops = tuple(
            Hop(f"{i.name} is in no group", urn=i.owner, location=facts.locations.get(i.owner))
            for i in {i.owner: i for i in loose}.values()
        )
        return Decision(
            Verdict.VIOLATED,
            Evidence(
                "witness",
                f"{names} has network interfaces and belongs to no group",
                {"interfaces": list(dict.fromkeys(i.name for i in loose))},
                hops,
            ),
            tuple(dict.fromkeys(i.owner for i in loose)),
            f"Add a group for {names} to the contract, with the flows that it needs.",
        )
    if facts.not_modelled:
        return undecided(unread(facts), urns=tuple(n.urn for n in facts.not_modelled))
    owners = tuple(dict.fromkeys(i.owner for i in facts.interfaces))
    summary = f"the interfaces of all {len(owners)} resources that have any are in a group"
    return Decision(Verdict.PROVEN, Evidence("exhaustive", summary), owners)


def _rules(facts: NetworkFacts) -> Iterator[Obligation]:
    """Inline and separate rules undo each other (Pulumi AWS, "SecurityGroup")."""
    kept: dict[str, list[tuple[str, str, tuple[str, ...], str]]] = {}
    managed = {r.group for r in facts.rules if r.urn != r.group.removesuffix("#default")}
    for group in facts.security_groups:
        if group.urn in managed:
            fact = (group.urn, group.name, group.mixed, "security group")
            kept.setdefault(group.name, []).append(fact)
    for acl in facts.network_acls:
        if acl.rules and not acl.urn.endswith("#default"):
            fact = (acl.urn, acl.name, acl.mixed, "network ACL")
            kept.setdefault(f"network-acl.{acl.name}", []).append(fact)
    for table in facts.route_tables:
        if table.routes and not table.urn.endswith("#main"):
            fact = (table.urn, table.name, table.mixed, "route table")
            kept.setdefault(f"route-table.{table.name}", []).append(fact)
    for claim, listed in sorted(kept.items()):
        _, name, _, kind = listed[0]
        yield _obligation(
            f"rules.{claim}",
            f"{kind} {name} takes its rules from one place",
            partial(_decide_rules, facts, tuple(listed)),
        )


def _decide_rules(
    facts: NetworkFacts, listed: tuple[tuple[str, str, tuple[str, ...], str], ...]
) -> Decision:
    """No security group, network ACL or route table has its rules declared in two places.

    ## What AWS does

    Rules written inside a resource are the whole list to the provider: each update takes away
    what resources of their own have added, and the next one adds it again. What is open then
    depends on which came last (Pulumi Registry, "aws.ec2.SecurityGroup", "aws.ec2.RouteTable",
    "aws.ec2.NetworkAcl").

    ## Fails

    ```python
    both = aws.ec2.SecurityGroup(
        "both",
        vpc_id=vpc.id,
        egress=[
            {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["10.0.0.0/16"]}
        ],
    )
    aws.vpc.SecurityGroupIngressRule(
        "separate",
        security_group_id=both.id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4="10.0.0.0/16",
    )
    ```

    `network.rules.both`

    ## Mend

    Declare all rules as resources of their own.
    """
    for urn, name, mixed, kind in listed:
        if mixed:
            hops = tuple(
                Hop("separate rule", urn=u, location=facts.locations.get(u)) for u in mixed
            )
            return Decision(
                Verdict.VIOLATED,
                Evidence(
                    "witness",
                    f"{kind} {name} has inline rules and separate ones: each update removes one"
                    " kind",
                    {
                        "of": name,
                        "inline": name,
                        "separate": [u.rsplit("::", 1)[-1] for u in mixed],
                    },
                    hops,
                ),
                (*mixed, urn.partition("#")[0]),
                f"Declare all rules of {kind} {name} as resources of their own.",
            )
    urn, name, _, kind = listed[0]
    return Decision(
        Verdict.PROVEN,
        Evidence("exhaustive", f"no rule of {kind} {name} is declared in a second place"),
        (urn.partition("#")[0],),
    )


KINDS: Kinds = {
    "network.flow": decide_flow,
    "network.closed": decide_closed,
    "network.never": decide_never,
    "network.isolated": _decide_isolated,
    "network.grouped": _decide_grouped,
    "network.rules": _decide_rules,
}
