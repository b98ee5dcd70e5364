"""The VPC's private zone: names that stay when addresses change, seen from inside only."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from cinema.names import Names
from cinema.network import Network

_SECONDS_TO_LIVE = 60


class PrivateZone(pulumi.ComponentResource):
    """A record for each host. `records` holds them by host name."""

    def __init__(
        self,
        name: str,
        names: Names,
        network: Network,
        hosts: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it. `hosts` has the address of each host name, which ends in `names.domain`."""
        super().__init__("cinema:zone:PrivateZone", name, None, opts)
        zone = aws.route53.Zone(
            name,
            name=names.domain,
            comment="Names of the VPC",
            vpcs=[aws.route53.ZoneVpcArgs(vpc_id=network.vpc.id)],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.records = {
            host: aws.route53.Record(
                host.removesuffix(f".{names.domain}"),
                zone_id=zone.id,
                name=host,
                type="A",
                ttl=_SECONDS_TO_LIVE,
                records=[address],
                opts=pulumi.ResourceOptions(parent=self),
            )
            for host, address in sorted(hosts.items())
        }
        self.register_outputs({"zone": zone.id})
