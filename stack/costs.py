"""What a stack costs a month: its Graph, times the prices in prices.toml.

Usage: python stack/costs.py [--markdown] [STACK...]

What is there costs by the hour, and follows from the Graph. What is used costs by what is assumed
of a small site. A type of resource that is neither priced nor known to be free is an error: nothing
is left out in silence.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from stackproof.model import Graph, Reference, Resource, Value
from stackproof.sources.errors import SourceError
from stackproof.sources.program import evaluate

ROOT = Path(__file__).resolve().parents[1]
PRICES = Path(__file__).with_name("prices.toml")
STACKS = ("prod", "dev", "seed")


@dataclass(frozen=True)
class Prices:
    """The table: US dollars, for what stands in the keys' names or beside them."""

    as_of: str
    region: str
    hours: Decimal
    instances: Mapping[str, Decimal]
    hourly: Mapping[str, Decimal]
    monthly: Mapping[str, Decimal]
    use: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls) -> Prices:
        """From prices.toml."""
        table = tomllib.loads(PRICES.read_text(encoding="utf-8"), parse_float=Decimal)
        return cls(**{**table, "as_of": str(table["as_of"]), "use": tuple(table["use"])})

    def lasting(self, key: str) -> Decimal:
        """A month of what costs by the hour, or by the month."""
        return self.hourly[key] * self.hours if key in self.hourly else self.monthly[key]


@dataclass(frozen=True)
class Line:
    """So many of something, each at dollars a month. `used` is assumed, the rest declared."""

    what: str
    number: Decimal
    price: Decimal
    unit: str = ""
    used: bool = False

    @property
    def month(self) -> Decimal:
        """Dollars."""
        return self.number * self.price


class CostError(Exception):
    """It cannot be said what something costs; the message names it and the mend."""


Count = Callable[[Resource, Graph], Iterator[tuple[str, str, float]]]
"""Of one resource: what it is, the key of its price, and how many."""


def _one(what: str, key: str) -> Count:
    def count(_: Resource, __: Graph) -> Iterator[tuple[str, str, float]]:
        yield what, key, 1

    return count


def _instance(resource: Resource, _: Graph) -> Iterator[tuple[str, str, float]]:
    yield from _machine(resource, 1)
    if resource.inputs.get("associatePublicIpAddress") is True:
        yield "public addresses", "public_address", 1


def _group(group: Resource, graph: Graph) -> Iterator[tuple[str, str, float]]:
    template = _followed(_mapping(group.inputs["launchTemplate"])["id"], graph)
    yield from _machine(template, _number(group.inputs["minSize"]))


def _machine(resource: Resource, number: float) -> Iterator[tuple[str, str, float]]:
    kind = str(resource.inputs["instanceType"])
    yield f"instances {kind}", kind, number
    # What the images of Amazon Linux ask for, where the program says nothing else.
    yield "GiB of volumes", "volume_gib", 8 * number
    watched = resource.inputs.get("monitoring")
    if watched is True or (isinstance(watched, dict) and watched.get("enabled") is True):
        yield "instances watched by the minute", "detailed_monitoring", number


def _volume(volume: Resource, _: Graph) -> Iterator[tuple[str, str, float]]:
    yield "GiB of volumes", "volume_gib", _number(volume.inputs["size"])


def _endpoint(endpoint: Resource, _: Graph) -> Iterator[tuple[str, str, float]]:
    if endpoint.inputs.get("vpcEndpointType") == "Interface":
        yield (
            "interface endpoints, in each zone",
            "interface_endpoint",
            _many(endpoint, "subnetIds"),
        )


def _load_balancer(balancer: Resource, _: Graph) -> Iterator[tuple[str, str, float]]:
    yield "load balancers", "load_balancer", 1
    if balancer.inputs.get("internal") is not True:
        yield "public addresses", "public_address", _many(balancer, "subnets")


def _web_acl(acl: Resource, _: Graph) -> Iterator[tuple[str, str, float]]:
    yield "firewalls", "web_acl", 1
    yield "rules of firewalls", "web_acl_rule", _many(acl, "rules")


