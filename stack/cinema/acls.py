"""The network ACL of each tier, as a table.

ACLs are the second fence: stateless, by subnet, blind to security groups and prefix lists. They
keep the tiers apart when a security group is wrong, but cannot alone: replies must come in on
1024-65535, a range that includes 8081 and 27017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Literal

from cinema.subnets import Tier

ANYWHERE = IPv4Network("0.0.0.0/0")
_EPHEMERAL = (1024, 65535)


@dataclass(frozen=True)
class AclRule:
    """One allowed range of TCP ports. First match wins, by number; what none matches is denied."""

    number: int
    direction: Literal["in", "out"]
    peer: IPv4Network
    ports: tuple[int, int]
    why: str

    @property
    def name(self) -> str:
        """Its name within the tier's ACL."""
        return f"{self.direction}-{self.number}"


def acl_rules(
    tier: Tier, blocks: Mapping[Tier, IPv4Network], admins: Sequence[IPv4Network], *, cdn: bool
) -> tuple[AclRule, ...]:
    """The rules of a tier's ACL, given each tier's block of addresses.

    With a CDN no browser comes to the public tier. What comes from CloudFront appears in the
    private one, from addresses of CloudFront's. Without `admins` there is no bastion, and no rule
    is about SSH.
    """
    bastion = bool(admins)
    public, private, database = blocks[Tier.PUBLIC], blocks[Tier.PRIVATE], blocks[Tier.DATABASE]
    match tier:
        case Tier.PUBLIC:
            web = () if cdn else (AclRule(100, "in", ANYWHERE, (80, 80), "browsers"),)
            # What the private tier sends through the NAT gateways, which stand here.
            tls = AclRule(110, "in", private, (443, 443), "HTTPS of the private tier, by NAT")
            ssh = tuple(
                AclRule(120 + place, "in", network, (22, 22), "administrators")
                for place, network in enumerate(sorted(admins))
            )
            return (
                *web,
                tls,
                *ssh,
                AclRule(200, "in", ANYWHERE, _EPHEMERAL, "replies, of the internet to the NAT too"),
                AclRule(100, "out", ANYWHERE, (443, 443), "HTTPS of the private tier, by NAT"),
                *_if(bastion, AclRule(110, "out", private, (22, 22), "bastion to API")),
                *_if(bastion, AclRule(120, "out", database, (22, 22), "bastion to database")),
                # Holds 8081 as well, on which the load balancer speaks to the API.
                AclRule(200, "out", ANYWHERE, _EPHEMERAL, "replies to clients; API"),
            )
        case Tier.PRIVATE:
            cloudfront = (
                (AclRule(230, "out", ANYWHERE, _EPHEMERAL, "replies to CloudFront"),) if cdn else ()
            )
            return (
                *_if(bastion, AclRule(100, "in", public, (22, 22), "bastion")),
                AclRule(110, "in", private, (443, 443), "interface endpoints"),
                AclRule(120, "in", database, (443, 443), "interface endpoints"),
                # Holds 8080 and 8081 as well. From anywhere: a NAT gateway keeps the sender's
                # address, and so does a VPC origin.
                AclRule(
                    200, "in", ANYWHERE, _EPHEMERAL, "replies; CloudFront; load balancer to API"
                ),
                AclRule(100, "out", ANYWHERE, (443, 443), "HTTPS: S3, interface endpoints, NAT"),
                AclRule(110, "out", database, (27017, 27017), "API to database"),
                AclRule(200, "out", public, _EPHEMERAL, "replies to load balancer and bastion"),
                AclRule(
                    210, "out", private, _EPHEMERAL, "replies of endpoints; load balancer to API"
                ),
                AclRule(220, "out", database, _EPHEMERAL, "replies of the interface endpoints"),
                *cloudfront,
            )
        case Tier.DATABASE:
            return (
                *_if(bastion, AclRule(100, "in", public, (22, 22), "bastion")),
                # Holds 27017 as well, on which the API asks.
                AclRule(110, "in", private, _EPHEMERAL, "API; replies of the interface endpoints"),
                # Holds 27017 as well, between the members.
                AclRule(200, "in", database, _EPHEMERAL, "replica set and its replies"),
                AclRule(100, "out", private, (443, 443), "interface endpoints"),
                *_if(bastion, AclRule(200, "out", public, _EPHEMERAL, "replies to the bastion")),
                AclRule(210, "out", private, _EPHEMERAL, "replies to the API"),
                AclRule(220, "out", database, _EPHEMERAL, "replica set and its replies"),
            )


def _if(there: bool, rule: AclRule) -> tuple[AclRule, ...]:  # noqa: FBT001 - it reads as a sentence
    return (rule,) if there else ()
