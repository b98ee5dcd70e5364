"""Which workload runs as which principal: exactly those that the contract says."""

from __future__ import annotations

import pytest

from stackproof.contract import Contract
from stackproof.model import Graph, Resource, Unknown, Value
from tests.policy.graphs import ACCOUNT, ref, resource, urn
from tests.policy.identity.worlds import (
    FUNCTION,
    ROLE,
    THUMBNAILS,
    contract,
    decided,
    declared,
    role,
    verdicts,
    world,
)

PROFILE = "aws:iam/instanceProfile:InstanceProfile"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
ASG = "aws:autoscaling/group:Group"
INSTANCE = "aws:ec2/instance:Instance"

EC2 = {"Service": "ec2.amazonaws.com"}
ROLES = [*role("api", EC2), *role("other", EC2)]
PROFILES = [
    resource(PROFILE, "api", name="api-profile", role=ref(ROLE, "api", "name")),
    resource(PROFILE, "other", name="other-profile", role=ref(ROLE, "other", "name")),
    resource(PROFILE, "empty", name="empty-profile"),
]


def template(profile: Value) -> Resource:
    inputs: dict[str, Value] = {} if profile is None else {"iamInstanceProfile": profile}
    return declared(TEMPLATE, "api", {"name": "api-template"} | inputs)


def fleet(**inputs: Value) -> Resource:
    return declared(ASG, "api", inputs or {"launchTemplate": {"id": ref(TEMPLATE, "api")}})


def api_contract(runs: list[str], type_: str = ASG) -> Contract:
    ec2 = [{"service": "ec2.amazonaws.com"}]
    return contract(
        {
            "api": {"role": "api-role", "assumed_by": ec2, "runs": runs},
            "other": {"role": "other-role", "assumed_by": ec2},
        },
        groups={
            "api": {"type": type_, "name": "api"},
            "api-role": {"type": ROLE, "name": "api"},
            "other-role": {"type": ROLE, "name": "other"},
        },
    )


def api(*changed: Resource) -> Graph:
    return world(*ROLES, *PROFILES, *changed)


TEMPLATED = [
    {"launchTemplate": {"id": ref(TEMPLATE, "api")}},
    {"launchTemplate": {"name": ref(TEMPLATE, "api", "name")}},
    {"launchTemplate": {"name": "api-template"}},
    {
        "mixedInstancesPolicy": {
            "launchTemplate": {
                "launchTemplateSpecification": {"launchTemplateId": ref(TEMPLATE, "api")}
            }
        }
    },
]


@pytest.mark.parametrize("inputs", TEMPLATED)
@pytest.mark.parametrize(
    "profile",
    [
        {"arn": ref(PROFILE, "api", "arn")},
        {"name": ref(PROFILE, "api", "name")},
        {"name": "api-profile"},
        {"arn": f"arn:aws:iam::{ACCOUNT}:instance-profile/api-profile"},
    ],
)
def test_a_fleet_runs_as_the_role_of_its_profile_however_each_is_named(
    inputs: dict[str, Value], profile: Value
) -> None:
    assert verdicts(api(fleet(**inputs), template(profile)), api_contract(["api"])) == {}


@pytest.mark.parametrize("inputs", TEMPLATED)
def test_a_template_that_lost_its_profile(inputs: dict[str, Value]) -> None:
    changed = api(fleet(**inputs), template(None))
    assert verdicts(changed, api_contract(["api"])) == {"identity.runs.api": "violated"}
    decision = decided(changed, api_contract(["api"]))["identity.runs.api"]
    assert decision.evidence.summary == "api runs without a role, not as api"
    assert decision.resources == (urn(TEMPLATE, "api"), urn(ASG, "api"))
    assert [hop.what for hop in decision.evidence.hops] == [
        "api (Auto Scaling group) names launch template",
        "api (launch template) names no role",
    ]


