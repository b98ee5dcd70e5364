"""Each type of which the emulator is asked: made, found as it was asked for, changed, and gone."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.rehearsal.aws import Aws, Properties
from tests.rehearsal.comparison import agrees, silences, without
from tests.rehearsal.emulator import emulator
from tests.rehearsal.services import KINDS

pytestmark = pytest.mark.xdist_group("rehearsal")

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass(frozen=True)
class Of:
    """An id or an output of something that was made before in the same case."""

    name: str
    output: str = "id"


@dataclass(frozen=True)
class Make:
    """A resource with Pulumi's inputs; `then` are inputs with which it is changed."""

    type: str
    name: str
    inputs: Properties
    then: Properties = field(default_factory=dict)


TAGS = {"tags": {"Name": "x"}, "tagsAll": {"Name": "x", "stack": "prod"}}
LOCK = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*",
     "Resource": "*"}]}  # fmt: skip
BUCKET = Make("aws:s3/bucket:Bucket", "logs", {"bucket": "cinema-logs", **TAGS})
ZONE = Make(
    "aws:route53/zone:Zone", "zone", {"name": "cinema.example", "comment": "of the product", **TAGS}
)
TOPIC = Make(
    "aws:sns/topic:Topic", "topic", {"name": "alarms", "displayName": "Alarms", **TAGS},
    {"displayName": "Bells"},
)  # fmt: skip
RULE = Make(
    "aws:cloudwatch/eventRule:EventRule", "rule",
    {"name": "finding", "description": "What was found",
     "eventPattern": json.dumps({"source": ["aws.guardduty"]}), **TAGS},
    {"description": "What is found"},
)  # fmt: skip
GROUP = Make(
    "aws:cloudwatch/logGroup:LogGroup", "group",
    {"name": "/cinema/api", "retentionInDays": 30, **TAGS}, {"retentionInDays": 90},
)  # fmt: skip
CERTIFICATE = Make(
    "aws:acm/certificate:Certificate", "certificate",
    {"domainName": "cinema.example", "validationMethod": "DNS",
     "subjectAlternativeNames": ["www.cinema.example"], **TAGS},
)  # fmt: skip
BEHAVIOR = {
    "targetOriginId": "site", "viewerProtocolPolicy": "redirect-to-https", "compress": True,
    "allowedMethods": ["GET", "HEAD", "OPTIONS"], "cachedMethods": ["GET", "HEAD"],
    "cachePolicyId": "658327ea-f89d-4fab-a63d-7e88639e58f6",
}  # fmt: skip
WAF_VISIBLE = {
    "cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True, "metricName": "cinema",
}  # fmt: skip
WEB_ACL = Make(
    "aws:wafv2/webAcl:WebAcl", "acl",
    {
        "name": "cinema", "scope": "CLOUDFRONT", "defaultAction": {"allow": {}},
        "visibilityConfig": WAF_VISIBLE, **TAGS,
        "rules": [
            {"name": "rate", "priority": 1, "action": {"block": {}},
             "statement": {"rateBasedStatement": {"limit": 2000, "aggregateKeyType": "IP"}},
             "visibilityConfig": WAF_VISIBLE},
            {"name": "common", "priority": 2, "overrideAction": {"none": {}},
             "statement": {"managedRuleGroupStatement": {
                 "vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}},
             "visibilityConfig": WAF_VISIBLE},
        ],
    },
)  # fmt: skip
DETECTOR = {"enable": True, "findingPublishingFrequency": "FIFTEEN_MINUTES"}
QUERIES = [
    {"id": "errors", "metric": {"namespace": "AWS/Lambda", "metricName": "Errors", "period": 60,
                                "stat": "Sum", "dimensions": {"FunctionName": "thumbnails"}}},
    {"id": "share", "expression": "errors / 100", "label": "Share", "returnData": True},
]  # fmt: skip

CASES: dict[str, tuple[Make, ...]] = {
    "keys": (
        Make("aws:kms/key:Key", "key",
             {"description": "Images", "enableKeyRotation": True, "policy": json.dumps(LOCK),
              "deletionWindowInDays": 7, **TAGS},
             {"description": "Pictures"}),
        Make("aws:kms/alias:Alias", "alias",
             {"name": "alias/cinema-images", "targetKeyId": Of("key")}),
    ),
    "backups": (
        Make("aws:backup/vault:Vault", "vault", {"name": "cinema", **TAGS}),
        Make("aws:backup/vaultLockConfiguration:VaultLockConfiguration", "lock",
             {"backupVaultName": Of("vault"), "minRetentionDays": 7, "maxRetentionDays": 90}),
        Make("aws:backup/plan:Plan", "plan",
             {"name": "cinema", "rules": [
                 {"ruleName": "daily", "targetVaultName": Of("vault"),
                  "schedule": "cron(0 3 * * ? *)", "startWindow": 60, "completionWindow": 180,
                  "lifecycle": {"deleteAfter": 35}}], **TAGS}),
    ),
    "a trail": (
        BUCKET,
        Make("aws:cloudtrail/trail:Trail", "trail",
             {"name": "cinema", "s3BucketName": Of("logs"), "isMultiRegionTrail": True,
              "enableLogFileValidation": True, "includeGlobalServiceEvents": True, **TAGS}),
    ),
    "config": (
        BUCKET,
        Make("aws:cfg/recorder:Recorder", "recorder",
             {"name": "default", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/config",
              "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": True}}),
        Make("aws:cfg/deliveryChannel:DeliveryChannel", "channel",
             {"name": "default", "s3BucketName": Of("logs")}),
        Make("aws:cfg/recorderStatus:RecorderStatus", "status",
             {"name": Of("recorder"), "isEnabled": True}),
    ),
    "findings": (
        Make("aws:guardduty/detector:Detector", "detector", {**DETECTOR, **TAGS},
             {"findingPublishingFrequency": "ONE_HOUR"}),
        Make("aws:securityhub/account:Account", "hub", {"enableDefaultStandards": False}),
        TOPIC,
        RULE,
        Make("aws:cloudwatch/eventTarget:EventTarget", "target",
             {"rule": Of("rule"), "targetId": "mail", "arn": Of("topic", "arn")}),
    ),
    "a document of Systems Manager": (
        Make("aws:ssm/document:Document", "document",
             {"name": "SSM-SessionManagerRunShell", "documentType": "Session",
              "documentFormat": "JSON",
              "content": json.dumps({"schemaVersion": "1.0", "sessionType": "Standard_Stream",
                                     "description": "x", "inputs": {}}), **TAGS}),
        Make("aws:ssm/parameter:Parameter", "parameter",
             {"name": "/cinema/image", "type": "String", "value": "ami-1", **TAGS},
             {"value": "ami-2"}),
    ),
    "topics": (
        TOPIC,
        Make("aws:sns/topicPolicy:TopicPolicy", "policy",
             {"arn": Of("topic", "arn"), "policy": json.dumps({
                 "Version": "2012-10-17", "Statement": [
                     {"Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"},
                      "Action": "sns:Publish", "Resource": "*"}]})}),
        Make("aws:sns/topicSubscription:TopicSubscription", "mail",
             {"topic": Of("topic", "arn"), "protocol": "email", "endpoint": "a@cinema.example"}),
    ),
    "alarms": (
        TOPIC,
        Make("aws:cloudwatch/metricAlarm:MetricAlarm", "errors",
             {"name": "errors", "namespace": "AWS/Lambda", "metricName": "Errors",
              "statistic": "Sum", "period": 60, "evaluationPeriods": 1, "threshold": 0,
              "comparisonOperator": "GreaterThanThreshold", "treatMissingData": "notBreaching",
              "dimensions": {"FunctionName": "thumbnails"}, "alarmDescription": "It failed",
              "alarmActions": [Of("topic", "arn")], "okActions": [Of("topic", "arn")], **TAGS},
             {"threshold": 5}),
        Make("aws:cloudwatch/metricAlarm:MetricAlarm", "share",
             {"name": "share", "evaluationPeriods": 3, "threshold": 0.5,
              "comparisonOperator": "GreaterThanThreshold", "metricQueries": QUERIES, **TAGS}),
        Make("aws:cloudwatch/dashboard:Dashboard", "dashboard",
             {"dashboardName": "cinema", "dashboardBody": json.dumps({"widgets": []})}),
    ),
    "what a log counts": (
        GROUP,
        Make("aws:cloudwatch/logMetricFilter:LogMetricFilter", "filter",
             {"name": "errors", "logGroupName": Of("group"), "pattern": "ERROR",
              "metricTransformation": {"name": "Errors", "namespace": "Cinema", "value": "1"}}),
    ),
    "a budget": (
        Make("aws:budgets/budget:Budget", "budget",
             {"name": "cinema", "budgetType": "COST", "timeUnit": "MONTHLY", "limitAmount": "500",
              "limitUnit": "USD", "notifications": [
                  {"comparisonOperator": "GREATER_THAN", "threshold": 80,
                   "thresholdType": "PERCENTAGE", "notificationType": "ACTUAL",
                   "subscriberEmailAddresses": ["a@cinema.example"]}]}),
    ),
    "names": (
        ZONE,
        Make("aws:route53/record:Record", "record",
             {"zoneId": Of("zone"), "name": "api.cinema.example", "type": "A", "ttl": 60,
              "records": ["10.0.0.1"]}, {"records": ["10.0.0.2"]}),
        Make("aws:route53/record:Record", "alias",
             {"zoneId": Of("zone"), "name": "cinema.example", "type": "A", "aliases": [
                 {"name": "d1.cloudfront.net", "zoneId": "Z2FDTNDATAQYW2",
                  "evaluateTargetHealth": False}]}),
    ),
    "names of a VPC's own": (
        Make("aws:ec2/vpc:Vpc", "vpc", {"cidrBlock": "10.0.0.0/16", **TAGS}),
        Make("aws:route53/zone:Zone", "zone",
             {"name": "cinema.internal", "vpcs": [{"vpcId": Of("vpc")}], **TAGS}),
    ),
    "a certificate": (
        CERTIFICATE,
        Make("aws:acm/certificateValidation:CertificateValidation", "validation",
             {"certificateArn": Of("certificate", "arn"), "validationRecordFqdns": ["_x.a.b"]}),
    ),
    "a distribution": (
        Make("aws:cloudfront/originAccessControl:OriginAccessControl", "access",
             {"name": "site", "originAccessControlOriginType": "s3", "signingBehavior": "always",
              "signingProtocol": "sigv4"}),
        Make("aws:cloudfront/function:Function", "function",
             {"name": "paths", "runtime": "cloudfront-js-2.0", "comment": "", "publish": True,
              "code": "function handler(event) { return event.request; }"}),
        Make("aws:cloudfront/distribution:Distribution", "distribution",
             {
                 "enabled": True, "isIpv6Enabled": True, "httpVersion": "http2and3",
                 "defaultRootObject": "index.html", "priceClass": "PriceClass_100",
                 "comment": "cinema", "aliases": ["cinema.example"],
                 "origins": [{"originId": "site", "domainName": "site.s3.amazonaws.com",
                              "originAccessControlId": Of("access")}],
                 "defaultCacheBehavior": BEHAVIOR,
                 "orderedCacheBehaviors": [{**BEHAVIOR, "pathPattern": "/api/*"}],
                 "restrictions": {"geoRestriction": {"restrictionType": "none"}},
                 "viewerCertificate": {"cloudfrontDefaultCertificate": True,
                                       "minimumProtocolVersion": "TLSv1"},
                 "waitForDeployment": False, **TAGS,
             }, {"comment": "Cinema"}),
    ),
    "a firewall": (WEB_ACL,),
    "what a service may do for itself": (
        Make("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "github",
             {"url": "https://token.actions.githubusercontent.com",
              "clientIdLists": ["sts.amazonaws.com"], "thumbprintLists": ["a" * 40], **TAGS}),
        Make("aws:iam/serviceLinkedRole:ServiceLinkedRole", "autoscaling",
             {"awsServiceName": "autoscaling.amazonaws.com"}),
    ),
    "a secret": (
        Make("aws:secretsmanager/secret:Secret", "secret",
             {"name": "cinema/keys", "description": "Keys", "recoveryWindowInDays": 0, **TAGS},
             {"description": "The keys"}),
        Make("aws:secretsmanager/secretVersion:SecretVersion", "version",
             {"secretId": Of("secret"), "secretString": "x"}),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    """An account of this module's."""
    with emulator() as endpoint:
        yield Aws(endpoint, REGION, ACCOUNT)


@pytest.fixture(autouse=True)
def _empty(aws: Aws) -> None:
    """Each case begins with an account in which there is nothing."""
    urllib.request.urlopen(f"{aws.endpoint}/moto-api/reset", data=b"").close()  # noqa: S310 -- ours


def filled(value: Any, made: dict[str, tuple[str, Properties]]) -> Any:  # noqa: ANN401 -- JSON
    """`value` with what was made in place of what stands for it."""
    if isinstance(value, Of):
        id_, outputs = made[value.name]
        return id_ if value.output == "id" else outputs[value.output]
    if isinstance(value, dict):
        return {key: filled(item, made) for key, item in value.items()}
    return [filled(item, made) for item in value] if isinstance(value, list) else value


def disagreements(aws: Aws, type_: str, given: Properties, said: Properties) -> dict[str, Any]:
    """The inputs that AWS does not say as they were given, with what it says."""
    kind = KINDS[type_]
    silent = {"tagsAll", *kind.untold, *kind.echoed(aws, given)}
    tops = {path.partition(".")[0] for path in silent}
    return {
        key: (value, said.get(key))
        for key, value in given.items()
        if key not in tops
        and not (key == "tags" and said.get(key) is None)  # which some services do not say
        and not agrees(without(value, set(silences(value, said.get(key), key)), key), said.get(key))
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_type_is_made_found_changed_and_gone(aws: Aws, case: tuple[Make, ...]) -> None:
    made: dict[str, tuple[str, Properties]] = {}
    for make in case:
        kind = KINDS[make.type]
        given = filled(make.inputs, made)
        id_ = kind.create(aws, given)
        kind.settle(aws, id_, given, frozenset({*given, "__new"}))
        said = kind.read(aws, id_, given)
        assert said is not None
        assert disagreements(aws, make.type, given, said) == {}
        made[make.name] = (id_, {**given, **said})
        if make.then:
            changed = {**given, **make.then}
            kind.settle(aws, id_, changed, frozenset(make.then))
            said = kind.read(aws, id_, changed)
            assert said is not None
            assert disagreements(aws, make.type, changed, said) == {}
    for make in reversed(case):
        kind = KINDS[make.type]
        id_, state = made[make.name]
        kind.delete(aws, id_, state)
        if kind.type not in STAY:
            assert kind.read(aws, id_, state) is None


STAY = {
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:cfg/recorderStatus:RecorderStatus",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sns/topicPolicy:TopicPolicy",
}
"""Types that are no things of their own: a wait, or a state of something else."""
