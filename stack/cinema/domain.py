"""A domain of one's own for CloudFront: a certificate that the program has validated, and names."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema.config import Config, ConfigError
from cinema.firewall import REGION

_DOMAIN = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"


@dataclass(frozen=True, kw_only=True)
class DomainSettings:
    """`zone_id` is the Route 53 hosted zone that answers for `name`: the registrar leads to it."""

    name: str
    zone_id: str

    @classmethod
    def read(cls, config: Config, *, cdn: bool) -> DomainSettings | None:
        """From `cinema:domain` and `cinema:hostedZone`; None where there is no domain."""
        zone = "cinema:hostedZone"
        if config.optional("cinema:domain") is None:
            if config.optional(zone) is not None:
                raise ConfigError(zone, "has no use without cinema:domain")
            return None
        if not cdn:
            raise ConfigError("cinema:domain", "has no use without cinema:delivery: cdn")
        return cls(
            name=config.matching("cinema:domain", _DOMAIN, "a domain name"),
            zone_id=config.matching(zone, r"Z[A-Z0-9]{5,31}", "a hosted zone's id"),
        )


class Certificate(pulumi.ComponentResource):
    """A certificate for the domain. `arn` is known once it is valid."""

    def __init__(
        self, name: str, settings: DomainSettings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("cinema:domain:Certificate", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            name,
            domain_name=settings.name,
            validation_method="DNS",
            # CloudFront takes certificates of this region alone, wherever all else is (CloudFront
            # Developer Guide, "Requirements for using SSL/TLS certificates with CloudFront").
            region=REGION,
            opts=child,
        )
        # One name, so one record that proves it is ours.
        option = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-validation",
            zone_id=settings.zone_id,
            name=option.resource_record_name.apply(_known),
            # Never another (AWS Certificate Manager User Guide, "AWS Certificate Manager DNS
            # validation").
            type="CNAME",
            records=[option.resource_record_value.apply(_known)],
            ttl=300,
            # ACM asks for the same record each time that the same name is validated.
            allow_overwrite=True,
            opts=child,
        )
        valid = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            region=REGION,
            opts=child,
        )
        self.arn = valid.certificate_arn
        self.register_outputs({"arn": self.arn})


def _known(text: str | None) -> str:
    if text is None:
        raise ValueError("ACM asks for no record")
    return text


def point(
    name: str,
    settings: DomainSettings,
    distribution: aws.cloudfront.Distribution,
    opts: pulumi.ResourceOptions,
) -> None:
    """Let the domain lead to the distribution, by IPv4 and IPv6."""
    for kind in ("A", "AAAA"):
        aws.route53.Record(
            f"{name}-{kind.lower()}",
            zone_id=settings.zone_id,
            name=settings.name,
            type=kind,
            aliases=[
                aws.route53.RecordAliasArgs(
                    name=distribution.domain_name,
                    zone_id=distribution.hosted_zone_id,
                    evaluate_target_health=False,
                )
            ],
            opts=opts,
        )
