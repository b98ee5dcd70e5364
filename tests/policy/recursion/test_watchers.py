"""What watches and tells starts something only when somebody listens; what it turns on stays on."""

from __future__ import annotations

import json

import msgspec
import pytest

from stackproof.aws.events import event_facts
from stackproof.model import Resource, Unknown, Value, Verdict
from tests.policy.graphs import graph, ref, resource
from tests.policy.recursion.stacks import (
    BUCKET,
    FUNCTION,
    IMAGE_BUCKET,
    IMAGES,
    THUMBNAILER,
    TOPIC,
    admit,
    decide,
    notify,
)

BUDGET = "aws:budgets/budget:Budget"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
ALARMS = resource(TOPIC, "alarms", name="alarms")


def budget(*topics: Value) -> Resource:
    notification: dict[str, Value] = {
        "subscriberEmailAddresses": ["somebody@cinema.example"],
        "subscriberSnsTopicArns": list(topics),
    }
    return resource(BUDGET, "costs", name="costs", notifications=[notification])


def subscribed(protocol: str, endpoint: Value) -> Resource:
    return resource(
        SUBSCRIPTION, "alarms", topic=ref(TOPIC, "alarms"), protocol=protocol, endpoint=endpoint
    )


PEOPLE = subscribed("email", "somebody@cinema.example")
CODE = subscribed("lambda", ref(FUNCTION, "thumbnailer", "arn"))


def closed(*resources: Resource) -> Verdict:
    return decide(graph(IMAGE_BUCKET, *THUMBNAILER, ALARMS, *resources), "events.closed").verdict


def test_a_budget_that_tells_people_starts_nothing() -> None:
    assert closed(budget(ref(TOPIC, "alarms", "arn")), PEOPLE) is Verdict.PROVEN
    assert closed(budget()) is Verdict.PROVEN


def test_a_budget_whose_topic_starts_a_function_starts_it() -> None:
    assert closed(budget(ref(TOPIC, "alarms", "arn")), CODE) is Verdict.VIOLATED


def test_a_budget_that_tells_a_topic_out_of_sight_is_not_decided() -> None:
    elsewhere = "arn:aws:sns:us-east-1:123456789012:elsewhere"
    assert closed(budget(elsewhere)) is Verdict.UNPROVEN
    assert closed(budget(Unknown("another stack"))) is Verdict.UNPROVEN
    unknown = resource(BUDGET, "costs", name="costs", notifications=Unknown("another stack"))
    assert closed(unknown) is Verdict.UNPROVEN


# ── findings ────────────────────────────────────────────────────────────────────────────────────

RULE = "aws:cloudwatch/eventRule:EventRule"
TARGET = "aws:cloudwatch/eventTarget:EventTarget"


def findings(source: str, to: Value) -> list[Resource]:
    return [
        resource(RULE, "threats", name="threats", eventPattern=json.dumps({"source": [source]})),
        resource(TARGET, "threats", rule=ref(RULE, "threats", "name"), arn=to),
    ]


def test_findings_that_people_are_told_of_start_nothing() -> None:
    told = findings("aws.guardduty", ref(TOPIC, "alarms", "arn"))
    assert closed(*told, PEOPLE) is Verdict.PROVEN


@pytest.mark.parametrize(
    ("source", "more"),
    [
        # Whoever listens besides people, or may.
        ("aws.guardduty", [CODE]),
        ("aws.guardduty", [subscribed("email", "a@cinema.example"), CODE]),
        ("aws.guardduty", [subscribed("https", "https://cinema.example/hook")]),
        # A service that others can make say what they like.
        ("aws.ec2", [PEOPLE]),
    ],
    ids=["function", "function-too", "web", "source"],
)
def test_findings_that_may_start_something_are_not_passed_over(
    source: str, more: list[Resource]
) -> None:
    told = findings(source, ref(TOPIC, "alarms", "arn"))
    assert closed(*told, *more) is not Verdict.PROVEN


def test_findings_that_go_straight_to_a_function_are_not_passed_over() -> None:
    assert closed(*findings("aws.guardduty", ref(FUNCTION, "thumbnailer", "arn"))) is not (
        Verdict.PROVEN
    )
    assert closed(*findings("aws.guardduty", Unknown("another stack"))) is Verdict.UNPROVEN


# ── scans of uploads ────────────────────────────────────────────────────────────────────────────

PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"
TAGGED: Value = [{"taggings": [{"status": "ENABLED"}]}]


def plan(bucket: Value) -> Resource:
    return resource(
        PLAN, "uploads", protectedResource={"s3Bucket": {"bucketName": bucket}}, actions=TAGGED
    )


