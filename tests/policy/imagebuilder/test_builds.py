"""Builds of machine images: where they stand, as whom they run, what leaves with an image."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from stackproof.aws.events import event_facts
from stackproof.aws.identity import identity_facts
from stackproof.aws.network import network_facts
from stackproof.aws.readiness import readiness_facts
from stackproof.contract import Availability, Contract, Group
from stackproof.model import Family, NotModelled, Resource, Unknown, Value, Verdict
from stackproof.proofs.readiness import obligations
from stackproof.selection import select
from tests.policy.graphs import graph, ref, resource, urn
from tests.policy.identity.worlds import declared

INFRASTRUCTURE = "aws:imagebuilder/infrastructureConfiguration:InfrastructureConfiguration"
IMAGE = "aws:imagebuilder/image:Image"
PIPELINE = "aws:imagebuilder/imagePipeline:ImagePipeline"
DISTRIBUTION = "aws:imagebuilder/distributionConfiguration:DistributionConfiguration"
RECIPE = "aws:imagebuilder/imageRecipe:ImageRecipe"
VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ROLE, PROFILE = "aws:iam/role:Role", "aws:iam/instanceProfile:InstanceProfile"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"

UNKNOWN = Unknown("only known after deploying")
GROUND = (
    resource(VPC, "vpc", cidrBlock="10.0.0.0/16"),
    resource(SUBNET, "private", vpcId=ref(VPC, "vpc"), cidrBlock="10.0.1.0/24"),
    resource(GROUP, "builder", vpcId=ref(VPC, "vpc")),
    resource(
        EGRESS,
        "out",
        securityGroupId=ref(GROUP, "builder"),
        ipProtocol="tcp",
        fromPort=443,
        toPort=443,
        cidrIpv4="0.0.0.0/0",
    ),
    resource(ROLE, "builder", name="builder", assumeRolePolicy="{}"),
    resource(PROFILE, "builder", name="builder", role=ref(ROLE, "builder", "name")),
    resource(
        ATTACHMENT,
        "builder",
        role=ref(ROLE, "builder", "name"),
        policyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
    ),
)
PLACED: dict[str, Value] = {
    "subnetId": ref(SUBNET, "private"),
    "securityGroupIds": [ref(GROUP, "builder")],
    "instanceProfileName": ref(PROFILE, "builder", "name"),
}


def infrastructure(**inputs: Value) -> Resource:
    given = {key: value for key, value in (PLACED | inputs).items() if value is not None}
    return declared(INFRASTRUCTURE, "builder", given)


IN: dict[str, Value] = {"infrastructureConfigurationArn": ref(INFRASTRUCTURE, "builder", "arn")}


def image(**inputs: Value) -> Resource:
    return declared(IMAGE, "api", IN | inputs)


def distribution(*parts: Value) -> Resource:
    return resource(DISTRIBUTION, "api", distributions=list(parts))


def reasons(found: Iterable[NotModelled]) -> set[str]:
    return {item.why for item in found}


# ── network ─────────────────────────────────────────────────────────────────────────────────────


def test_a_build_has_interfaces_in_its_subnet_under_its_groups() -> None:
    facts = network_facts(graph(*GROUND, infrastructure(), image()))
    (found,) = facts.interfaces
    assert (found.owner, found.kind) == (urn(INFRASTRUCTURE, "builder"), "build")
    assert found.subnet == urn(SUBNET, "private")
    assert found.security_groups == (urn(GROUP, "builder"),)
    assert found.public is False
    assert not found.unknown
    assert not facts.not_modelled


def test_a_subnet_that_gives_public_addresses_gives_one_to_a_build() -> None:
    public = resource(
        SUBNET,
        "private",
        vpcId=ref(VPC, "vpc"),
        cidrBlock="10.0.1.0/24",
        mapPublicIpOnLaunch=True,
    )
    ground = [public if r.urn == public.urn else r for r in GROUND]
    (found,) = network_facts(graph(*ground, infrastructure())).interfaces
    assert found.public is True


def test_a_build_without_groups_gets_the_default_one() -> None:
    (found,) = network_facts(graph(*GROUND, infrastructure(securityGroupIds=None))).interfaces
    assert found.security_groups == (f"{urn(VPC, 'vpc')}#default",)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"subnetId": None}, "builder builds in the default VPC"),
        ({"subnetId": UNKNOWN}, "a subnet of builder is not known"),
        ({"securityGroupIds": UNKNOWN}, "the security groups of builder are not known"),
        ({"securityGroupIds": [UNKNOWN]}, "the security groups of builder are not known"),
    ],
)
def test_where_a_build_stands_may_not_be_known(inputs: dict[str, Value], why: str) -> None:
    (found,) = network_facts(graph(*GROUND, infrastructure(**inputs))).interfaces
    assert found.unknown == why


@pytest.mark.parametrize("type_", [IMAGE, PIPELINE])
@pytest.mark.parametrize(
    "where", [UNKNOWN, "arn:aws:imagebuilder:us-east-1:1:infrastructure-configuration/theirs"]
)
def test_an_image_that_is_built_elsewhere_leaves_it_open_where_and_as_whom(
    type_: str, where: Value
) -> None:
    stray = resource(type_, "stray", infrastructureConfigurationArn=where)
    found = graph(*GROUND, infrastructure(), stray)
    why = {"the infrastructure that it builds in is not declared here"}
    assert reasons(network_facts(found).not_modelled) == why
    assert reasons(identity_facts(found).not_modelled) == why
    assert not event_facts(found).not_modelled


# ── identity ────────────────────────────────────────────────────────────────────────────────────


def test_a_build_runs_as_the_role_of_its_profile() -> None:
    facts = identity_facts(graph(*GROUND, infrastructure(), image()))
    (workload,) = facts.workloads
    (run,) = workload.runs
    assert (workload.urn, run.role) == (urn(INFRASTRUCTURE, "builder"), urn(ROLE, "builder"))
    assert urn(INFRASTRUCTURE, "builder") in {a.urn for a in facts.actors if a.role == run.role}
    assert not facts.not_modelled


@pytest.mark.parametrize("profile", [UNKNOWN, "somebody-elses"])
def test_as_whom_a_build_runs_may_not_be_known(profile: Value) -> None:
    facts = identity_facts(graph(*GROUND, infrastructure(instanceProfileName=profile)))
    (workload,) = facts.workloads
    assert all(run.doubt for run in workload.runs)


@pytest.mark.parametrize("build", [IMAGE, PIPELINE])
@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        (
            "executionRole",
            "arn:aws:iam::1:role/other",
            "Image Builder works as a role that is not read",
        ),
        ("workflows", [{"workflowArn": "w"}], "its own workflows may do more than to build"),
        ("workflows", UNKNOWN, "its own workflows may do more than to build"),
    ],
)
def test_a_role_of_image_builders_own_leaves_identity_open(
    build: str, key: str, value: Value, why: str
) -> None:
    made = declared(build, "api", {**IN, key: value})
    found = identity_facts(graph(*GROUND, infrastructure(), made)).not_modelled
    assert len(found) == 1
    assert found[0].why.startswith(why)


# ── what leaves with an image ───────────────────────────────────────────────────────────────────


def not_modelled(*resources: Resource) -> dict[Family, set[str]]:
    found = graph(*GROUND, infrastructure(), image(), *resources)
    return {
        Family.NETWORK: reasons(network_facts(found).not_modelled),
        Family.IDENTITY: reasons(identity_facts(found).not_modelled),
        Family.RECURSION: reasons(event_facts(found).not_modelled),
    }


NOTHING: dict[Family, set[str]] = {
    Family.NETWORK: set(),
    Family.IDENTITY: set(),
    Family.RECURSION: set(),
}


EVERYTHING = {family: {"how it is distributed is not known"} for family in NOTHING}


def test_an_image_that_stays_in_its_account_touches_nothing() -> None:
    names: Value = {"name": "api {{ imagebuilder:buildDate }}", "amiTags": {"Name": "api"}}
    part: Value = {"region": "us-east-1", "amiDistributionConfiguration": names}
    assert not_modelled(distribution(part), resource(RECIPE, "api")) == NOTHING


@pytest.mark.parametrize(
    ("part", "open_"),
    [
        (
            {"amiDistributionConfiguration": {"launchPermission": {"userGroups": ["all"]}}},
            {Family.IDENTITY: {"it shares the image with other accounts"}},
        ),
        (
            {"amiDistributionConfiguration": {"targetAccountIds": ["210987654321"]}},
            {Family.IDENTITY: {"it copies the image to other accounts"}},
        ),
        (
            {"launchTemplateConfigurations": [{"launchTemplateId": "lt-1"}]},
            {Family.NETWORK: {"it changes launch templates"}},
        ),
        (
            {"fastLaunchConfigurations": [{"enabled": True}]},
            {Family.NETWORK: {"it launches instances of the image beforehand"}},
        ),
        (
            {"s3ExportConfigurations": [{"s3Bucket": "b", "roleName": "r"}]},
            {
                Family.IDENTITY: {"it exports the image as a role that is not read"},
                Family.RECURSION: {"it writes the image to a bucket"},
            },
        ),
        (UNKNOWN, EVERYTHING),
        (
            {"amiDistributionConfiguration": UNKNOWN},
            EVERYTHING,
        ),
    ],
)
def test_a_distribution_that_does_more_leaves_what_it_touches_open(
    part: Value, open_: dict[Family, set[str]]
) -> None:
    assert not_modelled(distribution(part)) == NOTHING | open_


@pytest.mark.parametrize("where", [UNKNOWN, "arn:aws:imagebuilder:us-east-1:1:distribution/theirs"])
def test_a_distribution_of_somebody_elses_leaves_everything_open(where: Value) -> None:
    made = declared(PIPELINE, "api", {**IN, "distributionConfigurationArn": where})
    assert not_modelled(made) == EVERYTHING


def test_distributions_that_are_not_known_leave_everything_open() -> None:
    made = resource(DISTRIBUTION, "api", distributions=UNKNOWN)
    assert not_modelled(made) == EVERYTHING


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        ({"snsTopicArn": "arn:aws:sns:us-east-1:1:built"}, "it publishes to a topic"),
        ({"logging": {"s3Logs": {"s3BucketName": "b"}}}, "it may write its log to a bucket"),
        ({"logging": UNKNOWN}, "it may write its log to a bucket"),
    ],
)
def test_a_build_that_tells_of_itself_leaves_events_open(
    inputs: dict[str, Value], why: str
) -> None:
    found = graph(*GROUND, infrastructure(**inputs), image())
    assert reasons(event_facts(found).not_modelled) == {why}


# ── readiness ───────────────────────────────────────────────────────────────────────────────────


def test_a_build_needs_its_rules_its_profile_and_its_permissions() -> None:
    found = graph(*GROUND, infrastructure(), image())
    facts = readiness_facts(found, network_facts(found), event_facts(found))
    workload = facts.workloads[urn(IMAGE, "api")]
    assert not workload.unknown
    needed = {need.urn for need in workload.needs}
    assert {urn(EGRESS, "out"), urn(PROFILE, "builder"), urn(ATTACHMENT, "builder")} <= needed


def test_what_a_build_needs_is_not_known_where_its_infrastructure_is_not() -> None:
    found = graph(*GROUND, infrastructure(), image(infrastructureConfigurationArn=UNKNOWN))
    facts = readiness_facts(found, network_facts(found), event_facts(found))
    assert facts.workloads[urn(IMAGE, "api")].unknown == "where api is built is not known"


def claimed(*waited_for: str) -> tuple[Verdict, set[str]]:
    """The verdict on an image that waits for these, and what it should have waited for."""
    made = msgspec.structs.replace(image(), dependencies=(urn(INFRASTRUCTURE, "builder"),))
    made = msgspec.structs.replace(made, dependencies=(*made.dependencies, *waited_for))
    where = msgspec.structs.replace(infrastructure(), dependencies=(urn(PROFILE, "builder"),))
    found = graph(*GROUND, where, made)
    images = Group(type=IMAGE, name="*")
    contract = Contract(
        groups={"images": images},
        availability=Availability(survive="any one zone", boot=("images",)),
    )
    facts = readiness_facts(found, network_facts(found), event_facts(found))
    claims = obligations(facts, contract, select(contract, found))
    (decision,) = (o.decide() for o in claims if o.id == "availability.boot.images")
    return decision.verdict, set(decision.resources)


def test_a_build_that_does_not_wait_for_its_permissions_is_violated() -> None:
    needed = [urn(EGRESS, "out"), urn(ATTACHMENT, "builder"), urn(ROLE, "builder")]
    assert claimed(*needed)[0] is Verdict.PROVEN
    for missing in (urn(EGRESS, "out"), urn(ATTACHMENT, "builder")):
        verdict, blamed = claimed(*(n for n in needed if n != missing))
        assert verdict is Verdict.VIOLATED
        assert missing in blamed
