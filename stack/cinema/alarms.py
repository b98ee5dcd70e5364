"""Alarms: what is measured, when it is too much, and who is told. One table, and its dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.config import Config
from cinema.keys import Keys
from cinema.names import Names

_EMAIL = r"[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}"

DATABASE_METRICS = "Cinema/Database"
"""Of what the members say of their set, as metrics in their log: `stack/machines/database`."""

Value: TypeAlias = pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """`email` is told of every alarm, and of the account's costs near `budget_usd` a month."""

    email: str
    budget_usd: int

    @classmethod
    def read(cls, config: Config) -> AlarmSettings | None:
        """From `cinema:alarms` and `cinema:monthlyBudgetUsd`; None when alarms are `off`."""
        if config.text("cinema:alarms") == "off":
            return None
        return cls(
            email=config.matching("cinema:alarms", _EMAIL, "off, or an e-mail address"),
            budget_usd=config.whole("cinema:monthlyBudgetUsd", least=1, most=1_000_000),
        )


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the alarms look at. `nat_gateways` and `members` (of the database) are by zone."""

    load_balancer: Value
    target_group: Value
    group: Value
    most_instances: int
    least_instances: int
    function: Value
    dead_letters: Value
    nat_gateways: Mapping[str, Value]
    members: Mapping[str, Value]
    replica_set: str


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: `breaches` of `periods` of `seconds` each beyond `threshold`.

    `silence` is what it means when nothing is measured (Amazon CloudWatch User Guide, "Configuring
    how CloudWatch alarms treat missing data"): a count of errors is not sent when there are none.
    """

    name: str
    namespace: str
    metric: str
    dimensions: Mapping[str, Value]
    statistic: str
    threshold: float
    means: str
    least: bool = False
    seconds: int = 300
    periods: int = 1
    breaches: int = 1
    silence: Literal["notBreaching", "breaching"] = "notBreaching"


