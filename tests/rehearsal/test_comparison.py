"""What does not agree is found, and said with the line of the program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from stackproof.model import Graph, Location, Reference, Resource, Unknown, Value
from tests.rehearsal.aws import Aws
from tests.rehearsal.comparison import Comparison, Deployed, agrees, compare, difference, silences
from tests.rehearsal.emulator import emulator
from tests.rehearsal.inventory import inventory
from tests.rehearsal.rehearsal import Findings
from tests.rehearsal.services import KINDS
from tests.rehearsal.table import WIDTH, lines

pytestmark = pytest.mark.xdist_group("rehearsal")

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"


def urn(type_: str) -> str:
    return f"urn:pulumi:prod::cinema::{type_}::one"


def resource(type_: str, line: int, **inputs: Value) -> Resource:
    return Resource(
        urn=urn(type_), type=type_, name="one", inputs=inputs, location=Location("stack/a.py", line)
    )


GRAPH = Graph(
    project="cinema",
    stack="prod",
    source="program",
    resources=(
        resource(SUBNET, 9, cidrBlock="10.0.1.0/24", vpcId=Reference(urn(VPC), "id"),
                 mapPublicIpOnLaunch=False, availabilityZone=Unknown("later")),
        resource(VPC, 7, cidrBlock="10.0.0.0/16", enableDnsSupport=True),
    ),
)  # fmt: skip


@pytest.fixture
def aws() -> Iterator[Aws]:
    with emulator() as endpoint:
        yield Aws(endpoint, "us-east-1", "123456789012")


def deploy(aws: Aws) -> dict[str, Deployed]:
    """The Graph above, really made."""
    vpc = {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True}
    vpc_id = KINDS[VPC].create(aws, vpc)
    subnet = {"cidrBlock": "10.0.1.0/24", "vpcId": vpc_id, "availabilityZone": "us-east-1b"}
    subnet_id = KINDS[SUBNET].create(aws, subnet)
    return {
        urn(VPC): Deployed(vpc_id, vpc, vpc),
        urn(SUBNET): Deployed(subnet_id, subnet, subnet),
    }


def test_what_was_made_as_declared_agrees(aws: Aws) -> None:
    found, wrong = compare(GRAPH, deploy(aws), KINDS, aws)
    assert wrong == []
    assert (found[VPC].read, found[VPC].compared) == (1, 2)
    assert found[SUBNET].compared == 4  # the zone as the engine sent it


def test_what_was_changed_behind_the_programs_back_is_said_with_its_line(aws: Aws) -> None:
    state = deploy(aws)
    aws.ec2("modify_vpc_attribute", VpcId=state[urn(VPC)].id, EnableDnsSupport={"Value": False})
    _, wrong = compare(GRAPH, state, KINDS, aws)
    (only,) = wrong
    assert str(only) == "stack/a.py:7: Vpc one: enableDnsSupport is false and should be true"


def test_what_is_gone_is_said(aws: Aws) -> None:
    state = deploy(aws)
    aws.ec2("delete_subnet", SubnetId=state[urn(SUBNET)].id)
    _, wrong = compare(GRAPH, state, KINDS, aws)
    assert [str(one) for one in wrong] == [
        "stack/a.py:9: Subnet one: is not there: AWS does not know it"
    ]


def test_what_nobody_declared_is_in_the_inventory(aws: Aws) -> None:
    before = inventory(aws)
    aws.call("sqs", "create_queue", QueueName="forgotten")
    (extra,) = inventory(aws) - before
    assert extra.startswith("sqs QueueUrls ")
    assert extra.endswith("/forgotten")


@pytest.mark.parametrize(
    ("wanted", "said", "same"),
    [
        (["a", "b"], ["b", "a"], True),
        (["a"], ["a", "b"], False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, [{"a": 1}], True),
        ([{"a": 1}, {"a": 2}], [{"a": 2}, {"a": 1, "c": 3}], True),
        ('{"Action": ["x"], "A": "y"}', {"A": "y", "Action": "x"}, True),
        ('{"Action": ["x", "z"]}', '{"Action":["z","x"]}', True),
        ('{"Action": "x"}', '{"Action": "y"}', False),
        ("443", 443, True),
        (True, "true", True),
        (True, False, False),
        (False, None, True),
        (0, None, False),
        ("a", None, False),
    ],
)
def test_what_counts_as_the_same(wanted: object, said: object, *, same: bool) -> None:
    assert agrees(wanted, said) is same


def test_a_difference_is_shown_where_it_is() -> None:
    wanted = {"rules": [{"name": "a", "limit": 1}, {"name": "b", "limit": 2}]}
    said = {"rules": [{"name": "a", "limit": 1}, {"name": "b", "limit": 3}]}
    assert difference(wanted, said, "acl") == ("acl.rules[b].limit", 2, 3)


def test_silence_is_told_from_disagreement() -> None:
    wanted = [{"id": "x", "access": "y", "deep": {"a": 1, "b": 2}}]
    said = [{"id": "x", "deep": {"a": 1}}]
    assert set(silences(wanted, said, "origins")) == {"origins.access", "origins.deep.b"}


def test_the_table_fits_a_terminal_and_names_what_was_not_rehearsed() -> None:
    findings = Findings(
        "prod",
        problems=["stack/a.py:7: Vpc one: " + "word " * 40],
        compared={VPC: Comparison(read=2, compared=9, unsaid={"ipv6CidrBlock"}),
                  "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation":
                  Comparison(read=1000, compared=99999)},
        created=Counter({VPC: 2}),
        echoed=Counter({"aws:imagebuilder/imageRecipe:ImageRecipe": 3}),
        phases=[("a phase with a very long name " * 5, 12345.6)],
    )  # fmt: skip
    text = list(lines(findings))
    assert max(map(len, text)) <= WIDTH
    assert "  imagebuilder.ImageRecipe (3)" in text
    assert "  ec2.Vpc: ipv6CidrBlock" in text
    assert "1 problems" in text
    findings.problems.clear()
    text = list(lines(findings))
    assert max(map(len, text)) <= WIDTH
    assert any(line.startswith("green") for line in text)
