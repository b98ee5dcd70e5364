"""Interface endpoints: AWS services with an address inside the VPC."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.ground import Ground
from cinema.network import NetworkSettings
from cinema.subnets import Tier


class Endpoints(pulumi.ComponentResource):
    """CloudWatch Logs, Secrets Manager, and what sessions take, without leaving AWS's network.

    For the members of the database they are the only way: no route leads out of their subnets.
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
        documents = {
            "logs": policies.logs_endpoint(ground.names, sessions=settings.sessions),
            "secretsmanager": policies.secrets_endpoint(ground.names),
        }
        if settings.sessions:
            # No ec2messages: agents since 3.3.40 use ssmmessages for it where they may (Systems
            # Manager User Guide, "Reference: ec2messages, ssmmessages, and other API operations").
            documents |= {
                service: policies.sessions_endpoint(ground.names, service)
                for service in policies.SERVE_SESSIONS
            }
        services = [
            aws.ec2.VpcEndpoint(
                service,
                vpc_id=ground.network.vpc.id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{ground.names.region}.{service}",
                subnet_ids=[private[zone].id for zone in settings.egress_zones],
                security_group_ids=[ground.security.groups["endpoints"].id],
                private_dns_enabled=True,
                policy=document,
                tags={"Name": f"{ground.names.prefix}-{service}"},
                opts=pulumi.ResourceOptions(parent=self),
            )
            for service, document in documents.items()
        ]
        # Who is led to an endpoint needs it, and the rules by which it listens.
        self.ready = (*services, *ground.security.rules["endpoints"])
        self.register_outputs({"services": [endpoint.id for endpoint in services]})