def table(watched: Watched) -> tuple[Alarm, ...]:
    """Every alarm. docs/guard.md says what to do when one sounds."""
    balancer = {"LoadBalancer": watched.load_balancer}
    targets = {**balancer, "TargetGroup": watched.target_group}
    function = {"FunctionName": watched.function}
    replica_set = {"Stack": watched.replica_set}
    group = {"AutoScalingGroupName": watched.group}
    voting = len(watched.members)
    return (
        Alarm(
            name="balancer-errors",
            namespace="AWS/ApplicationELB",
            metric="HTTPCode_ELB_5XX_Count",
            dimensions=balancer,
            statistic="Sum",
            threshold=10,
            periods=3,
            breaches=2,
            means="The load balancer answers 5xx itself: it finds no instance that takes requests",
        ),
        Alarm(
            name="api-errors",
            namespace="AWS/ApplicationELB",
            metric="HTTPCode_Target_5XX_Count",
            dimensions=balancer,
            statistic="Sum",
            threshold=10,
            periods=3,
            breaches=2,
            means="The API answers 5xx: mostly the database is away, or a release is bad",
        ),
        Alarm(
            name="api-latency",
            namespace="AWS/ApplicationELB",
            metric="TargetResponseTime",
            dimensions=balancer,
            statistic="p95",
            threshold=2,
            periods=3,
            breaches=3,
            means="One request in twenty takes longer than two seconds",
        ),
        Alarm(
            name="api-unhealthy",
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions=targets,
            statistic="Maximum",
            threshold=0,
            periods=2,
            breaches=2,
            means="An instance fails its health check, and is not replaced in ten minutes",
        ),
        Alarm(
            name="api-too-few",
            namespace="AWS/ApplicationELB",
            metric="HealthyHostCount",
            dimensions=targets,
            statistic="Minimum",
            threshold=min(2, watched.least_instances),
            least=True,
            seconds=60,
            periods=5,
            breaches=5,
            silence="breaching",
            means="Fewer instances are healthy than the loss of one zone leaves",
        ),
        *(
            # Where the group cannot grow it is always at its maximum.
            [
                Alarm(
                    name="api-at-maximum",
                    namespace="AWS/AutoScaling",
                    metric="GroupDesiredCapacity",
                    dimensions=group,
                    statistic="Maximum",
                    threshold=watched.most_instances - 1,
                    periods=3,
                    breaches=3,
                    means="The group has grown as far as it may: more load makes it slower",
                )
            ]
            if watched.most_instances > watched.least_instances
            else []
        ),
        Alarm(
            name="thumbnail-errors",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions=function,
            statistic="Sum",
            threshold=0,
            means="The function failed; Lambda tries twice more, then it is a dead letter",
        ),
        Alarm(
            name="thumbnail-throttles",
            namespace="AWS/Lambda",
            metric="Throttles",
            dimensions=function,
            statistic="Sum",
            threshold=0,
            periods=3,
            breaches=3,
            means="More uploads than the function may run at once: thumbnails come later",
        ),
        Alarm(
            name="thumbnail-loop",
            namespace="AWS/Lambda",
            metric="RecursiveInvocationsDropped",
            dimensions=function,
            statistic="Sum",
            threshold=0,
            means="Lambda stopped a loop, which the proof excludes: a trigger was changed by hand",
        ),
        Alarm(
            name="thumbnail-dead-letters",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": watched.dead_letters},
            statistic="Maximum",
            threshold=0,
            means="An upload has no thumbnail, and will get none by itself",
        ),
        Alarm(
            name="database-members",
            namespace=DATABASE_METRICS,
            metric="MissingMembers",
            dimensions=replica_set,
            statistic="Maximum",
            threshold=0,
            periods=2,
            breaches=2,
            silence="breaching",
            means="A member of the database is missing, or none of them reports",
        ),
        *(
            [
                Alarm(
                    name="database-lag",
                    namespace=DATABASE_METRICS,
                    metric="ReplicationLag",
                    dimensions=replica_set,
                    statistic="Maximum",
                    threshold=60,
                    seconds=60,
                    periods=5,
                    breaches=5,
                    means="A member is a minute behind: what it would lose if it became primary",
                )
            ]
            if voting > 1
            else []
        ),
        *(
            Alarm(
                name=f"database-status-{zone}",
                namespace="AWS/EC2",
                metric="StatusCheckFailed",
                dimensions={"InstanceId": instance},
                statistic="Maximum",
                threshold=0,
                seconds=60,
                periods=5,
                breaches=5,
                silence="breaching",
                means="AWS finds the member, its host or its volume unwell",
            )
            for zone, instance in sorted(watched.members.items())
        ),
        *(
            alarm
            for zone, gateway in sorted(watched.nat_gateways.items())
            for alarm in _of_nat_gateway(zone, gateway)
        ),
    )


def _of_nat_gateway(zone: str, gateway: Value) -> tuple[Alarm, Alarm]:
    """(Amazon VPC User Guide, "NAT gateway metrics and dimensions")."""
    dimensions = {"NatGatewayId": gateway}
    return (
        Alarm(
            name=f"nat-ports-{zone}",
            namespace="AWS/NATGateway",
            metric="ErrorPortAllocation",
            dimensions=dimensions,
            statistic="Sum",
            threshold=0,
            means="Too many connections to one destination: some are refused",
        ),
        Alarm(
            name=f"nat-drops-{zone}",
            namespace="AWS/NATGateway",
            metric="PacketsDropCount",
            dimensions=dimensions,
            statistic="Sum",
            threshold=100,
            periods=3,
            breaches=3,
            means="The NAT gateway loses packets, which is AWS's to mend",
        ),
    )


_WIDTH, _HEIGHT, _COLUMNS, _STATUS_HEIGHT = 8, 6, 3, 4


