"""What a glance overlooks: aliases, a bus by another name, what a bucket says inline."""

from __future__ import annotations

import json

import msgspec
import pytest

from stackproof.aws.events import event_facts
from stackproof.contract import Group
from stackproof.model import Resource, Unknown, Value, Verdict
from stackproof.proofs.languages import Language
from tests.policy.graphs import ACCOUNT, graph, ref, resource, urn
from tests.policy.recursion.stacks import (
    BUCKET,
    FUNCTION,
    GROUPS,
    IMAGE_BUCKET,
    IMAGES,
    NOTIFICATION,
    THUMBNAILER,
    admit,
    decide,
    function,
    notify,
    seed,
)

TRIGGER = "events.trigger.images-orig-to-thumbnailer"
ALIAS = "aws:lambda/alias:Alias"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
BUS = "aws:cloudwatch/eventBus:EventBus"
DEFAULT_BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"

LIVE = resource(
    ALIAS,
    "live",
    name="live",
    functionName=ref(FUNCTION, "thumbnailer", "name"),
    functionVersion="7",
)
BY_ALIAS = notify(lambdaFunctionArn=ref(ALIAS, "live", "arn"))


def test_the_policy_of_a_function_does_not_admit_calls_of_its_alias() -> None:
    assert decide(seed(admit(), LIVE, notification=BY_ALIAS), TRIGGER).verdict is Verdict.VIOLATED
    qualified = admit(qualifier="live")
    open_ = decide(seed(qualified, LIVE, notification=BY_ALIAS), TRIGGER)
    assert open_.verdict is Verdict.UNPROVEN


@pytest.mark.parametrize("key", ["principalOrgId", "eventSourceToken"])
def test_a_permission_under_a_condition_that_nobody_decides_proves_nothing(key: str) -> None:
    assert (
        decide(seed(admit("images", **{key: "o-1234567890"})), TRIGGER).verdict is Verdict.UNPROVEN
    )


def through_bus(bus: Value, pattern: Value = None) -> list[Resource]:
    """S3 tells EventBridge, whose rule on `bus` starts a function that nobody declared."""
    matched = pattern or json.dumps({"source": ["aws.s3"]})
    return [
        IMAGE_BUCKET,
        *THUMBNAILER,
        *function("spy"),
        resource(NOTIFICATION, "images", bucket=ref(BUCKET, "images"), eventbridge=True),
        resource(RULE, "spied", name="spied", eventPattern=matched, eventBusName=bus),
        resource(TARGET, "spied", rule=ref(RULE, "spied", "name"), arn=ref(FUNCTION, "spy", "arn")),
    ]


@pytest.mark.parametrize("bus", [None, "default", DEFAULT_BUS])
def test_the_default_bus_has_more_than_one_name(bus: Value) -> None:
    decision = decide(graph(*through_bus(bus)), "events.closed")
    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["starts"] == "spy"


def test_a_rule_on_a_bus_that_is_not_known_may_hear_anything() -> None:
    of = graph(*through_bus(Unknown("from another stack")))
    assert decide(of, "events.closed").verdict is not Verdict.PROVEN


def test_what_s3_tells_the_default_bus_may_be_handed_on_to_another() -> None:
    of = graph(
        *through_bus(ref(BUS, "own", "name")),
        resource(BUS, "own", name="own"),
        resource(RULE, "on", name="on", eventPattern=json.dumps({"source": ["aws.s3"]})),
        resource(TARGET, "on", rule=ref(RULE, "on", "name"), arn=ref(BUS, "own", "arn")),
    )
    decision = decide(of, "events.closed")
    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["starts"] == "spy"


def test_a_rule_that_is_only_read_may_hear_anything() -> None:
    of = graph(*through_bus(None))
    read = msgspec.structs.replace(
        of,
        resources=tuple(
            msgspec.structs.replace(r, external=True, inputs={"name": "spied"})
            if r.type == RULE
            else r
            for r in of.resources
        ),
    )
    assert decide(read, "events.cycles").verdict is Verdict.UNPROVEN


def test_an_escaped_star_in_a_pattern_is_a_star() -> None:
    pattern = {"source": ["aws.s3"], "detail": {"object": {"key": [{"wildcard": "a\\*b"}]}}}
    found = event_facts(graph(*through_bus(None, json.dumps(pattern)))).deliveries
    keys = Language.any_of(key for d in found if d.source.arn == IMAGES for key in d.keys)
    assert "a*b" in keys


@pytest.mark.parametrize("key", ["replicationConfiguration", "logging"])
def test_what_a_bucket_says_inline_may_write_elsewhere(key: str) -> None:
    noisy = resource(BUCKET, "noisy", bucket="noisy")
    noisy.inputs[key] = {"targetBucket": "images", "targetPrefix": "orig/"}
    for claim in ("events.closed", "events.cycles"):
        assert decide(seed(admit(), noisy), claim).verdict is Verdict.UNPROVEN


def test_a_notification_whose_changes_are_ignored_may_be_any() -> None:
    kept = msgspec.structs.replace(notify(), ignore_changes=("lambdaFunctions[0].filterPrefix",))
    for claim in (TRIGGER, "events.closed"):
        assert decide(seed(admit(), notification=kept), claim).verdict is Verdict.UNPROVEN


def test_a_function_that_another_invokes_may_write_what_started_the_other() -> None:
    """`worker` is started by no trigger, and nobody knows what its role may do."""
    worker = resource(FUNCTION, "worker", name="worker", role="arn:aws:iam::1:role/elsewhere")
    arn = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:worker"
    grants = {"thumbnailer": [("lambda:InvokeFunction", arn)]}
    groups = GROUPS | {"worker": Group(type=FUNCTION, name="worker")}
    decision = decide(seed(admit(), worker), "events.cycles", grants=grants, groups=groups)
    assert decision.verdict is Verdict.UNPROVEN
    assert decision.resources == (urn(FUNCTION, "worker"),)
