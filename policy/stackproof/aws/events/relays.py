"""Rules, subscriptions, mappings, destinations, dead letters and alarms."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.events.facts import (
    ALARM,
    ARRIVAL,
    BUDGET,
    BUS,
    FUNCTION,
    INVOKE_CONFIG,
    MAPPING,
    PEOPLE,
    QUEUE,
    REDRIVE,
    RULE,
    STREAM,
    SUBSCRIPTION,
    TABLE,
    TARGET,
    TOPIC,
    Delivery,
    Place,
)
from stackproof.aws.events.notifications import exact_strings, on_default_bus
from stackproof.aws.events.reading import Reader
from stackproof.aws.events.watchers import only_tells
from stackproof.aws.values import parse_json
from stackproof.model import Resource, Value


def rules(reader: Reader) -> Iterator[Delivery]:
    """What buses bring to rules, and rules to their targets."""
    for rule in reader.graph.of_type(RULE):
        place = reader.by_arn.get(reader.values.arn(rule) or "")
        pattern = parse_json(reader.values.resolve(rule.inputs.get("eventPattern")))
        if place is None or pattern is None:
            continue
        sources = exact_strings(pattern.get("source")) if isinstance(pattern, dict) else None
        if rule.inputs.get("eventBusName") is not None and (
            reader.values.text(rule.inputs["eventBusName"]) is None
        ):
            reader.cannot_read(rule, "its event bus is unknown")
        # What S3 sends to the default bus a rule may hand on to another.
        elsewhere = not on_default_bus(reader, rule.inputs.get("eventBusName"))
        if elsewhere or sources is None or any(s != "aws.s3" for s in sources):
            foreign = sources is None or any(
                isinstance(s, str) and s.startswith("aws.") and s != "aws.s3" for s in sources
            )
            if foreign and not only_tells(reader, rule, pattern):
                reader.cannot_read(rule, "it may listen to AWS services other than S3")
            name = rule.inputs.get("eventBusName") or "default"
            bus = reader.place(name, BUS)
            if bus is not None:
                yield Delivery(rule.urn, "EventBridge rule", bus, place, ARRIVAL[BUS])
    for target in reader.graph.of_type(TARGET):
        source = reader.required(target, target.inputs.get("rule"), "rule", RULE)
        to = reader.required(target, target.inputs.get("arn"), "target")
        if source is not None and to is not None:
            yield Delivery(
                target.urn,
                "EventBridge target",
                source,
                to,
                invoked_as="events.amazonaws.com",
                qualified=reader.qualified(target.inputs.get("arn"), to),
            )
        yield from _dead_letters(reader, target, source, "deadLetterConfig", "arn")


def subscriptions(reader: Reader) -> Iterator[Delivery]:
    """What topics send on, but to people."""
    for item in reader.graph.of_type(SUBSCRIPTION):
        protocol = reader.values.text(item.inputs.get("protocol") or "")
        topic = reader.required(item, item.inputs.get("topic"), "topic", TOPIC)
        if protocol is None:
            reader.cannot_read(item, "its protocol is unknown")
        if topic is None or protocol in PEOPLE:
            continue
        endpoint = reader.required(item, item.inputs.get("endpoint"), "endpoint")
        if endpoint is not None:
            yield Delivery(
                item.urn,
                "subscription",
                topic,
                endpoint,
                ARRIVAL[TOPIC],
                invoked_as="sns.amazonaws.com",
                qualified=reader.qualified(item.inputs.get("endpoint"), endpoint),
            )
        yield from _redrive(reader, item, topic)


def mappings(reader: Reader) -> Iterator[Delivery]:
    """What functions poll from queues and streams."""
    for item in reader.graph.of_type(MAPPING):
        function = reader.required(item, item.inputs.get("functionName"), "function", FUNCTION)
        if item.inputs.get("eventSourceArn") is None:
            reader.cannot_read(item, "its source is not an AWS resource with an ARN")
            continue
        source = reader.required(item, item.inputs.get("eventSourceArn"), "source")
        if source is None or function is None or item.inputs.get("enabled") is False:
            continue
        type_ = reader.type_of(source)
        if type_ not in {QUEUE, TABLE, STREAM}:
            reader.cannot_read(item, f"its source is outside this stack: {source}")
        yield Delivery(item.urn, "event source mapping", source, function, ARRIVAL.get(type_, ()))
        yield from _destinations(reader, item, source)


def results(reader: Reader) -> Iterator[Delivery]:
    """Where results and failures of functions and queues go."""
    for function in reader.graph.of_type(FUNCTION):
        place = reader.by_arn.get(reader.values.arn(function) or "")
        yield from _dead_letters(reader, function, place, "deadLetterConfig", "targetArn")
    for item in reader.graph.of_type(INVOKE_CONFIG):
        place = reader.required(item, item.inputs.get("functionName"), "function", FUNCTION)
        yield from _destinations(reader, item, place)
    for item in reader.graph.of_type(QUEUE):
        yield from _redrive(reader, item, reader.by_arn.get(reader.values.arn(item) or ""))
    for item in reader.graph.of_type(REDRIVE):
        queue = reader.required(item, item.inputs.get("queueUrl"), "queue", QUEUE)
        yield from _redrive(reader, item, queue)


def alarms(reader: Reader) -> Iterator[Delivery]:
    """What a change of state of an alarm calls."""
    for alarm in reader.graph.of_type(ALARM):
        place = reader.by_arn.get(reader.values.arn(alarm) or "")
        for key in ("alarmActions", "okActions", "insufficientDataActions"):
            actions = alarm.inputs.get(key) or []
            for action in actions if isinstance(actions, list) else [actions]:
                target = reader.required(alarm, action, key)
                if place is not None and target is not None:
                    yield Delivery(
                        alarm.urn,
                        "alarm action",
                        place,
                        target,
                        invoked_as="lambda.alarms.cloudwatch.amazonaws.com",
                    )


def budgets(reader: Reader) -> Iterator[Delivery]:
    """The topics that a budget tells; what it tells by e-mail starts nothing."""
    for budget in reader.graph.of_type(BUDGET):
        source = Place(f"budget {budget.name}", budget.urn)
        notifications = budget.inputs.get("notifications") or []
        for item in notifications if isinstance(notifications, list) else [notifications]:
            topics = item.get("subscriberSnsTopicArns") if isinstance(item, dict) else item
            for topic in topics if isinstance(topics, list) else [topics]:
                if topic is not None:
                    yield from _deliver(reader, budget, source, topic, "budget notification")


def _deliver(
    reader: Reader, item: Resource, source: Place | None, value: Value, via: str
) -> Iterator[Delivery]:
    if value is None:
        return
    target = reader.required(item, value, via)
    if source is not None and target is not None:
        yield Delivery(item.urn, via, source, target)


def _dead_letters(
    reader: Reader, item: Resource, source: Place | None, key: str, arn: str
) -> Iterator[Delivery]:
    config = item.inputs.get(key)
    if isinstance(config, dict):
        yield from _deliver(reader, item, source, config.get(arn), "dead letters")
    elif config is not None:
        reader.cannot_read(item, f"its {key} is unknown")


def _destinations(reader: Reader, item: Resource, source: Place | None) -> Iterator[Delivery]:
    config = item.inputs.get("destinationConfig")
    if config is None:
        return
    if not isinstance(config, dict):
        reader.cannot_read(item, "its destinations are unknown")
        return
    for key in ("onSuccess", "onFailure"):
        outcome = config.get(key)
        if isinstance(outcome, dict):
            arn = outcome.get("destination", outcome.get("destinationArn"))
            yield from _deliver(reader, item, source, arn, "destination")
        elif outcome is not None:
            reader.cannot_read(item, "its destinations are unknown")


def _redrive(reader: Reader, item: Resource, source: Place | None) -> Iterator[Delivery]:
    policy = parse_json(reader.values.resolve(item.inputs.get("redrivePolicy")))
    if policy is None:
        return
    if not isinstance(policy, dict):
        reader.cannot_read(item, "its redrive policy is unknown")
        return
    yield from _deliver(reader, item, source, policy.get("deadLetterTargetArn"), "dead letters")
