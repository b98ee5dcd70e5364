"""Interface endpoints: AWS services with an address inside the VPC."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.ground import Ground
from cinema.network import NetworkSettings
from cinema.subnets import Tier


class Endpoints(pulumi.ComponentResource):
    """CloudWatch Logs, to which the API sends its log without leaving AWS's network.

    Private DNS holds for the whole VPC: whoever asks for the service is led here, from whatever
    tier, and is turned away unless `security` admits it.
    """

    def __init__(
        self,
        name: str,
        settings: NetworkSettings,
        ground: Ground,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:endpoints:Endpoints", name, None, opts)
        private = ground.network.subnets[Tier.PRIVATE]
        self.logs = aws.ec2.VpcEndpoint(
            "logs",
            vpc_id=ground.network.vpc.id,
            vpc_endpoint_type="Interface",
            service_name=f"com.amazonaws.{ground.names.region}.logs",
            subnet_ids=[private[zone].id for zone in settings.egress_zones],
            security_group_ids=[ground.security.groups["endpoints"].id],
            private_dns_enabled=True,
            policy=policies.logs_endpoint(ground.names),
            tags={"Name": f"{ground.names.prefix}-logs"},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({"logs": self.logs.id})