OF_IMAGES = plan(ref(BUCKET, "images"))
NOTIFICATION = "events.notification.images"


def with_eventbridge(value: Value) -> Resource:
    configured = notify()
    inputs = configured.inputs | {"eventbridge": value}
    return msgspec.structs.replace(configured, inputs=inputs)


@pytest.mark.parametrize(
    ("scan", "eventbridge", "verdict"),
    [
        (OF_IMAGES, True, Verdict.PROVEN),
        (OF_IMAGES, False, Verdict.VIOLATED),
        (OF_IMAGES, None, Verdict.VIOLATED),
        (OF_IMAGES, Unknown("another stack"), Verdict.UNPROVEN),
        # Not this bucket's matter.
        (plan("elsewhere"), None, Verdict.PROVEN),
    ],
    ids=["on", "off", "left-out", "unknown", "elsewhere"],
)
def test_a_configuration_must_not_turn_off_what_a_scan_turns_on(
    scan: Resource, eventbridge: Value, verdict: Verdict
) -> None:
    of = graph(IMAGE_BUCKET, *THUMBNAILER, admit(), with_eventbridge(eventbridge), scan)
    assert decide(of, NOTIFICATION).verdict is verdict


def test_a_scan_lets_rules_hear_of_the_bucket() -> None:
    rule = resource(
        RULE, "uploads", name="uploads", eventPattern=json.dumps({"source": ["aws.s3"]})
    )
    to = resource(
        TARGET,
        "uploads",
        rule=ref(RULE, "uploads", "name"),
        arn=ref(FUNCTION, "thumbnailer", "arn"),
    )
    quiet = event_facts(graph(IMAGE_BUCKET, *THUMBNAILER, rule, to))
    heard = event_facts(graph(IMAGE_BUCKET, *THUMBNAILER, rule, to, OF_IMAGES))
    assert [d.source.arn for d in quiet.deliveries if d.source.arn == IMAGES] == []
    assert [d.keys for d in heard.deliveries if d.source.arn == IMAGES] == [("*",)]


def test_an_upload_comes_round_by_the_tag_that_a_scan_gives_it() -> None:
    on_tags = notify(prefix="", events=("s3:ObjectTagging:*",))
    writes = {"thumbnailer": [("s3:PutObject", f"{IMAGES}/thumbnails/*")]}
    plain = graph(IMAGE_BUCKET, *THUMBNAILER, admit(), on_tags)
    scanned = graph(IMAGE_BUCKET, *THUMBNAILER, admit(), on_tags, OF_IMAGES)
    assert decide(plain, "events.cycles", grants=writes).verdict is Verdict.PROVEN
    assert decide(scanned, "events.cycles", grants=writes).verdict is Verdict.VIOLATED


# ── records ─────────────────────────────────────────────────────────────────────────────────────

TRAIL = "aws:cloudtrail/trail:Trail"
CHANNEL = "aws:cfg/deliveryChannel:DeliveryChannel"


@pytest.mark.parametrize(
    ("type_", "prefix", "topic"),
    [(TRAIL, "s3KeyPrefix", "snsTopicName"), (CHANNEL, "s3KeyPrefix", "snsTopicArn")],
    ids=["trail", "config"],
)
def test_records_are_objects_like_others_and_may_tell_a_topic(
    type_: str, prefix: str, topic: str
) -> None:
    bucket = ref(BUCKET, "images")
    written = resource(type_, "records", s3BucketName=bucket, **{prefix: "orig/"})  # type: ignore[arg-type]
    (writer,) = event_facts(graph(IMAGE_BUCKET, written)).log_writers
    assert (writer.bucket.arn, writer.prefix) == (IMAGES, "orig/")
    named = resource(type_, "records", s3BucketName=bucket, **{topic: ref(TOPIC, "alarms", "arn")})  # type: ignore[arg-type]
    assert closed(named, PEOPLE) is Verdict.PROVEN
    assert closed(named, CODE) is Verdict.VIOLATED
    lost = resource(type_, "records", s3BucketName=Unknown("another stack"))
    assert closed(lost) is Verdict.UNPROVEN


def test_a_load_balancer_that_logs_who_knows_where_is_not_passed_over() -> None:
    balancer = "aws:lb/loadBalancer:LoadBalancer"
    known = resource(balancer, "api", accessLogs={"bucket": ref(BUCKET, "images"), "enabled": True})
    assert closed(known) is Verdict.PROVEN
    unknown = Unknown("another stack")
    hidden: list[Value] = [unknown, {"bucket": unknown}]
    for logs in hidden:
        assert closed(resource(balancer, "api", accessLogs=logs)) is Verdict.UNPROVEN
