"""The table of reviewed types speaks about types that exist, each in one way."""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import msgspec
import pytest

from stackproof.aws.coverage import PROOF_FAMILIES, TABLE, not_modelled, token, touches
from stackproof.aws.reviewed import REVIEWED
from stackproof.model import Family, Graph, Resource
from tests.policy.graphs import ACCOUNT, graph, resource


@pytest.fixture(scope="module")
def provider_types() -> frozenset[str]:
    spec = find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    registered = re.compile(r"^\s+'(aws:\w+/\w+:\w+)',$", re.MULTILINE)
    return frozenset(
        found
        for source in Path(spec.origin).parent.rglob("*.py")
        for found in registered.findall(source.read_text("utf-8"))
    )


def test_every_reviewed_type_exists_in_the_provider(provider_types: frozenset[str]) -> None:
    of_aws = {name for name in TABLE if name.startswith("aws:")}

    assert not of_aws - provider_types


def test_no_type_is_judged_twice() -> None:
    judged = Counter(token(e.module, name) for e in REVIEWED for name in e.types.split())

    assert not [name for name, times in judged.items() if times > 1]


def test_a_type_touches_families_or_says_why_it_is_inert() -> None:
    assert not [name for name, c in TABLE.items() if bool(c.families) == bool(c.inert)]
    assert all(c.families <= PROOF_FAMILIES for c in TABLE.values())


def test_an_unreviewed_type_may_touch_every_family() -> None:
    stranger = resource("aws:newservice/thing:Thing", "stranger")

    assert touches(stranger) == PROOF_FAMILIES
    for family in PROOF_FAMILIES:
        (found,) = not_modelled(graph(stranger), family, frozenset())
        assert "not classified" in found.why


def test_what_exists_in_pulumi_only_touches_nothing() -> None:
    component = Resource("urn:pulumi:t::t::cinema:network:Network::n", "x:y:Z", "n", custom=False)

    assert not touches(component)
    assert not touches(resource("pulumi:providers:aws", "east"))
    assert not touches(resource("pulumi:pulumi:Stack", "root"))


@pytest.mark.parametrize(
    ("type_", "family"),
    [
        ("aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint", Family.NETWORK),
        ("aws:cloudfront/vpcOrigin:VpcOrigin", Family.NETWORK),
        ("aws:globalaccelerator/endpointGroup:EndpointGroup", Family.NETWORK),
        ("aws:autoscaling/schedule:Schedule", Family.PLACEMENT),
        ("aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan", Family.RECURSION),
        ("aws:s3control/objectLambdaAccessPoint:ObjectLambdaAccessPoint", Family.IDENTITY),
        ("aws:cloudformation/stack:Stack", Family.IDENTITY),
    ],
)
def test_types_whose_module_misleads(type_: str, family: Family) -> None:
    assert family in TABLE[type_].families


@pytest.mark.parametrize(
    "type_", ["random:index/randomPassword:RandomPassword", "tls:index/privateKey:PrivateKey"]
)
def test_what_only_makes_a_value_touches_nothing(type_: str) -> None:
    assert not touches(resource(type_, "value"))


def test_what_runs_a_command_may_touch_everything() -> None:
    assert touches(resource("command:local:Command", "deploy")) == PROOF_FAMILIES


def through(provider: Resource, account: str | None = ACCOUNT) -> Graph:
    """A VPC that an explicit provider makes."""
    vpc = resource("aws:ec2/vpc:Vpc", "main", cidrBlock="10.0.0.0/16")
    by_provider = msgspec.structs.replace(vpc, provider=provider.urn)
    return msgspec.structs.replace(graph(provider, by_provider), account=account)


def test_a_provider_for_another_region_is_of_the_same_account() -> None:
    of = through(resource("pulumi:providers:aws", "east", region="us-east-1"))

    assert not_modelled(of, Family.NETWORK, frozenset({"aws:ec2/vpc:Vpc"})) == ()


@pytest.mark.parametrize(
    "credentials", [{"assumeRoles": '[{"roleArn":"arn:aws:iam::1:role/x"}]'}, {"profile": "other"}]
)
def test_a_provider_with_credentials_may_be_of_another_account(credentials: dict[str, str]) -> None:
    vpc = frozenset({"aws:ec2/vpc:Vpc"})
    loose = resource("pulumi:providers:aws", "other")
    loose.inputs.update(credentials)
    for family in PROOF_FAMILIES:
        (found,) = not_modelled(through(loose), family, vpc)
        assert "allowedAccountIds" in found.why
    unused = graph(loose, resource("aws:ec2/vpc:Vpc", "main"))
    assert not_modelled(unused, Family.NETWORK, vpc) == ()

    pinned = msgspec.structs.replace(
        loose, inputs={**credentials, "allowedAccountIds": f'["{ACCOUNT}"]'}
    )
    assert not_modelled(through(pinned), Family.NETWORK, vpc) == ()
    assert not_modelled(through(pinned, account=None), Family.NETWORK, vpc)
    assert not_modelled(through(pinned, account="999999999999"), Family.NETWORK, vpc)
