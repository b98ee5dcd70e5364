"""What a stack costs: nothing is left out, and the page says what the command says."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import costs
from stackproof.model import Graph, Resource, Unknown, Value
from stackproof.sources.program import evaluate
from tests.policy.graphs import graph, ref, resource

pytestmark = pytest.mark.xdist_group("costs")

ROOT = Path(__file__).parents[2]
PRICES = costs.Prices.read()


def month(*resources: Resource, of: str) -> Decimal:
    found = costs.lines(graph(*resources), PRICES)
    return sum((line.month for line in found if line.what == of), Decimal(0))


@pytest.fixture(scope="module", params=costs.STACKS)
def stack(request: pytest.FixtureRequest) -> Graph:
    return evaluate(ROOT, request.param)


def test_every_type_of_every_stack_has_a_price_or_is_known_to_be_free(stack: Graph) -> None:
    found = costs.lines(stack, PRICES)
    assert sum(line.month for line in found if not line.used) > 50
    assert all(line.month >= 0 for line in found)


def test_a_gateway_costs_its_hours() -> None:
    gateways = (resource("aws:ec2/natGateway:NatGateway", name) for name in "ab")
    assert month(*gateways, of="NAT gateways") == 2 * Decimal("0.045") * 730


def test_an_endpoint_costs_in_each_of_its_zones_and_a_gateway_to_s3_nothing() -> None:
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    endpoints = (
        resource(kind, "logs", vpcEndpointType="Interface", subnetIds=["a", "b", "c"]),
        resource(kind, "s3", vpcEndpointType="Gateway"),
    )
    assert month(*endpoints, of="interface endpoints, in each zone") == 3 * Decimal("7.30")


def test_a_group_costs_its_least_size_of_what_its_template_launches() -> None:
    template = resource("aws:ec2/launchTemplate:LaunchTemplate", "api", instanceType="t4g.small")
    launched: Value = {"id": ref(template.type, template.name)}
    group = resource(
        "aws:autoscaling/group:Group", "api", minSize=3, maxSize=9, launchTemplate=launched
    )
    assert month(template, group, of="instances t4g.small") == 3 * Decimal("0.0168") * 730
    assert month(template, group, of="GiB of volumes") == 24 * Decimal("0.08")


def test_what_is_free_up_to_some_use_costs_what_is_beyond() -> None:
    site = resource("aws:cloudfront/distribution:Distribution", "site")
    assert month(site, of="sent by CloudFront, 1 TB free") == 0


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (resource("aws:rds/instance:Instance", "db"), "aws:rds/instance:Instance: say in"),
        (resource("aws:ec2/instance:Instance", "a", instanceType="x9.huge"), "x9.huge: its price"),
        (
            resource("aws:ebs/volume:Volume", "a", size=Unknown("it comes from AWS")),
            "is not a number",
        ),
    ],
)
def test_what_has_no_price_is_named(made: Resource, named: str) -> None:
    with pytest.raises(costs.CostError, match=named):
        month(made, of="")


def test_the_page_says_what_the_command_says() -> None:
    run = subprocess.run(
        [sys.executable, "stack/costs.py", "--markdown"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout in (ROOT / "docs/costs.md").read_text(encoding="utf-8")


def test_a_stack_that_is_not_there_is_said_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert costs.main(["staging"]) == 2
    assert capsys.readouterr().err.startswith("costs: ")
