"""The VPC: three tiers of subnets, their routes and ACLs, the ways out, the flow log's subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.access import by_session_manager
from cinema.acls import AclRule, acl_rules
from cinema.config import Config, ConfigError
from cinema.names import Names
from cinema.subnets import PlannedSubnet, Tier, plan, tier_block

CDN_PORT = 8080
"""Where the load balancer waits for CloudFront. Above 1023, so that the private tier's ACL, which
must let replies in from anywhere, needs no further hole."""

# Of CloudFront's own addresses towards origins, `com.amazonaws.global.cloudfront.origin-facing`:
# `aws ec2 describe-managed-prefix-lists`. AWS never changes an id, and refuses one that is not
# there, so that a wrong entry here fails and opens nothing.
CDN_PREFIX_LISTS = {
    "ap-northeast-1": "pl-58a04531",
    "ap-southeast-1": "pl-31a34658",
    "ap-southeast-2": "pl-b8a742d1",
    "eu-central-1": "pl-a3a144ca",
    "eu-west-1": "pl-4fa04526",
    "eu-west-2": "pl-93a247fa",
    "us-east-1": "pl-3b927c52",
    "us-east-2": "pl-b6a144df",
    "us-west-1": "pl-4ea04527",
    "us-west-2": "pl-82a045eb",
}


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """`zones` are sorted; `egress_zones`, among them, hold NAT gateways and interface endpoints.

    `cdn` is the prefix list of CloudFront where that is the way in, else None: browsers come to
    a public load balancer.
    `admins` may speak SSH to the bastion; there is one unless `sessions` are Session Manager's.
    """

    cidr: IPv4Network
    zones: tuple[str, ...]
    egress_zones: tuple[str, ...]
    admins: tuple[IPv4Network, ...]
    cdn: str | None
    sessions: bool
    subnets: tuple[PlannedSubnet, ...]

    @classmethod
    def read(cls, config: Config, names: Names) -> NetworkSettings:
        """From `cinema:cidr`, `zones`, `egress`, `adminCidrs` and `delivery`."""
        cdn = None
        if config.choice("cinema:delivery", "cdn", "website") == "cdn":
            cdn = CDN_PREFIX_LISTS.get(names.region)
            if cdn is None:
                known = ", ".join(CDN_PREFIX_LISTS)
                raise ConfigError("aws:region", f"a CDN can be had in: {known}")
        zones = tuple(sorted(config.listed("cinema:zones")))
        if foreign := [zone for zone in zones if zone[:-1] != names.region]:
            raise ConfigError("cinema:zones", f"'{foreign[0]}' is not in region {names.region}")
        fewest = 2
        if len(zones) < fewest:
            raise ConfigError("cinema:zones", "a load balancer needs two zones at least")
        cidr = config.network("cinema:cidr")
        if not cidr.is_private:
            raise ConfigError("cinema:cidr", f"'{cidr}' holds public addresses")
        try:
            subnets = plan(cidr, zones)
        except ValueError as problem:
            raise ConfigError("cinema:cidr", str(problem)) from None
        sessions = by_session_manager(config)
        admins = () if sessions else config.admin_networks("cinema:adminCidrs")
        if inside := [network for network in admins if network.overlaps(cidr)]:
            raise ConfigError("cinema:adminCidrs", f"'{inside[0]}' overlaps the VPC, {cidr}")
        each = config.choice("cinema:egress", "each-zone", "one-zone") == "each-zone"
        return cls(
            cidr=cidr,
            zones=zones,
            egress_zones=zones if each else zones[:1],
            admins=admins,
            cdn=cdn,
            sessions=sessions,
            subnets=subnets,
        )

    @property
    def entrance(self) -> Tier:
        """The tier in which the load balancer stands."""
        return Tier.PUBLIC if self.cdn is None else Tier.PRIVATE

    def planned(self, tier: Tier) -> dict[str, PlannedSubnet]:
        """The subnets of a tier by zone."""
        return {subnet.zone: subnet for subnet in self.subnets if subnet.tier == tier}

    def egress_zone(self, zone: str) -> str:
        """The zone whose NAT gateway serves `zone`: its own where it can."""
        return zone if zone in self.egress_zones else self.egress_zones[0]


class Network(pulumi.ComponentResource):
    """The VPC and everything in it that is not a workload.

    `subnets` holds subnets by tier and zone. `ready[tier]` is what must exist before an instance
    of that tier can use the network: Pulumi would wait for the subnet alone, and user data that
    runs before its routes or ACL rules exist fails for good.
    """

    def __init__(
        self,
        name: str,
        settings: NetworkSettings,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:network:Network", name, None, opts)
        self._settings = settings
        self._label = names.prefix
        self._child = pulumi.ResourceOptions(parent=self)

        self.vpc = aws.ec2.Vpc(
            name,
            cidr_block=str(settings.cidr),
            # Both are needed for the private names of interface endpoints.
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=self._tags(name),
            opts=self._child,
        )
        # Whatever forgets to name its security groups gets this one: it must admit nothing.
        aws.ec2.DefaultSecurityGroup(
            name,
            vpc_id=self.vpc.id,
            ingress=[],
            egress=[],
            tags=self._tags("unused"),
            opts=self._child,
        )
        self.subnets = {tier: self._subnets(tier) for tier in Tier}
        acls = {tier: self._acl(tier) for tier in Tier}
        public_routes = self._public_routes()
        self.nat_gateways = self._nat_gateways([*public_routes, *acls[Tier.PUBLIC]])
        private_tables = self._private_tables()
        private_routes = self._private_routes(private_tables, self.nat_gateways)
        self.s3 = aws.ec2.VpcEndpoint(
            "s3",
            vpc_id=self.vpc.id,
            vpc_endpoint_type="Gateway",
            service_name=f"com.amazonaws.{names.region}.s3",
            policy=policies.s3_endpoint(names),
            tags=self._tags("s3"),
            opts=self._child,
        )
        s3_routes = [
            aws.ec2.VpcEndpointRouteTableAssociation(
                f"s3-{zone}", vpc_endpoint_id=self.s3.id, route_table_id=table.id, opts=self._child
            )
            for zone, table in private_tables.items()
        ]
        self.ready = {
            Tier.PUBLIC: [*public_routes, *acls[Tier.PUBLIC]],
            Tier.PRIVATE: [
                *private_routes,
                *self.nat_gateways.values(),
                self.s3,
                *s3_routes,
                *acls[Tier.PRIVATE],
            ],
            Tier.DATABASE: [*self._database_routes(), *acls[Tier.DATABASE]],
        }
        self.register_outputs({"vpc": self.vpc.id})

    def _tags(self, part: str) -> dict[str, str]:
        return {"Name": f"{self._label}-{part}"}

    def _subnets(self, tier: Tier) -> dict[str, aws.ec2.Subnet]:
        return {
            zone: aws.ec2.Subnet(
                planned.name,
                vpc_id=self.vpc.id,
                availability_zone=zone,
                cidr_block=str(planned.cidr),
                # A public address is asked for by name (bastion, NAT), never given by default.
                map_public_ip_on_launch=False,
                tags=self._tags(planned.name),
                opts=self._child,
            )
            for zone, planned in self._settings.planned(tier).items()
        }

    def _acl(self, tier: Tier) -> list[pulumi.Resource]:
        acl = aws.ec2.NetworkAcl(
            tier.value,
            vpc_id=self.vpc.id,
            subnet_ids=[subnet.id for subnet in self.subnets[tier].values()],
            tags=self._tags(tier.value),
            opts=self._child,
        )
        blocks = {each: tier_block(self._settings.cidr, each) for each in Tier}
        rules = acl_rules(tier, blocks, self._settings.admins, cdn=self._settings.cdn is not None)
        return [acl, *(self._acl_rule(tier, acl, rule) for rule in rules)]

    def _acl_rule(
        self, tier: Tier, acl: aws.ec2.NetworkAcl, rule: AclRule
    ) -> aws.ec2.NetworkAclRule:
        return aws.ec2.NetworkAclRule(
            f"{tier}-{rule.name}",
            network_acl_id=acl.id,
            egress=rule.direction == "out",
            rule_number=rule.number,
            rule_action="allow",
            protocol="tcp",
            cidr_block=str(rule.peer),
            from_port=rule.ports[0],
            to_port=rule.ports[1],
            opts=self._child,
        )

    def _associations(
        self, tier: Tier, tables: Mapping[str, aws.ec2.RouteTable]
    ) -> list[pulumi.Resource]:
        return [
            aws.ec2.RouteTableAssociation(
                self._settings.planned(tier)[zone].name,
                subnet_id=subnet.id,
                route_table_id=tables[zone].id,
                opts=self._child,
            )
            for zone, subnet in self.subnets[tier].items()
        ]

    def _table(self, name: str) -> aws.ec2.RouteTable:
        # Routes are resources of their own: inline `routes` would fight them.
        return aws.ec2.RouteTable(name, vpc_id=self.vpc.id, tags=self._tags(name), opts=self._child)

    def _public_routes(self) -> list[pulumi.Resource]:
        self.gateway = aws.ec2.InternetGateway(
            "internet", vpc_id=self.vpc.id, tags=self._tags("internet"), opts=self._child
        )
        table = self._table("public")
        route = aws.ec2.Route(
            "public-to-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=self.gateway.id,
            opts=self._child,
        )
        tables = dict.fromkeys(self._settings.zones, table)
        return [route, *self._associations(Tier.PUBLIC, tables)]

    def _nat_gateways(self, ready: list[pulumi.Resource]) -> dict[str, aws.ec2.NatGateway]:
        gateways = {}
        for zone in self._settings.egress_zones:
            address = aws.ec2.Eip(
                f"nat-{zone}", domain="vpc", tags=self._tags(f"nat-{zone}"), opts=self._child
            )
            gateways[zone] = aws.ec2.NatGateway(
                f"nat-{zone}",
                subnet_id=self.subnets[Tier.PUBLIC][zone].id,
                allocation_id=address.allocation_id,
                tags=self._tags(f"nat-{zone}"),
                # A NAT gateway made before its VPC has an internet gateway fails.
                opts=pulumi.ResourceOptions(parent=self, depends_on=ready),
            )
        return gateways

    def _private_tables(self) -> dict[str, aws.ec2.RouteTable]:
        return {zone: self._table(f"private-{zone}") for zone in self._settings.zones}

    def _private_routes(
        self,
        tables: Mapping[str, aws.ec2.RouteTable],
        gateways: Mapping[str, aws.ec2.NatGateway],
    ) -> list[pulumi.Resource]:
        routes = [
            aws.ec2.Route(
                f"private-{zone}-to-internet",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=gateways[self._settings.egress_zone(zone)].id,
                opts=self._child,
            )
            for zone, table in tables.items()
        ]
        return [*routes, *self._associations(Tier.PRIVATE, tables)]

    def _database_routes(self) -> list[pulumi.Resource]:
        # One table for all zones, and not one route in it: nothing leaves, so nothing differs.
        table = self._table("database")
        return self._associations(Tier.DATABASE, dict.fromkeys(self._settings.zones, table))
