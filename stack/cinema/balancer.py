"""The load balancer before the API and its target group: the API's only way in."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema.buckets import Bucket
from cinema.config import Config
from cinema.ground import Ground
from cinema.network import CDN_PORT, NetworkSettings
from cinema.subnets import Tier

API_PORT = 8081


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    """Behind a CDN it is `internal` and waits for that alone; else public, and speaks HTTP."""

    internal: bool
    protect: bool

    @classmethod
    def read(cls, config: Config, network: NetworkSettings) -> BalancerSettings:
        """From `cinema:protect`, and the way in that the network has."""
        return cls(internal=network.cdn is not None, protect=config.flag("cinema:protect"))


class Balancer(pulumi.ComponentResource):
    """The load balancer. `address` is its base URL; `listeners` make targets healthy.

    `gateway` must exist before CloudFront is led here.
    """

    def __init__(
        self,
        name: str,
        settings: BalancerSettings,
        ground: Ground,
        *,
        logs: Bucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:balancer:Balancer", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = {"Name": f"{ground.names.prefix}-{name}"}
        tier = Tier.PRIVATE if settings.internal else Tier.PUBLIC
        self.load_balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="application",
            internal=settings.internal,
            subnets=[subnet.id for subnet in ground.network.subnets[tier].values()],
            security_groups=[ground.security.groups["load-balancer"].id],
            # A header that no server should get is how requests are smuggled past one.
            drop_invalid_header_fields=True,
            # CloudFront has put the client's address last. Its own behind it would be one that the
            # API cannot tell from a client's.
            xff_header_processing_mode="preserve" if settings.internal else "append",
            enable_deletion_protection=settings.protect,
            access_logs=aws.lb.LoadBalancerAccessLogsArgs(
                enabled=True, bucket=logs.bucket.id, prefix="alb"
            ),
            tags=tags,
            # AWS refuses an internet-facing load balancer in a VPC without internet gateway,
            # and access logs that the bucket's policy does not admit yet.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    *ground.network.ready[tier],
                    *ground.security.rules["load-balancer"],
                    *logs.ready,
                ],
            ),
        )
        self.target_group = aws.lb.TargetGroup(
            name,
            vpc_id=ground.network.vpc.id,
            port=API_PORT,
            protocol="HTTP",
            target_type="instance",
            deregistration_delay=30,
            health_check=aws.lb.TargetGroupHealthCheckArgs(
                # Alive, not ready: were it readiness, an outage of the database would have the
                # whole fleet killed and made again, for as long as it lasts.
                path="/healthz",
                port=str(API_PORT),
                protocol="HTTP",
                matcher="200",
                interval=15,
                timeout=5,
                healthy_threshold=2,
                unhealthy_threshold=3,
            ),
            tags=tags,
            opts=child,
        )
        http = aws.lb.Listener(
            "http",
            load_balancer_arn=self.load_balancer.arn,
            port=CDN_PORT if settings.internal else 80,
            protocol="HTTP",
            default_actions=[
                aws.lb.ListenerDefaultActionArgs(
                    type="forward", target_group_arn=self.target_group.arn
                )
            ],
            opts=child,
        )
        self.listeners = [http]
        self.gateway = ground.network.gateway
        self.arn = self.load_balancer.arn
        self.dns_name = self.load_balancer.dns_name
        self.address = pulumi.Output.concat("http://", self.load_balancer.dns_name)
        self.register_outputs({"address": self.address})
