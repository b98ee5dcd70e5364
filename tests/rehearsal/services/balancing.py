"""Elastic Load Balancing: load balancers, target groups, listeners and their rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.rehearsal.aws import Aws, Properties
from tests.rehearsal.kinds import Settle, regular
from tests.rehearsal.services.ec2_network import pairs

Named = dict[str, str]

_OF_BALANCER: Named = {
    "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
    "enableCrossZoneLoadBalancing": "load_balancing.cross_zone.enabled",
    "enableDeletionProtection": "deletion_protection.enabled",
    "enableHttp2": "routing.http2.enabled",
    "enableXffClientPort": "routing.http.xff_client_port.enabled",
    "idleTimeout": "idle_timeout.timeout_seconds",
    "desyncMitigationMode": "routing.http.desync_mitigation_mode",
    "preserveHostHeader": "routing.http.preserve_host_header.enabled",
    "xffHeaderProcessingMode": "routing.http.xff_header_processing.mode",
    "clientKeepAlive": "client_keep_alive.seconds",
}
_OF_GROUP: Named = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "slowStart": "slow_start.duration_seconds",
}


def _labels(labels: Any) -> Properties:  # noqa: ANN401 -- a mapping
    return {"Tags": pairs(labels)}


def _written(value: Any) -> str:  # noqa: ANN401 -- JSON
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) else str(value)


def _attributes(named: Named, operation: str, parameter: str) -> Settle:
    """A setter of the attributes that were given, by the names that ELB has for them."""

    def settle(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
        wanted = [
            {"Key": key, "Value": _written(given[name])}
            for name, key in named.items()
            if name in changed and given.get(name) is not None
        ]
        for kind in ("accessLogs", "connectionLogs"):
            if kind in changed and given.get(kind):
                prefix = {"accessLogs": "access_logs", "connectionLogs": "connection_logs"}[kind]
                logs = {"enabled": False, **given[kind]}
                wanted += [
                    {"Key": f"{prefix}.s3.{key}", "Value": _written(logs[key])}
                    for key in ("enabled", "bucket", "prefix")
                    if logs.get(key) is not None
                ]
        if wanted:
            aws.call("elbv2", operation, **{parameter: id_}, Attributes=wanted)

    return settle


def _said(aws: Aws, operation: str, parameter: str, id_: str, named: Named) -> Properties:
    answer = aws.call("elbv2", operation, **{parameter: id_})["Attributes"]
    has = {one["Key"]: one["Value"] for one in answer}
    said: Properties = {name: has[key] for name, key in named.items() if key in has}
    for kind, prefix in (("accessLogs", "access_logs"), ("connectionLogs", "connection_logs")):
        if f"{prefix}.s3.enabled" in has:
            keys = ("enabled", "bucket", "prefix")
            said[kind] = {key: has.get(f"{prefix}.s3.{key}", "") for key in keys}
    return said


def _tags(aws: Aws, id_: str) -> Properties:
    answer = aws.call("elbv2", "describe_tags", ResourceArns=[id_])["TagDescriptions"]
    return {"tags": {tag["Key"]: tag["Value"] for tag in answer[0]["Tags"]} if answer else {}}


def _balancer(aws: Aws, id_: str, state: Properties) -> Properties:
    # `internal` is a scheme to AWS.
    return {
        **_said(aws, "describe_load_balancer_attributes", "LoadBalancerArn", id_, _OF_BALANCER),
        **_tags(aws, id_),
        "arn": id_,
        "arnSuffix": id_.partition("loadbalancer/")[2],
        "internal": state["scheme"] == "internal",
        "name": state["loadBalancerName"],
        "dnsName": state["dnsName"],
        "zoneId": state.get("canonicalHostedZoneId"),
        "subnets": [zone["subnetId"] for zone in state["availabilityZones"]],
    }


def _group(aws: Aws, id_: str, state: Properties) -> Properties:
    names = {
        "enabled": "healthCheckEnabled", "healthyThreshold": "healthyThresholdCount",
        "interval": "healthCheckIntervalSeconds", "path": "healthCheckPath",
        "port": "healthCheckPort", "protocol": "healthCheckProtocol",
        "timeout": "healthCheckTimeoutSeconds", "unhealthyThreshold": "unhealthyThresholdCount",
    }  # fmt: skip
    check = {name: state[said] for name, said in names.items() if said in state}
    check["matcher"] = (state.get("matcher") or {}).get("httpCode")
    return {
        **_said(aws, "describe_target_group_attributes", "TargetGroupArn", id_, _OF_GROUP),
        **_tags(aws, id_),
        "arn": id_,
        "arnSuffix": id_.rsplit(":", 1)[-1],
        "name": state["targetGroupName"],
        "healthCheck": check,
    }


_CHECK = {
    "healthCheck.enabled": "HealthCheckEnabled",
    "healthCheck.healthyThreshold": "HealthyThresholdCount",
    "healthCheck.interval": "HealthCheckIntervalSeconds",
    "healthCheck.matcher": "Matcher",
    "healthCheck.path": "HealthCheckPath",
    "healthCheck.port": "HealthCheckPort",
    "healthCheck.protocol": "HealthCheckProtocol",
    "healthCheck.timeout": "HealthCheckTimeoutSeconds",
    "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
}


def _flat(given: Properties) -> Properties:
    """The health check's members lie beside the others in ELB's calls."""
    flat = {key: value for key, value in given.items() if key != "healthCheck"}
    for key, value in (given.get("healthCheck") or {}).items():
        name = _CHECK.get(f"healthCheck.{key}", key)
        flat[name] = {"HttpCode": value} if name == "Matcher" else value
    return flat


_ACTIONS = {
    "redirect": "RedirectConfig", "fixedResponse": "FixedResponseConfig",
    "forward": "ForwardConfig", "order": "Order",
}  # fmt: skip


def _with_actions(where: str) -> Named:
    return {f"{where}.{key}": name for key, name in _ACTIONS.items()}


def _listener(aws: Aws, id_: str, state: Properties) -> Properties:
    del aws
    certificates = state.get("certificates") or []
    first = certificates[0].get("certificateArn") if certificates else None
    return {"arn": id_, "certificateArn": first, "loadBalancerArn": state.get("loadBalancerArn")}


_GROUP = regular(
    "aws:lb/targetGroup:TargetGroup", "elbv2", create="create_target_group",
    id="TargetGroups.TargetGroupArn", read="describe_target_groups", by="TargetGroupArns[]",
    found="TargetGroups", delete="delete_target_group", tags=_labels, pulumis=tuple(_OF_GROUP),
    settle=_attributes(_OF_GROUP, "modify_target_group_attributes", "TargetGroupArn"),
    settles=tuple(_OF_GROUP), outputs=_group, named="name", longest=32,
    replaces=("name", "namePrefix", "port", "protocol", "targetType", "vpcId", "ipAddressType"),
)  # fmt: skip


def _with_scheme(given: Properties) -> Properties:
    return {**given, "scheme": "internal" if given.get("internal") else "internet-facing"}


_BALANCER = regular(
    "aws:lb/loadBalancer:LoadBalancer", "elbv2", create="create_load_balancer",
        id="LoadBalancers.LoadBalancerArn", read="describe_load_balancers",
        by="LoadBalancerArns[]", found="LoadBalancers", delete="delete_load_balancer",
        renamed={"loadBalancerType": "Type"}, tags=_labels,
        pulumis=("internal", "accessLogs", "connectionLogs", *_OF_BALANCER),
        settle=_attributes(
            _OF_BALANCER, "modify_load_balancer_attributes", "LoadBalancerArn"
        ),
        settles=("accessLogs", "connectionLogs", *_OF_BALANCER), outputs=_balancer,
        replaces=("name", "namePrefix", "internal", "loadBalancerType"),
        named="name", longest=32,
    )  # fmt: skip


def _with_certificate(given: Properties) -> Properties:
    made = {key: value for key, value in given.items() if key != "certificateArn"}
    if given.get("certificateArn"):
        made["certificates"] = [{"certificateArn": given["certificateArn"]}]
    return made


_LISTENER = regular(
        "aws:lb/listener:Listener", "elbv2", create="create_listener",
        id="Listeners.ListenerArn", read="describe_listeners", by="ListenerArns[]",
        found="Listeners", delete="delete_listener",
        renamed=_with_actions("defaultActions"),
        tags=_labels, outputs=_listener, update="modify_listener", updates="ListenerArn",
        settles=("defaultActions", "sslPolicy", "certificateArn", "port", "protocol"),
        replaces=("loadBalancerArn",),
    )  # fmt: skip

KINDS = (
    replace(
        _BALANCER,
        create=lambda aws, given: _BALANCER.create(aws, _with_scheme(given)),
    ),
    replace(
        _GROUP,
        create=lambda aws, given: _GROUP.create(aws, _flat(given)),
        echoed=lambda aws, given: _GROUP.echoed(aws, _flat(given)),
    ),
    replace(
        _LISTENER,
        create=lambda aws, given: _LISTENER.create(aws, _with_certificate(given)),
        settle=lambda aws, id_, given, changed: _LISTENER.settle(
            aws, id_, _with_certificate(given), changed
        ),
        echoed=lambda aws, given: _LISTENER.echoed(aws, _with_certificate(given)),
    ),
    regular(
        "aws:lb/listenerRule:ListenerRule", "elbv2", create="create_rule", id="Rules.RuleArn",
        read="describe_rules", by="RuleArns[]", found="Rules", delete="delete_rule",
        renamed=_with_actions("actions"), tags=_labels,
        outputs=lambda aws, id_, state: {"arn": id_},  # noqa: ARG005
        replaces=("listenerArn",),
    ),
)  # fmt: skip
