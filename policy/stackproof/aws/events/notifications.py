"""What S3 tells of writes: bucket notifications, and EventBridge where it is switched on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from stackproof.aws.events.facts import (
    ANY_S3_EVENT,
    BUCKETS,
    CAUSES,
    NOTIFICATION,
    RULE,
    Delivery,
    Place,
    literal,
)
from stackproof.aws.events.reading import Reader
from stackproof.aws.values import parse_json
from stackproof.model import Resource, Value, unknowns


def _causes(events: tuple[str, ...]) -> tuple[str, ...]:
    found: list[str] = []
    for event in events:
        kind = ":".join(event.split(":")[:2])
        found += CAUSES.get(kind, ANY_S3_EVENT)
    return tuple(dict.fromkeys(found))


class _Kind(NamedTuple):
    """Where a notification configuration stands in the inputs, and how its target is named."""

    key: str
    arn: str
    service: str = ""
    """Who asks the target, when the target is a function."""


_KINDS = (
    _Kind("lambdaFunctions", "lambdaFunctionArn", "s3.amazonaws.com"),
    _Kind("queues", "queueArn"),
    _Kind("topics", "topicArn"),
)


class _Route(NamedTuple):
    """From a bucket to a target, which `service` asks."""

    bucket: Place
    target: Place
    service: str
    qualified: bool


def notifications(reader: Reader) -> Iterator[Delivery]:
    """What every BucketNotification declares."""
    for resource in reader.graph.of_type(NOTIFICATION):
        bucket = reader.required(resource, resource.inputs.get("bucket"), "bucket", *BUCKETS)
        if bucket is None:
            continue
        for kind in _KINDS:
            for item in _items(reader, resource, kind.key):
                target = reader.required(resource, item.get(kind.arn), kind.arn)
                if target is not None:
                    named = reader.qualified(item.get(kind.arn), target)
                    route = _Route(bucket, target, kind.service, named)
                    yield _configured(reader, resource, route, item)
        eventbridge = resource.inputs.get("eventbridge")
        if unknowns(eventbridge):
            reader.cannot_read(resource, "whether it sends to EventBridge is unknown")
        if eventbridge is True:
            yield from through_eventbridge(reader, bucket)


def _items(reader: Reader, resource: Resource, key: str) -> Iterator[dict[str, Value]]:
    configurations = resource.inputs.get(key) or []
    if not isinstance(configurations, list):
        reader.cannot_read(resource, f"its {key} are unknown")
        return
    for item in configurations:
        if isinstance(item, dict):
            yield item
        else:
            reader.cannot_read(resource, f"one of its {key} is unknown")


def _configured(
    reader: Reader, resource: Resource, route: _Route, item: dict[str, Value]
) -> Delivery:
    events = item.get("events")
    texts = [reader.values.text(e) for e in events] if isinstance(events, list) else [None]
    named = tuple(t for t in texts if t is not None)
    prefix, suffix = (
        reader.values.text(item.get(end) or "") for end in ("filterPrefix", "filterSuffix")
    )
    known = len(named) == len(texts) and prefix is not None and suffix is not None
    if not known:
        reader.cannot_read(resource, "its events or its key filter are unknown")
    # (Amazon S3 User Guide, "Configuring event notifications using object key name filtering"):
    # special characters are given URL-encoded. Both readings count.
    given = (prefix or "", suffix or "")
    readings = {given, (unquote(given[0]), unquote(given[1]))}
    return Delivery(
        resource.urn,
        "bucket notification",
        route.bucket,
        route.target,
        _causes(named),
        tuple(sorted({f"{literal(p)}*{literal(s)}" for p, s in readings} | _overlapping(readings))),
        named,
        exact=known and len(readings) == 1,
        known=known,
        invoked_as=route.service,
        qualified=route.qualified,
    )


def through_eventbridge(reader: Reader, bucket: Place) -> Iterator[Delivery]:
    """What rules hear of a bucket that sends to EventBridge."""
    for rule in reader.graph.of_type(RULE):
        place = reader.by_arn.get(reader.values.arn(rule) or "")
        bus = rule.inputs.get("eventBusName")
        if place is None or not on_default_bus(reader, bus):
            continue  # S3 sends to the default bus only
        keys = _keys_matched(reader, rule, bucket)
        if keys:
            yield Delivery(
                rule.urn,
                "EventBridge rule",
                bucket,
                place,
                ANY_S3_EVENT,
                keys,
                exact=False,
            )


def on_default_bus(reader: Reader, bus: Value) -> bool:
    """Whether an `eventBusName`, a name or an ARN, may mean the account's default bus."""
    text = "default" if bus is None else reader.values.text(bus)
    return text is None or text.rpartition("/")[2] == "default"


def _keys_matched(reader: Reader, rule: Resource, bucket: Place) -> tuple[str, ...]:
    """Globs that cover every key whose events the rule's pattern matches; none: no event."""
    pattern = parse_json(reader.values.resolve(rule.inputs.get("eventPattern")))
    if pattern is None:
        return ()
    if not isinstance(pattern, dict) or unknowns(pattern):
        return ("*",)
    sources = exact_strings(pattern.get("source"))
    if sources is not None and "aws.s3" not in sources:
        return ()
    detail = pattern.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    of_bucket = detail.get("bucket")
    names = exact_strings(of_bucket.get("name")) if isinstance(of_bucket, dict) else None
    name = bucket.arn.rpartition(":")[2]
    if names is not None and name not in {reader.values.text(n) for n in names}:
        return ()
    of_object = detail.get("object")
    matchers = of_object.get("key") if isinstance(of_object, dict) else None
    if not isinstance(matchers, list):
        return ("*",)
    return tuple(_key_glob(m) for m in matchers)


def _overlapping(readings: set[tuple[str, str]]) -> set[str]:
    """Keys in which a prefix and a suffix share characters: `aba` begins `ab` and ends `ba`.

    S3 compares the prefix and the suffix separately, so such a key matches both.
    """
    return {
        literal(prefix + suffix[shared:])
        for prefix, suffix in readings
        for shared in range(1, min(len(prefix), len(suffix)) + 1)
        if prefix.endswith(suffix[:shared])
    }


def exact_strings(value: Value) -> list[str] | None:
    """The strings of a pattern's field when it has strings only, else None: anything."""
    if not isinstance(value, list):
        return None
    strings = [item for item in value if isinstance(item, str)]
    return strings if len(strings) == len(value) else None


def _key_glob(matcher: Value) -> str:
    """A glob that covers what one matcher of a pattern matches."""
    if isinstance(matcher, str):
        return literal(matcher)
    if isinstance(matcher, dict) and len(matcher) == 1:
        ((kind, text),) = matcher.items()
        if isinstance(text, str) and "\\" not in text:
            shapes = {
                "prefix": f"{literal(text)}*",
                "suffix": f"*{literal(text)}",
                "wildcard": "*".join(literal(part) for part in text.split("*")),
            }
            return shapes.get(kind, "*")
    return "*"
