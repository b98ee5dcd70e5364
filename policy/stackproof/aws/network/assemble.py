"""From a Graph to NetworkFacts.

What is left out, and makes every network claim that it could turn unproven when it appears: IPv6,
peering, transit and VPN gateways, network firewalls and other middleboxes, network and gateway load
balancers, regional NAT gateways, managed prefix lists (but for CloudFront's), endpoint services,
Global Accelerator, Instance Connect endpoints, and every type that is classified as touching the
network and not named in MODELLED below.
"""

from __future__ import annotations

from dataclasses import replace

from stackproof.aws import coverage, imagebuilder
from stackproof.aws.ignored import as_deployed
from stackproof.aws.network import balancing, edge, filters, interfaces, routing
from stackproof.aws.network.facts import NetworkFacts
from stackproof.aws.network.reading import Reader
from stackproof.model import Family, Graph

MODELLED = frozenset(
    {
        filters.VPC,
        filters.SUBNET,
        filters.GROUP,
        filters.DEFAULT_GROUP,
        filters.GROUP_RULE,
        filters.INGRESS_RULE,
        filters.EGRESS_RULE,
        filters.ACL,
        filters.DEFAULT_ACL,
        filters.ACL_RULE,
        filters.ENDPOINT,
        routing.IGW,
        routing.IGW_ATTACHMENT,
        routing.NAT,
        routing.EIP,
        routing.TABLE,
        routing.DEFAULT_TABLE,
        routing.ROUTE,
        routing.TABLE_ASSOCIATION,
        routing.MAIN_ASSOCIATION,
        routing.ACL_ASSOCIATION,
        routing.ENDPOINT_TABLE,
        routing.SECOND_CIDR,
        # What an endpoint admits is a policy, not a packet filter: identity reads it.
        "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy",
        interfaces.INSTANCE,
        interfaces.TEMPLATE,
        interfaces.SCALING,
        interfaces.BALANCER,
        interfaces.ENI,
        interfaces.ENI_ATTACHMENT,
        interfaces.ENI_GROUP,
        interfaces.EIP_ASSOCIATION,
        interfaces.FUNCTION,
        interfaces.ENDPOINT_SUBNET,
        interfaces.ENDPOINT_GROUP,
        balancing.LISTENER,
        balancing.LISTENER_RULE,
        balancing.TARGET_GROUP,
        balancing.TARGET_ATTACHMENT,
        balancing.SCALING_ATTACHMENT,
        *imagebuilder.TYPES,
        edge.DISTRIBUTION,
        edge.VPC_ORIGIN,
    }
)

ASSUMPTIONS = (
    (
        "Every VPC reaches the VPC resolver, DHCP, instance metadata and time sync on their"
        " link-local addresses: no rule filters that traffic."
    ),
    "The VPC resolver answers recursive DNS for every subnet whatever its routes say.",
    (
        "An internet gateway drops packets whose outside address is private; nothing outside of"
        " this stack is connected to its VPCs."
    ),
    "A NAT gateway forwards only what its own side began.",
    "Launch templates are in use in the version that the program declares.",
    "Names of AWS services lead to this stack's own endpoints when private DNS is on.",
)


def network_facts(graph: Graph) -> NetworkFacts:
    """The network that `graph` declares."""
    reader = Reader(as_deployed(graph))
    groups, rules = filters.security_groups(reader)
    gateways, endpoints = routing.endpoints(reader)
    vpcs = routing.vpcs(reader)
    subnets = routing.subnets(reader, vpcs)
    distributions = edge.distributions(reader)
    doors = edge.origins(reader)
    found = (*interfaces.interfaces(reader, subnets), *edge.faces(distributions))
    facts = NetworkFacts(
        vpcs=vpcs,
        subnets=subnets,
        interfaces=tuple(sorted(found, key=lambda i: (i.owner, i.subnet))),
        security_groups=groups,
        rules=rules,
        network_acls=filters.network_acls(reader),
        route_tables=routing.route_tables(reader, gateways),
        nat_gateways=routing.nat_gateways(reader),
        gateway_endpoints=gateways,
        interface_endpoints=endpoints,
        target_groups=balancing.target_groups(reader),
        listeners=balancing.listeners(reader),
        distributions=distributions,
        origins=doors,
        assumptions=(*ASSUMPTIONS, edge.ASSUMPTION)
        if any(o.private for o in doors)
        else ASSUMPTIONS,
        locations={r.urn: r.location for r in graph.resources if r.location is not None},
    )
    unmodelled = (
        *coverage.not_modelled(graph, Family.NETWORK, MODELLED),
        *imagebuilder.unread(graph, Family.NETWORK),
        *dict.fromkeys(reader.not_modelled),
    )
    return replace(facts, not_modelled=tuple(sorted(set(unmodelled))))
