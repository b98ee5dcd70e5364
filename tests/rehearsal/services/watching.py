"""What watches: alarms, dashboards, rules of events, filters of logs, budgets."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tests.rehearsal.aws import Aws, Properties, is_absent
from tests.rehearsal.kinds import ECHOED_ALWAYS, Kind, regular
from tests.rehearsal.services.ec2_network import pairs
from tests.rehearsal.translate import Translation, properties

# ── CloudWatch ──────────────────────────────────────────────────────────────────────────────────

_ALARM = {
    "name": "AlarmName", "metricQueries": "Metrics",
    "okActions": "OKActions", "insufficientDataActions": "InsufficientDataActions",
    "metricQueries.metric": "MetricStat", "metricQueries.id": "Id",
}  # fmt: skip


def _named_pairs(dimensions: Any) -> list[dict[str, str]]:  # noqa: ANN401 -- a mapping
    return [{"Name": key, "Value": value} for key, value in sorted((dimensions or {}).items())]


def _alarm(given: Properties) -> Properties:
    """With dimensions as CloudWatch has them, and a metric's statistic beside the metric."""
    made = dict(given)
    if given.get("dimensions"):
        made["dimensions"] = _named_pairs(given["dimensions"])
    if given.get("metricQueries"):
        made["metricQueries"] = [_query(query) for query in given["metricQueries"]]
    return made


def _query(given: Properties) -> Properties:
    made = {key: value for key, value in given.items() if key != "metric"}
    metric = given.get("metric")
    if metric:
        of_metric = {
            "Namespace": metric.get("namespace"),
            "MetricName": metric["metricName"],
            "Dimensions": _named_pairs(metric.get("dimensions")),
        }
        of_stat = {"period": metric.get("period"), "stat": metric.get("stat")}
        made["metric"] = {"Metric": of_metric, **of_stat, "unit": metric.get("unit")}
    return made


def _request(aws: Aws, given: Properties) -> tuple[Properties, set[str]]:
    shape = aws.client("cloudwatch").meta.service_model.operation_model("PutMetricAlarm")
    translation = Translation(_ALARM)
    wanted = {k: v for k, v in _alarm(given).items() if k not in ECHOED_ALWAYS}
    return translation.structure(shape.input_shape, wanted), translation.untold


def _put_alarm(aws: Aws, given: Properties) -> str:
    labels = given.get("tagsAll") or {}
    arguments, _ = _request(aws, given)
    aws.call(
        "cloudwatch", "put_metric_alarm", **arguments, **({"Tags": pairs(labels)} if labels else {})
    )
    return str(given["name"])