def test_a_profile_without_a_role() -> None:
    changed = api(fleet(), template({"name": "empty-profile"}))
    assert verdicts(changed, api_contract(["api"])) == {"identity.runs.api": "violated"}


def test_a_template_that_took_another_role() -> None:
    changed = api(fleet(), template({"name": ref(PROFILE, "other", "name")}))
    # Which principal is looked at does not matter: neither is as declared.
    assert verdicts(changed, api_contract(["api"])) == {
        "identity.runs.api": "violated",
        "identity.runs.other": "violated",
    }
    found = decided(changed, api_contract(["api"]))
    assert found["identity.runs.api"].evidence.witness == {
        "workload": "api",
        "runs_as": "other",
        "principal": "api",
    }
    assert urn(PROFILE, "other") in found["identity.runs.api"].resources


def test_one_override_of_several_that_took_another_role() -> None:
    second = declared(TEMPLATE, "second", {"iamInstanceProfile": {"name": "other-profile"}})
    mixed: Value = {
        "launchTemplate": {
            "launchTemplateSpecification": {"launchTemplateId": ref(TEMPLATE, "api")},
            "overrides": [
                {"instanceType": "m7g.large"},
                {"launchTemplateSpecification": {"launchTemplateId": ref(TEMPLATE, "second")}},
            ],
        }
    }
    changed = api(fleet(mixedInstancesPolicy=mixed), template({"name": "api-profile"}), second)
    assert verdicts(changed, api_contract(["api"]))["identity.runs.api"] == "violated"


def test_a_fleet_that_nobody_declared() -> None:
    changed = api(fleet(), template({"name": "api-profile"}))
    found = decided(changed, api_contract([]))
    assert verdicts(changed, api_contract([])) == {"identity.runs.api": "violated"}
    assert "runs as api too" in found["identity.runs.api"].evidence.summary


def test_a_launch_configuration_has_a_profile_too() -> None:
    old = resource(CONFIGURATION, "api", iamInstanceProfile=ref(PROFILE, "api", "name"))
    group = fleet(launchConfiguration=ref(CONFIGURATION, "api", "name"))
    assert verdicts(api(group, old), api_contract(["api"])) == {}


@pytest.mark.parametrize("with_template", [False, True])
def test_the_profile_of_an_instance_goes_before_that_of_its_template(with_template: bool) -> None:  # noqa: FBT001 - a parameter of pytest
    inputs: dict[str, Value] = {"launchTemplate": {"id": ref(TEMPLATE, "api")}}
    own: dict[str, Value] = (
        {} if with_template else {"iamInstanceProfile": ref(PROFILE, "api", "name")}
    )
    instance = declared(INSTANCE, "api", inputs | own)
    found = verdicts(
        api(instance, template({"name": "other-profile"})), api_contract(["api"], INSTANCE)
    )
    assert ("identity.runs.api" in found) is with_template


def test_a_function_with_another_role() -> None:
    stolen = resource(FUNCTION, "thumbnails", name="thumbnails", role=ref(ROLE, "api", "arn"))
    found = verdicts(api(stolen, fleet(), template({"name": "api-profile"})), api_contract(["api"]))
    assert found == {"identity.runs.api": "violated", "identity.runs.thumbnails": "violated"}


@pytest.mark.parametrize(
    ("profile", "by"),
    [
        ({"name": Unknown("computed later")}, "unknown"),
        ({"name": "made-elsewhere"}, "made-elsewhere"),
        (Unknown("computed later"), "unknown"),
    ],
)
def test_a_profile_that_is_not_known_leaves_it_open(profile: Value, by: str) -> None:
    changed = api(fleet(), template(profile))
    wanted = api_contract(["api"])
    found = verdicts(changed, wanted)
    assert set(found.values()) == {"unproven"}
    # It may be the role of any principal, of the function's too.
    assert set(found) == {
        "identity.runs.api",
        "identity.runs.other",
        "identity.runs.thumbnails",
        "identity.workloads",
    }
    assert by in str(decided(changed, wanted)["identity.runs.api"].evidence.witness)


