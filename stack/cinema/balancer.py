"""The public load balancer and its target group: the only way in for browsers."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema.buckets import Bucket
from cinema.config import Config, ConfigError
from cinema.ground import Ground
from cinema.names import Names
from cinema.subnets import Tier

API_PORT = 8081


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    """With a certificate the API answers on 443 as `domain`, and 80 redirects."""

    certificate_arn: str | None
    domain: str | None
    protect: bool

    @classmethod
    def read(cls, config: Config, names: Names) -> BalancerSettings:
        """From `cinema:https`, `cinema:certificateArn`, `cinema:apiDomain`, `cinema:protect`."""
        key = "cinema:certificateArn"
        required = config.choice("cinema:https", "required", "optional") == "required"
        certificate = domain = None
        if required or config.optional(key) is not None:
            # A load balancer takes certificates of its own region only.
            certificate = config.matching(
                key,
                rf"arn:aws:acm:{names.region}:\d{{12}}:certificate/[0-9a-f-]+",
                f"the ARN of a certificate in {names.region}",
            )
            # The certificate is for a name of yours, not for the load balancer's own.
            domain = config.matching(
                "cinema:apiDomain", r"([a-z0-9-]+\.)+[a-z]{2,}", "a domain name"
            )
        elif config.optional("cinema:apiDomain") is not None:
            raise ConfigError("cinema:apiDomain", f"has no use without {key}")
        return cls(
            certificate_arn=certificate, domain=domain, protect=config.flag("cinema:protect")
        )

    @property
    def https(self) -> bool:
        """Whether there is a listener on 443."""
        return self.certificate_arn is not None


class Balancer(pulumi.ComponentResource):
    """The load balancer. `address` is the API's base URL; `listeners` make targets healthy."""

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
        self.load_balancer = aws.lb.LoadBalancer(
            name,
            load_balancer_type="application",
            internal=False,
            subnets=[subnet.id for subnet in ground.network.subnets[Tier.PUBLIC].values()],
            security_groups=[ground.security.groups["load-balancer"].id],
            # A header that no server should get is how requests are smuggled past one.
            drop_invalid_header_fields=True,
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
                    *ground.network.ready[Tier.PUBLIC],
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
        forward = aws.lb.ListenerDefaultActionArgs(
            type="forward", target_group_arn=self.target_group.arn
        )
        redirect = aws.lb.ListenerDefaultActionArgs(
            type="redirect",
            redirect=aws.lb.ListenerDefaultActionRedirectArgs(
                protocol="HTTPS", port="443", status_code="HTTP_301"
            ),
        )
        http = aws.lb.Listener(
            "http",
            load_balancer_arn=self.load_balancer.arn,
            port=80,
            protocol="HTTP",
            default_actions=[redirect if settings.https else forward],
            opts=child,
        )
        self.listeners = [http]
        self.address = pulumi.Output.concat("http://", self.load_balancer.dns_name)
        if settings.https:
            https = aws.lb.Listener(
                "https",
                load_balancer_arn=self.load_balancer.arn,
                port=443,
                protocol="HTTPS",
                # TLS 1.2 and 1.3, with forward secrecy only.
                ssl_policy="ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
                certificate_arn=settings.certificate_arn,
                default_actions=[forward],
                opts=child,
            )
            self.listeners = [http, https]
            self.address = pulumi.Output.from_input(f"https://{settings.domain}")
        self.register_outputs({"address": self.address})