def dashboard(alarms: Sequence[Alarm], names: Names) -> dict[str, object]:
    """The body of a dashboard: how the alarms stand, and a chart of each with its threshold.

    (Amazon CloudWatch API Reference, "Dashboard body structure and syntax"): a grid of 24 columns,
    at most a hundred alarms in a status widget.
    """
    status: dict[str, object] = {
        "type": "alarm",
        "x": 0,
        "y": 0,
        "width": _WIDTH * _COLUMNS,
        "height": _STATUS_HEIGHT,
        "properties": {
            "title": "Alarms",
            "alarms": [names.alarm_arn(alarm.name) for alarm in alarms],
        },
    }
    charts: list[dict[str, object]] = [
        {
            "type": "metric",
            "x": place % _COLUMNS * _WIDTH,
            "y": _STATUS_HEIGHT + place // _COLUMNS * _HEIGHT,
            "width": _WIDTH,
            "height": _HEIGHT,
            "properties": {
                "title": alarm.name,
                "view": "timeSeries",
                "region": names.region,
                "metrics": [
                    [
                        alarm.namespace,
                        alarm.metric,
                        *(part for pair in sorted(alarm.dimensions.items()) for part in pair),
                    ]
                ],
                "stat": alarm.statistic,
                "period": alarm.seconds,
                "annotations": {"horizontal": [{"label": "alarm", "value": alarm.threshold}]},
            },
        }
        for place, alarm in enumerate(alarms)
    ]
    return {"widgets": [status, *charts]}


class Alarms(pulumi.ComponentResource):
    """The topic, the address that it tells, the alarms, the budget and the dashboard.

    AWS asks the address once whether it wants to be told; that mail must be answered. Costs are
    told without it.
    """

    def __init__(  # noqa: PLR0913 - what is watched, who is told, and under which key
        self,
        name: str,
        settings: AlarmSettings,
        names: Names,
        watched: Watched,
        *,
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:alarms:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        topic = aws.sns.Topic(
            name,
            name=names.topic("alarms"),
            # Alarms cannot publish to a topic under AWS's own key (Amazon SNS Developer Guide,
            # "Enable compatibility between event sources from AWS services and encrypted topics"):
            # it is a key of ours or none.
            kms_master_key_id=keys.arn("messages"),
            opts=child,
        )
        policy = aws.sns.TopicPolicy(
            name, arn=topic.arn, policy=policies.publish_alarms(names), opts=child
        )
        subscription = aws.sns.TopicSubscription(
            name, topic=topic.arn, protocol="email", endpoint=settings.email, opts=child
        )
        told = pulumi.ResourceOptions(parent=self, depends_on=[policy, subscription, *keys.ready])
        alarms = table(watched)
        for alarm in alarms:
            percentile = alarm.statistic.startswith("p")
            aws.cloudwatch.MetricAlarm(
                alarm.name,
                name=names.alarm(alarm.name),
                alarm_description=alarm.means,
                namespace=alarm.namespace,
                metric_name=alarm.metric,
                dimensions=alarm.dimensions,
                statistic=None if percentile else alarm.statistic,
                extended_statistic=alarm.statistic if percentile else None,
                comparison_operator="LessThanThreshold" if alarm.least else "GreaterThanThreshold",
                threshold=alarm.threshold,
                period=alarm.seconds,
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.breaches,
                treat_missing_data=alarm.silence,
                alarm_actions=[topic.arn],
                ok_actions=[topic.arn],
                opts=told,
            )
        # Of the whole account: costs by tag need tags that somebody activated for billing.
        aws.budgets.Budget(
            name,
            name=names.prefix,
            budget_type="COST",
            limit_amount=str(settings.budget_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_email_addresses=[settings.email],
                    subscriber_sns_topic_arns=[topic.arn],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
            opts=told,
        )
        aws.cloudwatch.Dashboard(
            name,
            dashboard_name=names.prefix,
            dashboard_body=pulumi.Output.json_dumps(dashboard(alarms, names)),
            opts=child,
        )
        self.topic = topic
        self.register_outputs({"topic": topic.arn})