LASTING: Mapping[str, Count] = {
    "aws:autoscaling/group:Group": _group,
    "aws:cloudwatch/dashboard:Dashboard": _one("dashboards", "dashboard"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _one("alarms", "alarm"),
    "aws:ebs/volume:Volume": _volume,
    "aws:ec2/eip:Eip": _one("public addresses", "public_address"),
    "aws:ec2/instance:Instance": _instance,
    "aws:ec2/natGateway:NatGateway": _one("NAT gateways", "nat_gateway"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:kms/key:Key": _one("customer keys", "key"),
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:route53/zone:Zone": _one("hosted zones", "zone"),
    "aws:secretsmanager/secret:Secret": _one("secrets", "secret"),
    "aws:shield/subscription:Subscription": _one("Shield Advanced", "shield_advanced"),
    "aws:wafv2/webAcl:WebAcl": _web_acl,
}
"""What costs by being there."""

FREE = frozenset(
    f"aws:{module}/{name[0].lower()}{name[1:]}:{name}"
    for module, names in {
        "acm": "Certificate CertificateValidation",
        "autoscaling": "Policy",
        "backup": "Selection Vault VaultLockConfiguration",
        "budgets": "Budget",
        "cfg": "DeliveryChannel RecorderStatus",
        "cloudfront": "CachePolicy Function OriginAccessControl ResponseHeadersPolicy VpcOrigin",
        # The first trail of an account; what it delivers is kept in a bucket.
        "cloudtrail": "Trail",
        # Rules on what AWS itself tells.
        "cloudwatch": "EventRule EventTarget",
        "ec2": "DefaultSecurityGroup FlowLog InternetGateway LaunchTemplate NetworkAcl"
        " NetworkAclRule Route RouteTable RouteTableAssociation SecurityGroup Subnet"
        " VolumeAttachment Vpc VpcEndpointRouteTableAssociation",
        "guardduty": "DetectorFeature MalwareProtectionPlan",
        "iam": "InstanceProfile OpenIdConnectProvider Policy Role RolePolicyAttachment"
        " ServiceLinkedRole",
        "imagebuilder": "Component DistributionConfiguration Image ImagePipeline"
        " InfrastructureConfiguration",
        "kms": "Alias",
        "lambda": "FunctionRecursionConfig Permission",
        "lb": "Listener TargetGroup",
        "route53": "Record",
        "s3": "BucketLifecycleConfiguration BucketLogging BucketNotification BucketObjectv2"
        " BucketOwnershipControls BucketPolicy BucketPublicAccessBlock"
        " BucketServerSideEncryptionConfiguration BucketVersioning",
        "securityhub": "StandardsSubscription",
        "shield": "Protection",
        "sns": "Topic TopicPolicy TopicSubscription",
        "sqs": "Queue",
        "ssm": "Document",
        "vpc": "SecurityGroupEgressRule SecurityGroupIngressRule",
        "wafv2": "WebAclLoggingConfiguration",
    }.items()
    for name in names.split()
)
"""What costs nothing, or less than a cent for a small site."""


def lines(graph: Graph, prices: Prices) -> list[Line]:
    """What the stack costs, dearest first. Raises CostError for what has no price."""
    declared = [r for r in graph.resources if r.custom and not r.type.startswith("pulumi:")]
    types = {resource.type for resource in declared}
    by_use = {type_ for use in prices.use for type_ in use["types"]}
    if unknown := sorted(types - LASTING.keys() - FREE - by_use):
        raise CostError(f"{unknown[0]}: say in stack/costs.py what it costs, or that it is free")
    numbers: dict[tuple[str, str], Decimal] = {}
    for resource in declared:
        count = LASTING.get(resource.type)
        for what, key, number in () if count is None else count(resource, graph):
            numbers[what, key] = numbers.get((what, key), Decimal(0)) + Decimal(str(number))
    found = [
        Line(what, number, _price(key, prices), "month") for (what, key), number in numbers.items()
    ]
    found += [
        Line(
            use["what"],
            max(Decimal(use["quantity"]) - Decimal(use.get("free", 0)), Decimal(0)),
            Decimal(use["price"]),
            use["unit"],
            used=True,
        )
        for use in prices.use
        if types & set(use["types"])
    ]
    return sorted(found, key=lambda line: (line.used, -line.month, line.what))


def _price(key: str, prices: Prices) -> Decimal:
    if "." not in key:
        return prices.lasting(key)
    if key not in prices.instances:
        raise CostError(f"{key}: its price is not in stack/prices.toml, under [instances]")
    return prices.instances[key] * prices.hours


def _followed(value: Value, graph: Graph) -> Resource:
    if not isinstance(value, Reference):
        raise CostError(f"{value}: what it refers to is not known, so neither is what it costs")
    return graph.by_urn()[value.urn]


def _mapping(value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise CostError(f"{value}: what it holds is not known, so neither is what it costs")
    return value


def _number(value: Value) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CostError(f"{value}: is not a number, so what it costs is not known")
    return value


def _many(resource: Resource, key: str) -> int:
    value = resource.inputs.get(key)
    if not isinstance(value, list):
        raise CostError(f"{resource.name}: its {key} are not known, so neither is what it costs")
    return len(value)


# ── the page ────────────────────────────────────────────────────────────────────────────────────


def table(costs: Mapping[str, list[Line]], prices: Prices, *, markdown: bool) -> Iterator[str]:
    """A row for each thing, a column for each stack, in dollars a month."""
    rows: dict[tuple[bool, str], dict[str, Line]] = {}
    for stack, found in costs.items():
        for line in found:
            rows.setdefault((line.used, line.what), {})[stack] = line
    ordered = sorted(
        rows, key=lambda row: (row[0], -max(line.month for line in rows[row].values()), row[1])
    )
    yield from _row("dollars a month", list(costs), markdown=markdown)
    yield "|---|" + "---:|" * len(costs) if markdown else "─" * (_WIDTH + _CELL * len(costs))
    for used in (False, True):
        title = "with use" if used else "by being there"
        totals = {s: sum(line.month for line in f if line.used is used) for s, f in costs.items()}
        yield from _row(
            title, [f"{t:,.2f}" for t in totals.values()], markdown=markdown, strong=True
        )
        for row in (row for row in ordered if row[0] is used):
            cells = [_cell(rows[row].get(stack)) for stack in costs]
            yield from _row(f"  {row[1]}", cells, markdown=markdown)
    whole = [f"{sum(line.month for line in found):,.2f}" for found in costs.values()]
    yield from _row("in all", whole, markdown=markdown, strong=True)
    yield ""
    yield f"List prices of {prices.as_of} in {prices.region}; {prices.hours} hours a month."


_WIDTH, _CELL = 47, 11


def _cell(line: Line | None) -> str:
    return "·" if line is None else f"{line.month:,.2f}"


def _row(title: str, cells: list[str], *, markdown: bool, strong: bool = False) -> Iterator[str]:
    if not markdown:
        yield (title.ljust(_WIDTH) + "".join(cell.rjust(_CELL) for cell in cells)).rstrip()
        return
    bold = "**" if strong else ""
    texts = [f"{bold}{text.strip()}{bold}" for text in (title, *cells)]
    yield f"| {' | '.join(texts)} |"


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 2 when something has no price."""
    parser = argparse.ArgumentParser(description="What each stack costs a month.")
    parser.add_argument("stacks", nargs="*", default=STACKS, metavar="STACK")
    parser.add_argument("--markdown", action="store_true", help="as docs/costs.md has it")
    options = parser.parse_args(arguments)
    prices = Prices.read()
    try:
        costs = {stack: lines(evaluate(ROOT, stack), prices) for stack in options.stacks}
    except (CostError, SourceError) as problem:
        sys.stderr.write(f"costs: {problem}\n")
        return 2
    for line in table(costs, prices, markdown=options.markdown):
        sys.stdout.write(f"{line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
