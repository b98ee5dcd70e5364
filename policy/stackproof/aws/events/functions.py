"""Functions and who may start them; and what AWS itself writes into buckets."""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.events.facts import (
    BUCKETS,
    DISTRIBUTION,
    FLOW_LOG,
    FUNCTION,
    LOGGING,
    PERMISSION,
    ROLE,
    WAF_LOGGING,
    Function,
    LogWriter,
    Permission,
)
from stackproof.aws.events.reading import Reader
from stackproof.model import Resource, Value, unknowns

_BALANCERS = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:elb/loadBalancer:LoadBalancer",
)


def functions(reader: Reader) -> Iterator[Function]:
    """Every function that the graph declares."""
    roles = {reader.values.arn(r): r.urn for r in reader.graph.of_type(ROLE)}
    for resource in reader.graph.of_type(FUNCTION):
        place = reader.by_arn.get(reader.values.arn(resource) or "")
        if place is not None:
            role = roles.get(reader.values.text(resource.inputs.get("role")), "")
            stopped = resource.inputs.get("reservedConcurrentExecutions") == 0
            yield Function(place, role, stopped)


def permissions(reader: Reader) -> Iterator[Permission]:
    """The statements of the functions' policies."""
    for item in reader.graph.of_type(PERMISSION):
        function = reader.place(item.inputs.get("function"), FUNCTION)
        yield Permission(
            item.urn,
            function.urn if function is not None else None,
            reader.values.text(item.inputs.get("action")),
            reader.values.text(item.inputs.get("principal")),
            reader.values.text(item.inputs.get("sourceArn", "")),
            reader.values.text(item.inputs.get("sourceAccount", "")),
            qualified=item.inputs.get("qualifier") is not None,
            conditional=any(
                item.inputs.get(key) is not None
                for key in ("eventSourceToken", "principalOrgId", "functionUrlAuthType")
            ),
        )


def log_writers(reader: Reader) -> Iterator[LogWriter]:
    """Server access logs, flow logs, and those of load balancers and firewalls, into buckets."""
    for item in reader.graph.of_type(*LOGGING):
        target = reader.required(item, item.inputs.get("targetBucket"), "bucket", *BUCKETS)
        logged = reader.required(item, item.inputs.get("bucket"), "bucket", *BUCKETS)
        prefix = reader.values.text(item.inputs.get("targetPrefix") or "")
        if target is not None:
            yield LogWriter(item.urn, target, prefix or "", logged)
    for item in reader.graph.of_type(FLOW_LOG):
        yield from _flow_log(reader, item)
    for item in reader.graph.of_type(WAF_LOGGING):
        yield from _of_firewall(reader, item)
    for item in reader.graph.of_type(DISTRIBUTION):
        if item.inputs.get("loggingConfig") is not None:
            reader.cannot_read(item, "its loggingConfig writes objects into a bucket")
    for item in reader.graph.resources:
        yield from _access_logs(reader, item)


def _access_logs(reader: Reader, item: Resource) -> Iterator[LogWriter]:
    logs = item.inputs.get("accessLogs")
    if logs is not None and unknowns(logs) and item.type in _BALANCERS:
        reader.cannot_read(item, "where it logs to is unknown")
    if isinstance(logs, dict) and logs.get("enabled", True) is not False:
        place = reader.place(logs.get("bucket"), *BUCKETS)
        prefix = reader.values.text(logs.get("prefix") or "")
        if place is not None and place.urn:
            yield LogWriter(item.urn, place, prefix or "")


def _flow_log(reader: Reader, item: Resource) -> Iterator[LogWriter]:
    kind = item.inputs.get("logDestinationType")
    destination = reader.values.text(item.inputs.get("logDestination"))
    if unknowns(kind) or (kind == "s3" and destination is None):
        reader.cannot_read(item, "where it writes is unknown")
    elif kind == "s3" and destination is not None:
        bucket, _, prefix = destination.partition("/")
        place = reader.by_arn.get(bucket)
        if place is not None:
            yield LogWriter(item.urn, place, prefix)


def _of_firewall(reader: Reader, item: Resource) -> Iterator[LogWriter]:
    """A log group takes it and starts nothing; a bucket takes objects; a stream goes on."""
    given = item.inputs.get("logDestinationConfigs")
    for value in given if isinstance(given, list) else [given]:
        destination = reader.values.text(value)
        if destination is None or ":firehose:" in destination:
            reader.cannot_read(item, "where it writes is unknown, or a stream")
        elif ":s3:::" in destination:
            place = reader.by_arn.get(destination)
            if place is not None:
                yield LogWriter(item.urn, place, "")


def edge_functions(reader: Reader) -> None:
    """Note the distributions that may start functions at the edge: those are not modelled."""
    for item in reader.graph.of_type(DISTRIBUTION):
        if item.external:
            reader.cannot_read(item, "it is read from AWS, not declared")
        if _starts_a_function(item):
            reader.cannot_read(item, "a request starts a function of its (Lambda@Edge)")


def _starts_a_function(item: Resource) -> bool:
    more = item.inputs.get("orderedCacheBehaviors") or []
    behaviours: list[Value] = [item.inputs.get("defaultCacheBehavior")]
    behaviours += more if isinstance(more, list) else [more]
    return any(
        not isinstance(each, dict) or bool(each.get("lambdaFunctionAssociations"))
        for each in behaviours
    )