def test_a_role_whose_name_is_not_known_is_still_that_role() -> None:
    (made,) = role("api", EC2)
    made.inputs["name"] = Unknown("from the configuration")
    changed = api(made, fleet(), template({"name": "api-profile"}))
    assert "identity.runs.api" not in verdicts(changed, api_contract(["api"]))


def test_a_workload_as_a_role_that_the_contract_does_not_know() -> None:
    foreign = f"arn:aws:iam::{ACCOUNT}:role/made-elsewhere"
    extra = resource(FUNCTION, "extra", name="extra", role=foreign)
    assert verdicts(world(extra)) == {"identity.workloads": "violated"}
    decision = decided(world(extra))["identity.workloads"]
    assert decision.evidence.witness == {"workload": "extra", "runs_as": foreign}
    assert decision.resources == (urn(FUNCTION, "extra"),)


def test_an_instance_without_a_role_is_nobodys() -> None:
    assert verdicts(world(resource(INSTANCE, "bastion"))) == {}


def test_a_fleet_of_a_kind_that_is_not_read() -> None:
    found = verdicts(world(resource("aws:ec2/fleet:Fleet", "spot")))
    assert found == {
        "identity.runs.thumbnails": "unproven",
        "identity.workloads": "unproven",
    }


def test_a_group_of_what_does_not_run_cannot_run_as_anybody() -> None:
    wanted = contract({"thumbnails": THUMBNAILS | {"runs": ["thumbnails", "images"]}})
    found = decided(world(), wanted)["identity.runs.thumbnails"]
    assert found.verdict == "unproven"
    assert "images is no instance" in found.evidence.summary


# ── AWS Backup ──────────────────────────────────────────────────────────────────────────────────

SELECTION = "aws:backup/selection:Selection"
PLAN = "aws:backup/plan:Plan"


def backed_up(role_arn: Value, *changed: Resource) -> Graph:
    selection = declared(SELECTION, "api", {"planId": ref(PLAN, "api"), "iamRoleArn": role_arn})
    return api(selection, *changed)


def test_a_selection_of_backups_runs_as_the_role_that_it_names() -> None:
    graph = backed_up(ref(ROLE, "api", "arn"))
    found = decided(graph, api_contract(["api"], SELECTION))
    assert found["identity.runs.api"].verdict.value == "proven"
    assert found["identity.workloads"].verdict.value == "proven"


@pytest.mark.parametrize(
    ("role_arn", "of_api", "of_all"),
    [
        (ref(ROLE, "other", "arn"), "violated", "proven"),
        (f"arn:aws:iam::{ACCOUNT}:role/administrator", "violated", "violated"),
        (Unknown("not known before deployment"), "unproven", "unproven"),
    ],
)
def test_a_selection_of_backups_with_another_role_is_seen(
    role_arn: Value, of_api: str, of_all: str
) -> None:
    found = decided(backed_up(role_arn), api_contract(["api"], SELECTION))
    assert found["identity.runs.api"].verdict.value == of_api
    assert found["identity.workloads"].verdict.value == of_all


@pytest.mark.parametrize(
    ("settings", "verdict"),
    [
        (None, "proven"),
        ([], "proven"),
        (
            [{"malwareScanner": "GUARDDUTY", "scannerRoleArn": ref(ROLE, "other", "arn")}],
            "violated",
        ),
        ([{"malwareScanner": "GUARDDUTY"}], "unproven"),
        (Unknown("not known before deployment"), "unproven"),
    ],
)
def test_a_plan_that_scans_backups_does_so_as_a_role(settings: Value, verdict: str) -> None:
    inputs: dict[str, Value] = {} if settings is None else {"scanSettings": settings}
    graph = backed_up(ref(ROLE, "api", "arn"), declared(PLAN, "api", inputs))
    found = decided(graph, api_contract(["api"], SELECTION))
    assert found["identity.runs.other"].verdict.value == verdict
