"""Services that watch: what they write and publish, and what they turn on to be told.

(Amazon GuardDuty User Guide, "How does Malware Protection for S3 work?"): a plan turns on
EventBridge on its bucket, is told of every new object by a rule of its own, and may tag the object.
So rules that listen to S3 hear of the bucket as well, and whatever listens to tags hears of every
upload. CloudTrail and AWS Config write objects, and may publish to a topic.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from stackproof.aws.events.facts import (
    BUCKETS,
    CAUSES,
    CHANNEL,
    MALWARE_PLAN,
    PEOPLE,
    RULE,
    SUBSCRIPTION,
    TARGET,
    TOPIC,
    TRAIL,
    Delivery,
    LogWriter,
    Place,
)
from stackproof.aws.events.notifications import exact_strings, through_eventbridge
from stackproof.aws.events.reading import Reader
from stackproof.model import Resource, Value

_WATCHERS = frozenset({"aws.guardduty", "aws.securityhub", "aws.config", "aws.access-analyzer"})
"""Sources of events that say what somebody did or how something is, and that nobody can send."""


def _plans(reader: Reader) -> Iterator[tuple[Resource, Place]]:
    """Malware protection plans, with their buckets."""
    for plan in reader.graph.of_type(MALWARE_PLAN):
        protected = plan.inputs.get("protectedResource")
        bucket = protected.get("s3Bucket") if isinstance(protected, dict) else protected
        name = bucket.get("bucketName") if isinstance(bucket, dict) else bucket
        found = reader.required(plan, name, "bucket", *BUCKETS)
        if found is not None:
            yield plan, found


def scanned(reader: Reader) -> dict[str, tuple[str, ...]]:
    """URNs of plans by the URN of the bucket that they scan."""
    found: dict[str, tuple[str, ...]] = {}
    for plan, bucket in _plans(reader):
        found[bucket.urn] = (*found.get(bucket.urn, ()), plan.urn)
    return found


def scans(reader: Reader, sending: frozenset[str]) -> Iterator[Delivery]:
    """What rules hear of buckets on which a plan alone turns EventBridge on."""
    for _, bucket in _plans(reader):
        if bucket.urn not in sending:
            yield from through_eventbridge(reader, bucket)


def with_tags(reader: Reader, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
    """`deliveries`, where an upload to a scanned bucket causes what its tag causes."""
    buckets = {bucket.arn for _, bucket in _plans(reader)}
    for delivery in deliveries:
        tagged = any(event.startswith(("s3:ObjectTagging", "s3:*")) for event in delivery.events)
        if delivery.source.arn in buckets and tagged:
            causes = tuple(dict.fromkeys((*delivery.causes, *CAUSES["s3:ObjectCreated"])))
            yield msgspec.structs.replace(delivery, causes=causes)
        else:
            yield delivery


def records(reader: Reader) -> Iterator[LogWriter]:
    """What CloudTrail and AWS Config write into buckets."""
    for item in reader.graph.of_type(TRAIL, CHANNEL):
        bucket = reader.required(item, item.inputs.get("s3BucketName"), "bucket", *BUCKETS)
        prefix = reader.values.text(item.inputs.get("s3KeyPrefix") or "")
        if bucket is not None:
            yield LogWriter(item.urn, bucket, prefix or "")


def publications(reader: Reader) -> Iterator[Delivery]:
    """The topics that CloudTrail and AWS Config publish to."""
    for item in reader.graph.of_type(TRAIL, CHANNEL):
        given = item.inputs.get("snsTopicName" if item.type == TRAIL else "snsTopicArn")
        if given is None:
            continue
        topic = reader.required(item, given, "topic", TOPIC)
        if topic is not None:
            yield Delivery(item.urn, "notification", Place(f"records {item.name}", item.urn), topic)


def only_tells(reader: Reader, rule: Resource, pattern: Value) -> bool:
    """Whether a rule listens to services that watch, and hands on to people alone.

    Who sets a watcher off is not known; where what it says only reaches people, nothing follows.
    """
    sources = exact_strings(pattern.get("source")) if isinstance(pattern, dict) else None
    if not sources or not _WATCHERS.issuperset(sources):
        return False
    place = reader.by_arn.get(reader.values.arn(rule) or "")
    for target in reader.graph.of_type(TARGET):
        if reader.place(target.inputs.get("rule"), RULE) in {place, None}:
            to = reader.place(target.inputs.get("arn"))
            if to is None or not _for_people(reader, to):
                return False
    return True


def _for_people(reader: Reader, place: Place) -> bool:
    """Whether `place` is a topic of this graph to which nobody but people listens."""
    return reader.type_of(place) == TOPIC and all(
        reader.values.text(item.inputs.get("protocol")) in PEOPLE
        for item in reader.graph.of_type(SUBSCRIPTION)
        if reader.place(item.inputs.get("topic"), TOPIC) in {place, None}
    )
