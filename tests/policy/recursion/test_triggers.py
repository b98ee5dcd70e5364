"""Declared triggers exist, others do not, and each bucket has one notification configuration."""

from __future__ import annotations

import pytest

from stackproof.contract import Events, Group, Trigger
from stackproof.model import Unknown, Value, Verdict
from tests.policy.graphs import graph, ref, resource, urn
from tests.policy.recursion.stacks import (
    DECLARED,
    FUNCTION,
    FUNCTION_URN,
    GROUPS,
    IMAGE_BUCKET,
    NOTIFICATION,
    PERMISSION,
    QUEUE,
    THUMBNAILER,
    TOPIC,
    admit,
    claims,
    decide,
    notify,
    seed,
)

TRIGGER = "events.trigger.images-orig-to-thumbnailer"


def test_the_claims_of_a_contract_with_events() -> None:
    assert set(claims(seed(admit()))) == {
        TRIGGER,
        "events.closed",
        "events.cycles",
        "events.notification.images",
    }


def test_the_architecture_as_it_should_be_is_proven() -> None:
    found = {id_: o.decide() for id_, o in claims(seed(admit())).items()}

    assert {d.verdict for d in found.values()} == {Verdict.PROVEN}, found


def test_without_a_permission_the_function_is_never_started() -> None:
    decision = decide(seed(), TRIGGER)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.resources[0] == FUNCTION_URN
    assert decision.evidence.witness["principal"] == "s3.amazonaws.com"
    assert "Permission" in decision.mend


@pytest.mark.parametrize(
    "changes",
    [
        {"principal": "sns.amazonaws.com"},
        {"sourceArn": "arn:aws:s3:::other"},
        {"sourceAccount": "999999999999"},
        {"action": "lambda:GetFunction"},
        {"function": "another-function"},
    ],
)
def test_a_permission_for_something_else_admits_nothing(changes: dict[str, str]) -> None:
    assert decide(seed(admit(**changes)), TRIGGER).verdict is Verdict.VIOLATED


@pytest.mark.parametrize("key", ["principal", "sourceArn", "sourceAccount", "action"])
def test_a_permission_that_is_not_known_proves_nothing(key: str) -> None:
    unknown: dict[str, Value] = {key: Unknown("from another stack")}
    decision = decide(seed(admit("images", **unknown)), TRIGGER)

    assert decision.verdict is Verdict.UNPROVEN


def test_a_narrower_filter_misses_a_declared_key() -> None:
    decision = decide(seed(admit(), notification=notify(prefix="orig/a")), TRIGGER)

    assert decision.verdict is Verdict.VIOLATED
    key = str(decision.evidence.witness["key"])
    assert key.startswith("orig/")
    assert not key.startswith("orig/a")


def test_large_uploads_are_missed_by_a_notification_of_put_alone() -> None:
    decision = decide(seed(admit(), notification=notify(events=("s3:ObjectCreated:Put",))), TRIGGER)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["created_by"] in {"Post", "Copy", "CompleteMultipartUpload"}


def test_a_function_with_no_concurrency_never_runs() -> None:
    role, function = THUMBNAILER
    inputs = function.inputs | {"reservedConcurrentExecutions": 0}
    stopped = resource(FUNCTION, "thumbnailer", depends_on=(), **inputs)
    decision = decide(graph(IMAGE_BUCKET, role, stopped, notify(), admit()), TRIGGER)

    assert decision.verdict is Verdict.VIOLATED


def test_an_unknown_filter_proves_neither_that_it_exists_nor_that_no_more_does() -> None:
    of = seed(admit(), notification=notify(filterPrefix=Unknown("from another stack")))

    assert decide(of, TRIGGER).verdict is Verdict.UNPROVEN
    assert decide(of, "events.closed").verdict is Verdict.UNPROVEN
    assert decide(of, "events.cycles").verdict is Verdict.UNPROVEN


def test_an_emptied_prefix_starts_the_function_for_every_key() -> None:
    decision = decide(seed(admit(), notification=notify(prefix="")), "events.closed")

    assert decision.verdict is Verdict.VIOLATED
    assert not str(decision.evidence.witness["key"]).startswith("orig/")
    assert decision.resources[0] == urn(NOTIFICATION, "images")


def test_a_filter_with_a_wildcard_means_the_character() -> None:
    decision = decide(seed(admit(), notification=notify(prefix="*")), "events.closed")

    assert str(decision.evidence.witness["key"]).startswith("*")


def test_a_key_may_be_covered_by_prefix_and_suffix_at_once() -> None:
    # `aba` begins with `ab` and ends with `ba`: S3 compares both ends by themselves.
    of = seed(admit(), notification=notify(prefix="ab", filterSuffix="ba"))
    events = Events(triggers=(Trigger("images/ab*ba", "thumbnailer"),))
    decision = decide(of, "events.closed", events=events)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["key"] == "aba"


def test_a_second_notification_replaces_the_first() -> None:
    of = seed(admit(), notify("again", "backup/"))
    decision = decide(of, "events.notification.images")

    assert decision.verdict is Verdict.VIOLATED
    assert set(decision.resources) >= {urn(NOTIFICATION, "images"), urn(NOTIFICATION, "again")}
    assert decide(of, TRIGGER).verdict is Verdict.UNPROVEN


