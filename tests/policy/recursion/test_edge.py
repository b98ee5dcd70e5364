"""What CloudFront and its firewall start, and where they write: nothing and nowhere, if known."""

from __future__ import annotations

from typing import Any

import pytest

from stackproof.aws.events import event_facts
from stackproof.model import Unknown, Value
from tests.policy.graphs import graph, ref, resource, urn
from tests.policy.recursion.stacks import BUCKET, IMAGES

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
AT_THE_EDGE = [
    {"eventType": "origin-request", "lambdaArn": "arn:aws:lambda:us-east-1:1:function:f:1"}
]


def whys(**inputs: Any) -> list[str]:  # noqa: ANN401 - inputs are any JSON
    """Why a distribution could start something."""
    given: dict[str, Any] = {"defaultCacheBehavior": {"targetOriginId": "site"}}
    facts = event_facts(graph(resource(DISTRIBUTION, "cdn", **(given | inputs))))
    return [n.why for n in facts.not_modelled]


def test_a_distribution_starts_nothing() -> None:
    edge_function = [
        {"eventType": "viewer-request", "functionArn": "arn:aws:cloudfront::1:function/f"}
    ]
    behaviour = {"targetOriginId": "site", "functionAssociations": edge_function}
    assert whys() == []
    assert whys(defaultCacheBehavior=behaviour, orderedCacheBehaviors=[behaviour]) == []


@pytest.mark.parametrize(
    "inputs",
    [
        {"defaultCacheBehavior": {"lambdaFunctionAssociations": AT_THE_EDGE}},
        {"orderedCacheBehaviors": [{"lambdaFunctionAssociations": AT_THE_EDGE}]},
        {"orderedCacheBehaviors": Unknown("later")},
        {"defaultCacheBehavior": Unknown("later")},
    ],
)
def test_a_function_at_the_edge_is_not_modelled(inputs: dict[str, Value]) -> None:
    assert whys(**inputs) == ["a request starts a function of its (Lambda@Edge)"]


def test_the_logs_that_it_writes_itself_are_not_modelled() -> None:
    (why,) = whys(loggingConfig={"bucket": "logs.s3.amazonaws.com"})
    assert why == "its loggingConfig writes objects into a bucket"


def logging(*destinations: Value) -> tuple[list[str], list[str]]:
    """The buckets that a firewall's log goes to, and what is not known."""
    log = resource(LOG_GROUP, "waf", name="aws-waf-logs-cinema")
    config = resource(LOGGING, "waf", logDestinationConfigs=list(destinations))
    facts = event_facts(graph(log, config, resource(BUCKET, "images", bucket=IMAGES)))
    return [w.bucket.urn for w in facts.log_writers], [n.why for n in facts.not_modelled]


def test_a_log_group_takes_a_firewalls_log_and_a_bucket_is_written_to() -> None:
    assert logging(ref(LOG_GROUP, "waf", "arn")) == ([], [])
    assert logging(ref(BUCKET, "images", "arn")) == ([urn(BUCKET, "images")], [])


@pytest.mark.parametrize(
    "destination",
    [Unknown("later"), "arn:aws:firehose:us-east-1:123456789012:deliverystream/aws-waf-logs-x"],
)
def test_where_else_a_firewalls_log_goes_is_not_known(destination: Value) -> None:
    buckets, unread = logging(destination)
    assert (buckets, unread) == ([], ["where it writes is unknown, or a stream"])