def _read_alarm(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    found = aws.call("cloudwatch", "describe_alarms", AlarmNames=[id_])["MetricAlarms"]
    if not found:
        return None
    said: Properties = properties(found[0], {**_ALARM, "okActions": "OKActions"})
    said["dimensions"] = {one["name"]: one["value"] for one in said.get("dimensions", [])}
    for query in said.get("metricQueries", []):
        stat = query.get("metric")
        if stat:
            metric = stat.pop("metric", {})
            names = {one["name"]: one["value"] for one in metric.pop("dimensions", [])}
            query["metric"] = {**stat, **metric, "dimensions": names}
    labels = aws.call("cloudwatch", "list_tags_for_resource", ResourceARN=said["alarmArn"])
    return {**said, "arn": said["alarmArn"], "tags": properties(labels).get("tags") or {}}


def _settle_alarm(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_alarm(aws, given)


def _delete_alarm(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("cloudwatch", "delete_alarms", AlarmNames=[id_])


def _put_dashboard(aws: Aws, given: Properties) -> str:
    aws.call(
        "cloudwatch",
        "put_dashboard",
        DashboardName=given["dashboardName"],
        DashboardBody=given["dashboardBody"],
    )
    return str(given["dashboardName"])


def _read_dashboard(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    try:
        said = aws.call("cloudwatch", "get_dashboard", DashboardName=id_)
    except ClientError as error:
        if is_absent(error) or "ResourceNotFound" in error.response["Error"]["Code"]:
            return None
        raise
    return {
        "dashboardName": id_,
        "dashboardBody": said["DashboardBody"],
        "dashboardArn": said["DashboardArn"],
    }


def _settle_dashboard(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_dashboard(aws, given)


def _delete_dashboard(aws: Aws, id_: str, state: Properties) -> None:
    del state
    aws.call("cloudwatch", "delete_dashboards", DashboardNames=[id_])


# ── EventBridge ─────────────────────────────────────────────────────────────────────────────────


def _settle_rule(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _RULE.create(aws, given)


_RULE = regular(
    "aws:cloudwatch/eventRule:EventRule", "events", create="put_rule", id="=name",
    read="describe_rule", by="Name", found="", delete="delete_rule", gone="Name",
    pulumis=("forceDestroy",), tags=lambda labels: {"Tags": pairs(labels)}, settle=_settle_rule,
    settles=("*",), replaces=("name", "namePrefix", "eventBusName"), named="name", longest=64,
)  # fmt: skip


def _put_target(aws: Aws, given: Properties) -> str:
    shape = aws.client("events").meta.service_model.operation_model("PutTargets").input_shape
    id_ = str(given.get("targetId") or f"pulumi-{given['rule']}")
    ours = {"rule", "targetId", "eventBusName", "arn", *ECHOED_ALWAYS}
    wanted = {k: v for k, v in given.items() if k not in ours}
    target = Translation({}).structure(shape.members["Targets"].member, wanted)
    target |= {"Id": id_, "Arn": given["arn"]}
    answer = aws.call("events", "put_targets", Rule=given["rule"], Targets=[target])
    if answer["FailedEntryCount"]:
        failed = answer["FailedEntries"][0]
        error = {"Code": failed["ErrorCode"], "Message": failed["ErrorMessage"]}
        raise ClientError({"Error": error}, "PutTargets")
    return f"{given['rule']}-{id_}"


def _read_target(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        found = aws.call("events", "list_targets_by_rule", Rule=state["rule"])["Targets"]
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    for one in found:
        if f"{state['rule']}-{one['Id']}" == id_:
            return {"rule": state["rule"], "targetId": one["Id"], **properties(one)}
    return None


def _delete_target(aws: Aws, id_: str, state: Properties) -> None:
    target = id_.removeprefix(f"{state['rule']}-")
    aws.call("events", "remove_targets", Rule=state["rule"], Ids=[target])


def _settle_target(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    if "__new" not in changed:
        _put_target(aws, {**given, "targetId": id_.removeprefix(f"{given['rule']}-")})


# ── logs ────────────────────────────────────────────────────────────────────────────────────────


def _put_filter(aws: Aws, given: Properties) -> str:
    change = given["metricTransformation"]
    names = {
        "name": "metricName", "namespace": "metricNamespace", "value": "metricValue",
        "unit": "unit", "dimensions": "dimensions",
    }  # fmt: skip
    made = {names[key]: change[key] for key in names if change.get(key)}
    if change.get("defaultValue") is not None:
        made["defaultValue"] = float(change["defaultValue"])
    aws.call(
        "logs",
        "put_metric_filter",
        logGroupName=given["logGroupName"],
        filterName=given["name"],
        filterPattern=given["pattern"],
        metricTransformations=[made],
    )
    return str(given["name"])


def _read_filter(aws: Aws, id_: str, state: Properties) -> Properties | None:
    try:
        found = aws.call("logs", "describe_metric_filters", logGroupName=state["logGroupName"])
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    for one in found["metricFilters"]:
        if one["filterName"] == id_:
            (change,) = one["metricTransformations"]
            back = {
                "metricName": "name", "metricNamespace": "namespace", "metricValue": "value",
                "unit": "unit", "defaultValue": "defaultValue", "dimensions": "dimensions",
            }  # fmt: skip
            said = {back[key]: value for key, value in change.items() if key in back}
            return {
                "name": id_,
                "logGroupName": one["logGroupName"],
                "pattern": one["filterPattern"],
                "metricTransformation": said,
            }
    return None


def _settle_filter(aws: Aws, id_: str, given: Properties, changed: frozenset[str]) -> None:
    del id_
    if "__new" not in changed:
        _put_filter(aws, given)


def _delete_filter(aws: Aws, id_: str, state: Properties) -> None:
    aws.call("logs", "delete_metric_filter", logGroupName=state["logGroupName"], filterName=id_)


# ── budgets ─────────────────────────────────────────────────────────────────────────────────────


def _create_budget(aws: Aws, given: Properties) -> str:
    budget: Properties = {
        "BudgetName": given["name"],
        "BudgetType": given["budgetType"],
        "TimeUnit": given["timeUnit"],
        "BudgetLimit": {"Amount": str(given["limitAmount"]), "Unit": given["limitUnit"]},
    }
    filters = {one["name"]: one["values"] for one in given.get("costFilters") or []}
    if filters:
        budget["CostFilters"] = filters
    warned = [
        {
            "Notification": {
                "NotificationType": one["notificationType"],
                "ComparisonOperator": one["comparisonOperator"],
                "Threshold": float(one["threshold"]),
                "ThresholdType": one["thresholdType"],
            },
            "Subscribers": [
                {"SubscriptionType": kind, "Address": address}
                for kind, key in (
                    ("EMAIL", "subscriberEmailAddresses"),
                    ("SNS", "subscriberSnsTopicArns"),
                )
                for address in one.get(key) or []
            ],
        }
        for one in given.get("notifications") or []
    ]
    aws.call(
        "budgets",
        "create_budget",
        AccountId=aws.account,
        Budget=budget,
        **({"NotificationsWithSubscribers": warned} if warned else {}),
    )
    return f"{aws.account}:{given['name']}"


def _read_budget(aws: Aws, id_: str, state: Properties) -> Properties | None:
    del state
    name = id_.partition(":")[2]
    try:
        said = aws.call("budgets", "describe_budget", AccountId=aws.account, BudgetName=name)
        told = aws.call(
            "budgets",
            "describe_notifications_for_budget",
            AccountId=aws.account,
            BudgetName=name,
        )
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    budget = said["Budget"]
    filters = budget.get("CostFilters") or {}
    return {
        "arn": f"arn:aws:budgets::{aws.account}:budget/{name}",
        "name": budget["BudgetName"],
        "budgetType": budget["BudgetType"],
        "timeUnit": budget["TimeUnit"],
        "limitAmount": budget["BudgetLimit"]["Amount"],
        "limitUnit": budget["BudgetLimit"]["Unit"],
        "costFilters": [{"name": key, "values": value} for key, value in filters.items()],
        "notifications": properties(told["Notifications"]),
    }


def _delete_budget(aws: Aws, id_: str, state: Properties) -> None:
    del state
    name = id_.partition(":")[2]
    aws.call("budgets", "delete_budget", AccountId=aws.account, BudgetName=name)


KINDS = (
    Kind(
        type="aws:cloudwatch/metricAlarm:MetricAlarm", service="cloudwatch", create=_put_alarm,
        read=_read_alarm, delete=_delete_alarm, settle=_settle_alarm, settles=frozenset({"*"}),
        replaces=frozenset({"name"}), named="name",
        echoed=lambda aws, given: _request(aws, given)[1],
    ),
    Kind(
        type="aws:cloudwatch/dashboard:Dashboard", service="cloudwatch", create=_put_dashboard,
        read=_read_dashboard, delete=_delete_dashboard, settle=_settle_dashboard,
        settles=frozenset({"dashboardBody"}), replaces=frozenset({"dashboardName"}),
    ),
    _RULE,
    Kind(
        type="aws:cloudwatch/eventTarget:EventTarget", service="events", create=_put_target,
        read=_read_target, delete=_delete_target, settle=_settle_target, settles=frozenset({"*"}),
        replaces=frozenset({"rule", "targetId", "eventBusName"}),
    ),
    Kind(
        type="aws:cloudwatch/logMetricFilter:LogMetricFilter", service="logs",
        create=_put_filter, read=_read_filter, delete=_delete_filter, settle=_settle_filter,
        settles=frozenset({"*"}), replaces=frozenset({"name", "logGroupName"}), named="name",
    ),
    Kind(
        type="aws:budgets/budget:Budget", service="budgets", create=_create_budget,
        read=_read_budget, delete=_delete_budget, replaces=frozenset({"name"}), named="name",
        longest=100,
        untold={"notifications.subscriberEmailAddresses": "are asked for singly"},
        echoed=lambda aws, given: {  # noqa: ARG005 -- as it says
            "notifications.subscriberEmailAddresses", "notifications.subscriberSnsTopicArns",
            *({"costTypes", "timePeriodStart", "timePeriodEnd"} & given.keys()),
        },
    ),
)  # fmt: skip
