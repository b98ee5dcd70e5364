"""What passes a VPC endpoint: what the contract says, and nothing to anybody else's bucket."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from stackproof.contract import Contract
from stackproof.contract.meaning import contradictions
from stackproof.model import Resource, Unknown, Value
from tests.policy.graphs import ACCOUNT, ref, resource, urn
from tests.policy.identity.worlds import (
    IMAGES,
    allow,
    contract,
    decided,
    declared,
    deny,
    document,
    verdicts,
    world,
)

ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
ENDPOINT_POLICY = "aws:ec2/vpcEndpointPolicy:VpcEndpointPolicy"
OWN = allow(["s3:GetObject", "s3:PutObject"], f"{IMAGES}/*", Principal="*")
PASSES: dict[str, object] = {
    "who": {"anyone": True},
    "actions": ["s3:GetObject", "s3:PutObject"],
    "resources": ["images/*"],
}
CLAIM = "identity.admits.gate"


def gate(policy: Value, **more: Value) -> Resource:
    inputs: dict[str, Value] = {"serviceName": "com.amazonaws.us-east-1.s3"}
    return declared(ENDPOINT, "s3", inputs | more | ({} if policy is None else {"policy": policy}))


def declares(*passing: Mapping[str, object]) -> Contract:
    return contract(
        resources={"gate": list(passing)}, groups={"gate": {"type": ENDPOINT, "name": "s3"}}
    )


def test_an_endpoint_that_lets_through_what_is_declared() -> None:
    assert verdicts(world(gate(document(OWN))), declares(PASSES)) == {}


def test_an_endpoint_with_a_policy_of_its_own_resource() -> None:
    separate = resource(
        ENDPOINT_POLICY, "s3", vpcEndpointId=ref(ENDPOINT, "s3"), policy=document(OWN)
    )
    assert verdicts(world(gate(None), separate), declares(PASSES)) == {}
    both = verdicts(world(gate(document(OWN)), separate), declares(PASSES))
    assert both == {CLAIM: "unproven"}


@pytest.mark.parametrize("policy", [None, ""])
def test_an_endpoint_without_a_policy_lets_everything_through(policy: Value) -> None:
    changed = world(gate(policy))
    assert verdicts(changed, declares(PASSES)) == {CLAIM: "violated"}
    decision = decided(changed, declares(PASSES))[CLAIM]
    assert decision.evidence.witness["principal"] == "arn:aws:iam::999999999999:root"
    assert decision.evidence.summary == (
        "gate lets s3:PutObject on arn:aws:s3:::any-bucket/any-key through for any AWS account, "
        "which the contract does not say"
    )
    assert "the default policy of endpoints" in decision.evidence.hops[0].what
    assert decision.resources == (urn(ENDPOINT, "s3"),)


@pytest.mark.parametrize(
    "policy",
    [
        document(allow("s3:*", "*", Principal="*")),
        document(OWN, allow("s3:PutObject", "arn:aws:s3:::strangers/*", Principal="*")),
        document(OWN, allow("s3:DeleteObject", f"{IMAGES}/*", Principal={"AWS": ACCOUNT})),
    ],
)
def test_an_endpoint_that_lets_more_through(policy: str) -> None:
    assert verdicts(world(gate(policy)), declares(PASSES)) == {CLAIM: "violated"}


def test_an_endpoint_that_lets_less_through() -> None:
    less = document(OWN, deny("s3:PutObject", f"{IMAGES}/orig/*", Principal="*"))
    assert verdicts(world(gate(less)), declares(PASSES)) == {CLAIM: "violated"}


def test_an_endpoint_for_everything_can_be_declared() -> None:
    everything = {"who": {"anyone": True}, "actions": ["*"], "resources": ["*"]}
    changed = world(gate(None))
    assert verdicts(changed, declares(everything)) == {}


def test_what_may_pass_is_not_thereby_permitted() -> None:
    """An endpoint admits the role to everything; the role itself still has only its grants."""
    more = world(gate(None))
    everything = {"who": {"anyone": True}, "actions": ["*"], "resources": ["*"]}
    extra = resource(
        "aws:iam/rolePolicy:RolePolicy",
        "extra",
        role="thumbnails",
        policy=document(allow("s3:DeleteObject", f"{IMAGES}/*")),
    )
    changed = world(*more.resources, extra)
    assert verdicts(changed, declares(everything)) == {"identity.closed.thumbnails": "violated"}


@pytest.mark.parametrize("grouped", [True, False])
def test_an_endpoint_that_the_contract_does_not_name(grouped: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    groups = {"gate": {"type": ENDPOINT, "name": "s3"}} if grouped else {}
    found = verdicts(world(gate(None)), contract(groups=groups))
    assert found == {CLAIM if grouped else "identity.admits.s3": "violated"}


def test_an_endpoint_that_lets_nothing_through_needs_no_word() -> None:
    shut = document(deny("*", "*", Principal="*"))
    assert verdicts(world(gate(shut)), contract()) == {}


def test_a_policy_that_is_not_known() -> None:
    found = verdicts(world(gate(Unknown("computed later"))), declares(PASSES))
    assert found == {CLAIM: "unproven"}


def test_an_endpoint_that_is_bound_to_the_account_by_condition() -> None:
    when = {"StringEquals": {"aws:ResourceAccount": ACCOUNT, "aws:PrincipalAccount": ACCOUNT}}
    bound = document(allow("s3:*", "*", Principal="*", Condition=when))
    passing: dict[str, object] = {
        "who": {"account": ACCOUNT},
        "actions": ["s3:*"],
        "resources": ["*"],
        "when": {"StringEquals": {"aws:ResourceAccount": ACCOUNT}},
    }
    assert verdicts(world(gate(bound)), declares(passing)) == {}
    unbound = document(allow("s3:*", "*", Principal="*"))
    assert verdicts(world(gate(unbound)), declares(passing)) == {CLAIM: "violated"}


def test_a_load_balancers_endpoint_carries_no_requests() -> None:
    appliance = gate(None, vpcEndpointType="GatewayLoadBalancer")
    assert verdicts(world(appliance), contract()) == {}


def test_a_contract_says_what_passes_an_endpoint_and_means_resources() -> None:
    nothing_named = {"who": {"anyone": True}, "actions": ["s3:*"]}
    (wrong,) = contradictions(declares(nothing_named))
    assert wrong[0] == ("identity", "resources", "gate", 0)
    no_resources = contract(
        resources={"gate": [{**nothing_named, "resources": ["office/*"]}]},
        groups={"gate": {"type": ENDPOINT, "name": "s3"}, "office": {"cidr": ["203.0.113.0/24"]}},
    )
    (wrong,) = contradictions(no_resources)
    assert wrong[0] == ("identity", "resources", "gate", 0, "resources", 0)