def test_a_type_that_nobody_modelled_leaves_the_claims_open() -> None:
    of = seed(admit(), resource("aws:pipes/pipe:Pipe", "pipe"))

    for claim in ("events.closed", "events.cycles"):
        decision = decide(of, claim)
        assert decision.verdict is Verdict.UNPROVEN
        assert decision.resources == (urn("aws:pipes/pipe:Pipe", "pipe"),)


def test_a_topic_between_bucket_and_function_is_the_same_trigger() -> None:
    subscription = "aws:sns/topicSubscription:TopicSubscription"
    of = graph(
        IMAGE_BUCKET,
        *THUMBNAILER,
        resource(TOPIC, "uploads", name="uploads"),
        resource(
            NOTIFICATION,
            "images",
            bucket=ref("aws:s3/bucket:Bucket", "images"),
            topics=[
                {
                    "events": ["s3:ObjectCreated:*"],
                    "filterPrefix": "orig/",
                    "topicArn": ref(TOPIC, "uploads", "arn"),
                }
            ],
        ),
        resource(
            subscription,
            "uploads",
            topic=ref(TOPIC, "uploads", "arn"),
            protocol="lambda",
            endpoint=ref(FUNCTION, "thumbnailer", "arn"),
        ),
    )

    assert decide(of, "events.closed").verdict is Verdict.PROVEN
    assert decide(of, "events.closed", events=Events()).verdict is Verdict.VIOLATED
    assert decide(of, TRIGGER).verdict is Verdict.UNPROVEN


def test_people_who_are_told_are_not_a_trigger() -> None:
    alarm = resource(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "errors",
        name="errors",
        alarmActions=[ref(TOPIC, "alarms", "arn")],
    )
    topic = resource(TOPIC, "alarms", name="alarms")
    mail = resource(
        "aws:sns/topicSubscription:TopicSubscription",
        "mail",
        topic=ref(TOPIC, "alarms", "arn"),
        protocol="email",
        endpoint="ops@example.com",
    )
    of = seed(admit(), alarm, topic, mail)

    assert decide(of, "events.closed").verdict is Verdict.PROVEN


def test_an_alarm_that_starts_a_function_is_a_trigger() -> None:
    alarm = resource(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "errors",
        name="errors",
        alarmActions=[ref(FUNCTION, "thumbnailer", "arn")],
    )
    of = seed(admit(), alarm)
    groups = GROUPS | {"alarm": Group(type="aws:cloudwatch/metricAlarm:MetricAlarm")}
    declared = Events(triggers=(*DECLARED.triggers, Trigger("alarm", "thumbnailer")))

    assert decide(of, "events.closed").verdict is Verdict.VIOLATED
    assert decide(of, "events.closed", groups=groups, events=declared).verdict is Verdict.PROVEN
    # The function's own errors may be what the alarm watches.
    assert decide(of, "events.cycles").verdict is Verdict.UNPROVEN


def test_a_dead_letter_queue_that_nobody_reads_starts_nothing() -> None:
    role, function = THUMBNAILER
    queue = resource(QUEUE, "failed", name="failed")
    inputs = function.inputs | {"deadLetterConfig": {"targetArn": ref(QUEUE, "failed", "arn")}}
    of = graph(
        IMAGE_BUCKET,
        role,
        resource(FUNCTION, "thumbnailer", depends_on=(), **inputs),
        queue,
        notify(),
        admit(),
    )

    assert decide(of, "events.closed").verdict is Verdict.PROVEN
    assert decide(of, "events.cycles").verdict is Verdict.PROVEN


def test_eventbridge_delivers_what_the_rule_matches() -> None:
    rule, target = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
    pattern = '{"source": ["aws.s3"], "detail": {"object": {"key": [{"prefix": "orig/"}]}}}'
    of = graph(
        IMAGE_BUCKET,
        *THUMBNAILER,
        resource(
            NOTIFICATION, "images", bucket=ref("aws:s3/bucket:Bucket", "images"), eventbridge=True
        ),
        resource(rule, "uploads", name="uploads", eventPattern=pattern),
        resource(
            target,
            "uploads",
            rule=ref(rule, "uploads", "name"),
            arn=ref(FUNCTION, "thumbnailer", "arn"),
        ),
    )
    narrower = Events(triggers=(Trigger("images/orig/a*", "thumbnailer"),))

    assert decide(of, "events.closed").verdict is Verdict.PROVEN
    assert decide(of, "events.closed", events=narrower).verdict is Verdict.VIOLATED


def test_a_function_of_another_stack_is_a_trigger_too() -> None:
    other = resource(
        NOTIFICATION,
        "images",
        bucket="images",
        lambdaFunctions=[
            {
                "events": ["s3:ObjectCreated:*"],
                "lambdaFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:stranger",
            }
        ],
    )
    of = seed(notification=other)

    assert decide(of, "events.closed").verdict is Verdict.VIOLATED
    assert decide(of, TRIGGER).verdict is Verdict.VIOLATED
    assert PERMISSION not in {r.type for r in of.resources}
