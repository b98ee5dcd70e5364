"""CloudFront: doors that the internet may enter by, and where each leads.

An origin in S3 is no place of a network: whom a bucket admits is its policy's matter. An origin by
a host name is somewhere on the internet, also where that name is one of this stack's. A VPC origin
is the third kind: CloudFront comes in by an interface of its own, to a load balancer or an instance
that has no public address (CloudFront Developer Guide, "Restrict access with VPC origins").
"""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.network.facts import EVERY_ADDRESS, Distribution, Interface, Origin
from stackproof.aws.network.interfaces import BALANCER, INSTANCE
from stackproof.aws.network.reading import Reader, flag, is_unknown, mapping, whole
from stackproof.aws.network.routing import EIP
from stackproof.model import Reference, Resource, Value, references

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"

ASSUMPTION = (
    "VPC origins are used by the distributions that this stack declares, and shared with no other"
    " account."
)

_OF_BALANCER = frozenset({"dnsName"})
_OF_INSTANCE = frozenset({"publicDns", "publicIp"})


def distributions(reader: Reader) -> tuple[Distribution, ...]:
    """Every distribution."""
    found = []
    for resource in reader.graph.of_type(DISTRIBUTION):
        enabled = reader.get(resource, "enabled")
        version = reader.get(resource, "httpVersion")
        if is_unknown(version):
            reader.lost(resource, "the version of HTTP that it speaks is not known")
        if resource.external:
            reader.lost(resource, "it is read, not declared")
        found.append(
            Distribution(
                resource.urn,
                resource.name,
                None if is_unknown(enabled) else flag(enabled),
                isinstance(version, str) and version.endswith("3"),
            )
        )
    return tuple(found)


def faces(found: tuple[Distribution, ...]) -> Iterator[Interface]:
    """A distribution as what it is to the internet: an end that packets reach, in no VPC."""
    for distribution in found:
        yield Interface(
            owner=distribution.urn,
            name=distribution.name,
            kind="distribution",
            vpc="",
            subnet="",
            address=EVERY_ADDRESS,
            security_groups=(),
            public=True,
            resource=distribution.urn,
        )


def origins(reader: Reader) -> tuple[Origin, ...]:
    """Where the distributions fetch what they are asked for, but for S3."""
    found = []
    for resource in reader.graph.of_type(DISTRIBUTION):
        listed = reader.items(resource, "origins")
        if listed is None or not all(isinstance(each, dict) for each in listed):
            reader.lost(resource, "its origins are not known")
            continue
        for given in listed:
            origin = _origin(reader, resource, mapping(given))
            found += [] if origin is None else [origin]
    for resource in reader.graph.of_type(VPC_ORIGIN):
        if _target(reader, resource) is None:
            reader.lost(resource, "what it leads to is not known")
    return tuple(sorted(found, key=lambda o: (o.distribution, o.name)))


def _origin(reader: Reader, resource: Resource, given: dict[str, Value]) -> Origin | None:
    name = given.get("originId")
    label = name if isinstance(name, str) else resource.name
    custom, private = given.get("customOriginConfig"), given.get("vpcOriginConfig")
    if custom is None and private is None:
        return None
    if private is not None:
        door = reader.urn(mapping(private).get("vpcOriginId"), VPC_ORIGIN)
        origin = None if door is None else reader.resources[door]
        target = None if origin is None else _target(reader, origin)
        if origin is None or target is None:
            reader.lost(resource, f"where the VPC origin of its origin {label} leads is not known")
            return None
        ports = _ports(mapping(reader.get(origin, "vpcOriginEndpointConfig")))
        urn, private_way = origin.urn, True
    else:
        host = given.get("domainName")
        target = _named(reader, host)
        if target is None:
            reader.lost(resource, f"the host of its origin {label} is not known")
            return None
        ports = _ports(mapping(custom))
        urn, private_way = resource.urn, False
    if ports is None:
        reader.lost(resource, f"the ports of its origin {label} are not known")
        return None
    return Origin(urn, label, resource.urn, target, private_way, ports)


def _target(reader: Reader, origin: Resource) -> str | None:
    """The load balancer or the instance that a VPC origin leads to."""
    if origin.external:
        return None
    return reader.urn(
        mapping(reader.get(origin, "vpcOriginEndpointConfig")).get("arn"), BALANCER, INSTANCE
    )


def _ports(config: dict[str, Value]) -> tuple[int, ...] | None:
    """The ports that CloudFront calls, by the origin's protocol policy."""
    policy = config.get("originProtocolPolicy")
    keys = {
        "http-only": ("httpPort",),
        "https-only": ("httpsPort",),
        "match-viewer": ("httpPort", "httpsPort"),
    }.get(policy if isinstance(policy, str) else "")
    if keys is None:
        return None
    ports = [whole(config.get(key)) for key in keys]
    return None if None in ports else tuple(sorted({p for p in ports if p is not None}))


def _named(reader: Reader, host: Value) -> str | None:
    """What of this stack a host name leads to; empty for the rest of the internet, None unknown."""
    if is_unknown(host) or host is None:
        return None
    if isinstance(host, Reference):
        target = reader.resources.get(host.urn)
        if target is None:
            return None
        if target.type in {BALANCER, INSTANCE}:
            known = _OF_BALANCER if target.type == BALANCER else _OF_INSTANCE
            return target.urn if host.property in known else None
    named = {reader.resources[r.urn].type for r in references(host) if r.urn in reader.resources}
    return None if named & {BALANCER, INSTANCE, EIP} else ""
