"""What delivers what to whom: notifications, subscriptions, mappings, rules, alarms, dead letters.

A Delivery says that an event at `source` reaches `target`, and which IAM actions cause the event.
Functions act as their roles; whether a role may cause another event is `proofs.recursion`'s
question.

Left out, and therefore in `not_modelled` where declared: replication, object Lambda, Firehose,
Step Functions, Pipes, schedules of EventBridge Scheduler, log subscriptions, IoT, API Gateway,
Lambda@Edge, rules that listen to AWS services other than S3, and whatever is unknown. Content
filters of subscriptions and mappings are taken to let everything pass (they only narrow). Log
deliveries by AWS (flow logs, load balancers, firewalls, server access logs) write objects but start
nothing by themselves: they are in `log_writers`, because a notification on their bucket makes them
a source.
"""

from __future__ import annotations

from stackproof.aws import imagebuilder, ssm_documents
from stackproof.aws.coverage import not_modelled
from stackproof.aws.events.facts import (
    BUCKETS,
    INVOKE_CONFIG,
    MAPPING,
    MODELLED,
    NOTIFICATION,
    REDRIVE,
    ROLE,
    RULE,
    SUBSCRIPTION,
    TARGET,
    EventFacts,
)
from stackproof.aws.events.functions import (
    edge_functions,
    functions,
    log_writers,
    permissions,
)
from stackproof.aws.events.notifications import notifications
from stackproof.aws.events.reading import Reader
from stackproof.aws.events.relays import alarms, budgets, mappings, results, rules, subscriptions
from stackproof.aws.events.watchers import publications, records, scanned, scans, with_tags
from stackproof.aws.ignored import as_deployed
from stackproof.model import Family, Graph

__all__ = ["event_facts"]

_SENDERS = frozenset({INVOKE_CONFIG, MAPPING, NOTIFICATION, REDRIVE, RULE, SUBSCRIPTION, TARGET})
_INLINE = ("logging", "loggings", "replicationConfiguration", "replicationConfigurations")
"""Inputs of a bucket that have resources of their own, which are the ones that are read here."""


def event_facts(graph: Graph) -> EventFacts:
    """Everything that `graph` says about events."""
    graph = as_deployed(graph)
    reader = Reader(graph)
    turned_on = frozenset(
        item.urn for item in graph.of_type(NOTIFICATION) if item.inputs.get("eventbridge") is True
    )
    sending = frozenset(
        bucket.urn
        for item in graph.of_type(NOTIFICATION)
        if item.urn in turned_on
        and (bucket := reader.place(item.inputs.get("bucket"), *BUCKETS)) is not None
    )
    deliveries = (
        *with_tags(reader, notifications(reader)),
        *scans(reader, sending),
        *publications(reader),
        *rules(reader),
        *subscriptions(reader),
        *mappings(reader),
        *results(reader),
        *alarms(reader),
        *budgets(reader),
    )
    edge_functions(reader)
    configurations: dict[str, list[str]] = {b.urn: [] for b in graph.of_type(*BUCKETS)}
    for item in graph.of_type(NOTIFICATION):
        bucket = reader.place(item.inputs.get("bucket"), *BUCKETS)
        if bucket is not None and bucket.urn:
            configurations[bucket.urn].append(item.urn)
    for resource in graph.of_type(*MODELLED):
        if resource.external and resource.type in _SENDERS:
            reader.cannot_read(resource, "it is read from AWS, not declared")
    for document, why in ssm_documents.not_understood(graph):
        reader.cannot_read(document, why)
    for resource in graph.of_type(*BUCKETS):
        for key in _INLINE:
            if resource.inputs.get(key):
                reader.cannot_read(resource, f"its {key} writes objects to another bucket")
    return EventFacts(
        account=graph.account,
        deliveries=tuple(sorted(deliveries, key=lambda d: (d.urn, d.source, d.target, d.keys))),
        functions={f.place.urn: f for f in functions(reader)},
        permissions=tuple(permissions(reader)),
        notifications={urn: tuple(found) for urn, found in configurations.items()},
        eventbridge=turned_on,
        scanned=scanned(reader),
        names={r.urn: r.name for r in graph.resources},
        types={r.urn: r.type for r in graph.resources},
        roles={
            r.urn: arn for r in graph.of_type(ROLE) if (arn := reader.values.arn(r)) is not None
        },
        log_writers=(*log_writers(reader), *records(reader)),
        not_modelled=(
            *not_modelled(graph, Family.RECURSION, MODELLED | imagebuilder.TYPES),
            *imagebuilder.unread(graph, Family.RECURSION),
            *sorted(dict.fromkeys(reader.unread)),
        ),
        assumptions=(
            "Nobody outside this stack adds a trigger to its buckets, queues, topics, functions.",
            "A function writes by AWS requests that its role permits, or as events.writes says.",
        ),
    )
