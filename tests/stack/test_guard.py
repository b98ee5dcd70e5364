"""What watches, records and encrypts: alarms, access logs, keys."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from cinema import policies
from cinema.alarms import Alarm, Watched, dashboard, table
from cinema.names import Names
from cinema.sessions import preferences
from cinema.watch import SHIELD_TERMS
from tests.stack.engine_double import Registered, World, run

STACKS = ("seed", "dev", "prod")
NAMES = Names(project="cinema", stack="prod", account="123456789012", region="us-east-1")
BUCKET = "aws:s3/bucket:Bucket"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
TOPIC = "aws:sns/topic:Topic"
KEY = "aws:kms/key:Key"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"


@functools.cache
def world(stack: str) -> World:
    found = run(stack)
    assert found.refusal == ""
    return found


@pytest.fixture(params=STACKS)
def every(request: pytest.FixtureRequest) -> World:
    return world(str(request.param))


def waits_for(found: World, start: Registered) -> set[str]:
    """Type and name of everything that exists before `start` is made."""
    by_urn = {r.urn: r for r in found.resources}
    seen: set[str] = set()
    queue = list(start.needs)
    while queue:
        urn = queue.pop()
        if urn not in seen and urn in by_urn:
            seen.add(urn)
            queue.extend(by_urn[urn].needs)
    return {f"{by_urn[urn].type.split(':')[-1]} {by_urn[urn].name}" for urn in seen}


# ── access logs ─────────────────────────────────────────────────────────────────────────────────


def test_every_bucket_but_that_of_the_logs_says_who_asks_for_what(every: World) -> None:
    logged = every.of("aws:s3/bucketLogging:BucketLogging")
    assert set(logged) == set(every.of(BUCKET)) - {"access-logs"}
    for name, logging in logged.items():
        assert logging.inputs["targetBucket"] == f"id-of:{BUCKET}:access-logs"
        assert logging.inputs["targetPrefix"] == f"s3/{name}/"
        assert "BucketPolicy access-logs" in waits_for(every, logging)
    (policy,) = [
        json.loads(r.inputs["policy"])
        for name, r in every.of("aws:s3/bucketPolicy:BucketPolicy").items()
        if name == "access-logs"
    ]
    admitted = next(s for s in policy["Statement"] if s["Sid"] == "Buckets")
    sources = admitted["Condition"]["ArnLike"]["aws:SourceArn"]
    buckets = every.of(BUCKET)
    assert set(sources) == {f"arn:aws:s3:::{buckets[name].inputs['bucket']}" for name in logged}


def test_the_load_balancer_waits_until_it_may_log(every: World) -> None:
    (balancer,) = every.of("aws:lb/loadBalancer:LoadBalancer").values()
    assert balancer.inputs["accessLogs"] == {
        "enabled": True, "bucket": f"id-of:{BUCKET}:access-logs", "prefix": "alb",
    }  # fmt: skip
    assert "BucketPolicy access-logs" in waits_for(every, balancer)


def test_access_logs_are_forgotten_and_lie_under_the_only_key_that_can_deliver(
    every: World,
) -> None:
    rules = every.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    expiring = {n for n, r in rules.items() if "expiration" in r.inputs["rules"][0]}
    assert expiring == {"access-logs", "records"} & set(every.of(BUCKET))
    encryption = every.of(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )["access-logs"].inputs["rules"][0]
    assert encryption["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}


# ── keys ────────────────────────────────────────────────────────────────────────────────────────

DATABASE_SECRETS = ("admin", "authority", "ca", "credentials", "keyfile")

USED = {
    ("images", "Bucket images"),
    ("logs", "Bucket records"),
    ("logs", "Trail trail"),
    ("logs", "LogGroup api"),
    ("logs", "LogGroup build-api"),
    ("logs", "LogGroup build-database"),
    ("logs", "LogGroup database"),
    ("logs", "LogGroup flow-log"),
    ("logs", "LogGroup sessions"),
    ("logs", "LogGroup thumbnails"),
    ("credentials", "Secret session-keys"),
    *(("credentials", f"Secret database-{part}") for part in DATABASE_SECRETS),
    ("credentials", "Function thumbnails"),
    ("messages", "Topic alarms"),
    ("messages", "Queue thumbnails-failed"),
    *(("database", f"Volume database-us-east-1{letter}") for letter in "abc"),
    *(("database", f"Instance database-us-east-1{letter}") for letter in "abc"),
}


def encrypted(found: World) -> Iterator[tuple[str, str]]:
    """Which key encrypts what: pairs of logical names."""
    arns = {f"arn-of:{name}": name for name in found.of(KEY)} | {
        NAMES.key_alias(name): name for name in found.of(KEY)
    }

    def keys(value: Any) -> Iterator[str]:  # noqa: ANN401 - inputs are any JSON
        if isinstance(value, dict):
            for name, each in value.items():
                if name.lower().startswith("kms") and isinstance(each, str):
                    yield arns[each]
                else:
                    yield from keys(each)
        elif isinstance(value, list):
            for each in value:
                yield from keys(each)

    for r in found.resources:
        kind = r.type.split(":")[-1].removesuffix("ServerSideEncryptionConfiguration")
        if kind != "Policy":
            yield from ((key, f"{kind} {r.name}") for key in keys(dict(r.inputs)))


def test_each_class_of_data_has_a_key_that_turns_over_and_serves_all_of_it() -> None:
    found = world("prod")
    assert set(encrypted(found)) == USED
    assert {name for name, _ in USED} == set(found.of(KEY))
    for key in found.of(KEY).values():
        assert key.inputs["enableKeyRotation"] is True
        assert key.protect is True
        assert key.inputs["deletionWindowInDays"] == 30
    aliases = found.of("aws:kms/alias:Alias")
    assert {a.inputs["name"] for a in aliases.values()} == {
        NAMES.key_alias(name) for name in found.of(KEY)
    }


@pytest.mark.parametrize("stack", ["seed", "dev"])
def test_keys_of_aws_are_named_nowhere(stack: str) -> None:
    assert set(encrypted(world(stack))) == set()


def test_no_key_lets_anybody_decrypt_by_asking_kms_itself() -> None:
    for key in world("prod").of(KEY).values():
        for statement in json.loads(key.inputs["policy"])["Statement"]:
            actions = statement["Action"]
            actions = [actions] if isinstance(actions, str) else actions
            secret = {"Decrypt", "Encrypt", "GenerateDataKey*", "ReEncrypt*", "CreateGrant"}
            if "AWS" in statement["Principal"] and secret & {
                action.removeprefix("kms:") for action in actions
            }:
                assert "kms:ViaService" in statement["Condition"]["StringEquals"]
            assert "kms:*" not in actions


def test_who_uses_a_key_waits_for_its_alias_as_policies_name_it_so() -> None:
    found = world("prod")
    (group,) = found.of("aws:autoscaling/group:Group").values()
    (function,) = found.of("aws:lambda/function:Function").values()
    assert {"Alias images", "Alias credentials"} <= waits_for(found, group)
    assert {"Alias images", "Alias credentials", "Alias messages"} <= waits_for(found, function)
    (queue,) = found.of("aws:sqs/queue:Queue").values()
    assert "Alias messages" in waits_for(found, queue)


def test_every_log_group_forgets(every: World) -> None:
    groups = every.of(LOG_GROUP).values()
    assert groups
    assert all(group.inputs["retentionInDays"] > 0 for group in groups)


def test_lambda_stops_loops_by_itself_too(every: World) -> None:
    functions = every.of("aws:lambda/function:Function")
    kept = every.of("aws:lambda/functionRecursionConfig:FunctionRecursionConfig")
    assert set(kept) == set(functions)
    assert all(config.inputs["recursiveLoop"] == "Terminate" for config in kept.values())


# ── alarms ──────────────────────────────────────────────────────────────────────────────────────


def watched(*, zones: str = "abc", least: int = 3, most: int = 9) -> Watched:
    return Watched(
        load_balancer="app/api/1",
        target_group="targetgroup/api/2",
        group="api-3",
        least_instances=least,
        most_instances=most,
        function="cinema-prod-thumbnails",
        dead_letters="cinema-prod-thumbnails-failed",
        nat_gateways={f"us-east-1{letter}": f"nat-{letter}" for letter in zones},
        members={f"us-east-1{letter}": f"i-{letter}" for letter in zones},
        replica_set="cinema-prod",
    )


def named(alarms: tuple[Alarm, ...]) -> set[str]:
    return {alarm.name for alarm in alarms}


def test_an_alarm_is_never_about_what_cannot_be_or_always_is() -> None:
    assert len(named(table(watched()))) == len(table(watched()))
    alone = named(table(watched(zones="a", least=3, most=3)))
    assert "api-at-maximum" not in alone  # a group that cannot grow is always at its maximum
    assert "database-lag" not in alone
    assert named(table(watched())) - alone == {
        "api-at-maximum", "database-lag",
        *(f"{kind}-us-east-1{letter}" for kind in ("database-status", "nat-drops", "nat-ports")
          for letter in "bc"),
    }  # fmt: skip


def test_an_alarm_can_sound_as_cloudwatch_counts() -> None:
    # (Amazon CloudWatch API Reference, "PutMetricAlarm"): periods of a day in all at the most.
    for alarm in table(watched()):
        assert alarm.seconds % 60 == 0
        assert 1 <= alarm.breaches <= alarm.periods
        assert alarm.periods * alarm.seconds <= 24 * 60 * 60
        assert alarm.dimensions
        # Silence is fine of what counts faults, and a fault of what must always be there.
        assert alarm.silence == "breaching" or not alarm.least
        assert len(NAMES.alarm(alarm.name)) <= 255
        assert alarm.means


def test_everybody_who_is_to_be_told_is_told_of_every_alarm() -> None:
    found = world("prod")
    alarms = found.of(ALARM)
    assert set(alarms) == named(table(watched()))
    for alarm in alarms.values():
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == ["arn-of:alarms"]
        assert ("statistic" in alarm.inputs) is not ("extendedStatistic" in alarm.inputs)
        assert {"TopicPolicy alarms", "TopicSubscription alarms"} <= waits_for(found, alarm)
    (subscription,) = found.of("aws:sns/topicSubscription:TopicSubscription").values()
    assert (subscription.inputs["protocol"], subscription.inputs["endpoint"]) == (
        "email",
        "alarms@cinema.example",
    )


def test_costs_are_told_before_they_are_spent() -> None:
    (budget,) = world("prod").of("aws:budgets/budget:Budget").values()
    assert (budget.inputs["limitAmount"], budget.inputs["limitUnit"]) == ("1000", "USD")
    kinds = {(n["notificationType"], n["threshold"]) for n in budget.inputs["notifications"]}
    assert kinds == {("ACTUAL", 80), ("FORECASTED", 100)}


def test_alarms_that_are_off_make_nothing() -> None:
    found = world("dev")
    for type_ in (ALARM, TOPIC, "aws:budgets/budget:Budget", "aws:cloudwatch/dashboard:Dashboard"):
        assert found.of(type_) == {}


def test_the_dashboard_shows_each_alarm_once_and_no_chart_hides_another() -> None:
    alarms = table(watched())
    body = dashboard(alarms, NAMES)
    widgets: list[Any] = json.loads(json.dumps(body))["widgets"]
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert all(x < 24 for x, _ in cells)
        taken |= cells
    status, *charts = widgets
    assert status["properties"]["alarms"] == [NAMES.alarm_arn(a.name) for a in alarms]
    assert len(alarms) <= 100
    for chart, alarm in zip(charts, alarms, strict=True):
        shown = chart["properties"]
        assert shown["metrics"][0][:2] == [alarm.namespace, alarm.metric]
        dimensions = shown["metrics"][0][2:]
        assert dict(zip(dimensions[::2], dimensions[1::2], strict=True)) == dict(alarm.dimensions)
        assert {"region", "stat", "period", "view"} <= set(shown)


def test_the_dashboard_as_it_is_declared_is_json() -> None:
    (declared,) = world("prod").of("aws:cloudwatch/dashboard:Dashboard").values()
    body = json.loads(declared.inputs["dashboardBody"])
    assert len(body["widgets"]) == 1 + len(world("prod").of(ALARM))


# ── administrators ──────────────────────────────────────────────────────────────────────────────

SSH = 22
RULES = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:ec2/networkAclRule:NetworkAclRule",
)
DOCUMENT = "aws:ssm/document:Document"


def opening(found: World, port: int) -> set[str]:
    """The rules of groups and ACLs that open the port; wide ranges of replies are none."""
    return {
        r.name
        for type_ in RULES
        for r in found.of(type_).values()
        if r.inputs["fromPort"] <= port <= r.inputs["toPort"]
    }


def test_with_session_manager_there_is_no_bastion_no_key_pair_and_no_ssh() -> None:
    found = world("prod")
    assert opening(found, SSH) == set()
    assert set(found.of("aws:ec2/instance:Instance")) == {
        f"database-us-east-1{letter}" for letter in "abc"
    }
    assert "bastion" not in found.of("aws:ec2/securityGroup:SecurityGroup")
    assert not [r.name for r in found.resources if "keyName" in r.inputs]
    endpoints = found.of("aws:ec2/vpcEndpoint:VpcEndpoint")
    assert {"ssm", "ssmmessages"} <= set(endpoints)
    for name in ("ssm", "ssmmessages"):
        assert len(endpoints[name].inputs["subnetIds"]) == 3


@pytest.mark.parametrize("stack", ["seed", "dev"])
def test_with_a_bastion_there_are_no_sessions(stack: str) -> None:
    found = world(stack)
    assert "bastion-to-database-22" in opening(found, SSH)
    assert found.of(DOCUMENT) == {}
    assert not {"ssm", "ssmmessages"} & set(found.of("aws:ec2/vpcEndpoint:VpcEndpoint"))
    assert "sessions" not in found.of(LOG_GROUP)


def test_a_session_is_logged_under_a_key_or_refused_and_does_not_stay_open() -> None:
    found = world("prod")
    (document,) = found.of(DOCUMENT).values()
    inputs = json.loads(document.inputs["content"])["inputs"]
    assert inputs["cloudWatchLogGroupName"] == found.of(LOG_GROUP)["sessions"].inputs["name"]
    assert inputs["cloudWatchEncryptionEnabled"] is True
    assert inputs["cloudWatchStreamingEnabled"] is True
    # (Systems Manager User Guide, "Session document schema"): minutes, as text, within these.
    assert 1 <= int(inputs["idleSessionTimeout"]) <= 60
    assert 1 <= int(inputs["maxSessionDuration"]) <= 1440
    assert preferences(NAMES, encrypted=False)["inputs"] == inputs | {
        "cloudWatchEncryptionEnabled": False
    }


def test_only_this_stacks_machines_by_this_stacks_document() -> None:
    found = world("prod")
    policy = json.loads(found.of("aws:iam/policy:Policy")["sessions"].inputs["policy"])
    starting = [s for s in policy["Statement"] if "ssm:StartSession" in s["Action"]]
    machines, documents = starting
    assert machines["Condition"]["StringEquals"] == {
        "aws:ResourceTag/project": "cinema", "aws:ResourceTag/stack": "prod",
    }  # fmt: skip
    assert machines["Condition"]["BoolIfExists"] == {"ssm:SessionDocumentAccessCheck": "true"}
    assert documents["Resource"] == [
        "arn:aws:ssm:us-east-1:123456789012:document/cinema-prod-session"
    ]
    attached = found.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment").values()
    assert not [a for a in attached if a.inputs["policyArn"] == "arn-of:sessions"]


def test_machines_may_do_what_sessions_take_and_not_read_parameters() -> None:
    managed = {"ssm:GetParameter", "ssm:GetParameters", "ssm:PutInventory", "ssm:GetDocument"}
    document = json.loads(policies.serve_sessions(NAMES))
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    assert not actions & managed
    assert not any("*" in action for action in actions)


# ── what watches the account ────────────────────────────────────────────────────────────────────

ONE_OF_AN_ACCOUNT = {
    "guardDuty": {
        "aws:guardduty/detector:Detector",
        "aws:guardduty/detectorFeature:DetectorFeature",
    },
    "securityHub": {
        "aws:securityhub/account:Account",
        "aws:securityhub/standardsSubscription:StandardsSubscription",
    },
    "configRecorder": {
        "aws:cfg/recorder:Recorder",
        "aws:cfg/recorderStatus:RecorderStatus",
        "aws:cfg/deliveryChannel:DeliveryChannel",
        "aws:iam/serviceLinkedRole:ServiceLinkedRole",
    },
    "shield": {"aws:shield/subscription:Subscription"},
}
"""What `create` makes and `adopt` leaves to whoever has made it."""
PLAN = "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan"
TRAIL = "aws:cloudtrail/trail:Trail"
PROTECTION = "aws:shield/protection:Protection"
NOTIFICATION = "aws:s3/bucketNotification:BucketNotification"


@functools.cache
def watching(switch: str) -> World:
    """prod, with every switch alike."""
    keys = (*ONE_OF_AN_ACCOUNT, "cloudTrail")
    found = run("prod", shieldTerms=SHIELD_TERMS, **dict.fromkeys(keys, switch))  # type: ignore[arg-type]
    assert found.refusal == ""
    return found


def types(found: World) -> set[str]:
    return {r.type for r in found.resources}


def test_what_an_account_has_one_of_is_made_only_where_the_switch_says_so() -> None:
    ones = set().union(*ONE_OF_AN_ACCOUNT.values())
    assert ones <= types(watching("create"))
    assert not ones & types(watching("adopt"))
    assert not ones & types(watching("off"))


def test_what_is_this_stacks_is_made_beside_what_is_adopted() -> None:
    for made in (PLAN, TRAIL, PROTECTION):
        assert made in types(watching("create"))
        assert made in types(watching("adopt"))
        assert made not in types(watching("off"))


def test_only_one_trail_of_an_account_keeps_its_management_events() -> None:
    def categories(switch: str) -> set[str]:
        (trail,) = watching(switch).of(TRAIL).values()
        return {
            value
            for selector in trail.inputs["advancedEventSelectors"]
            for field in selector["fieldSelectors"]
            if field["field"] == "eventCategory"
            for value in field["equals"]
        }

    assert categories("create") == {"Management", "Data"}
    assert categories("adopt") == {"Data"}


def test_a_bucket_of_records_is_there_when_there_is_something_to_keep() -> None:
    assert "records" in watching("create").of(BUCKET)
    assert "records" in watching("adopt").of(BUCKET)
    assert "records" not in watching("off").of(BUCKET)
    for switch in ("create", "adopt", "off"):
        logging = watching(switch).of("aws:s3/bucketLogging:BucketLogging")
        assert set(logging) == set(watching(switch).of(BUCKET)) - {"access-logs"}


def test_what_checks_its_rights_when_it_is_made_waits_for_them() -> None:
    found = watching("create")
    (plan,) = found.of(PLAN).values()
    assert "RolePolicyAttachment malware-scan" in waits_for(found, plan)
    (trail,) = found.of(TRAIL).values()
    assert {"BucketPolicy records", "Alias logs"} <= waits_for(found, trail)
    (status,) = found.of("aws:cfg/recorderStatus:RecorderStatus").values()
    assert {"DeliveryChannel recorder", "BucketPolicy records"} <= waits_for(found, status)


@pytest.mark.parametrize("switch", ["create", "adopt", "off"])
def test_the_scan_and_the_notification_agree_on_eventbridge(switch: str) -> None:
    (notification,) = watching(switch).of(NOTIFICATION).values()
    assert notification.inputs["eventbridge"] is True


def test_shield_is_refused_until_its_price_and_its_year_are_written_down() -> None:
    refusal = run("prod", shield="create").refusal
    assert refusal.startswith("cinema:shieldTerms: ")
    assert "3000 USD a month" in refusal
    assert "twelve months" in refusal
    # Adopted, it has been paid for.
    assert run("prod", shield="adopt").refusal == ""
    # The program never leaves what it cannot end.
    (subscription,) = watching("create").of("aws:shield/subscription:Subscription").values()
    assert subscription.inputs["skipDestroy"] is True
    assert subscription.inputs["autoRenew"] == "DISABLED"


def test_findings_are_told_where_there_are_alarms() -> None:
    targets = watching("create").of("aws:cloudwatch/eventTarget:EventTarget")
    assert set(targets) == set(policies.FINDINGS)
    assert {t.inputs["arn"] for t in targets.values()} == {"arn-of:alarms"}
    for pattern in policies.FINDINGS.values():
        assert set(json.loads(pattern)) <= {"source", "detail-type", "detail"}


def test_nobody_is_given_what_has_malware_in_it(every: World) -> None:
    policy = json.loads(every.of("aws:s3/bucketPolicy:BucketPolicy")["images"].inputs["policy"])
    (refusing,) = [s for s in policy["Statement"] if s.get("Sid") == "NoMalware"]
    assert (refusing["Effect"], refusing["Principal"]) == ("Deny", "*")
    assert refusing["Condition"] == {
        "StringEquals": {f"s3:ExistingObjectTag/{policies.MALWARE_TAG}": "THREATS_FOUND"}
    }
