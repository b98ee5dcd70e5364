"""What the test double of AWS promises the tests that rest on it."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from tests.engine.aws_double import UNKNOWN, AwsDouble

CONTEXT = Mock(spec=grpc.ServicerContext)
URN = "urn:pulumi:prod::cinema::cinema:buckets:Bucket$aws:s3/bucket:Bucket::images"


def _struct(**properties: Any) -> struct_pb2.Struct:  # noqa: ANN401 -- JSON
    made = struct_pb2.Struct()
    made.update(properties)
    return made


@pytest.fixture
def double() -> AwsDouble:
    made = AwsDouble()
    arguments = _struct(region="eu-west-1", allowedAccountIds='["123456789012"]')
    made.Configure(provider_pb2.ConfigureRequest(args=arguments), CONTEXT)
    return made


def _create(double: AwsDouble, urn: str = URN, *, preview: bool) -> provider_pb2.CreateResponse:
    request = provider_pb2.CreateRequest(
        urn=urn, properties=_struct(bucket="images"), preview=preview
    )
    return double.Create(request, CONTEXT)


def test_a_preview_knows_the_inputs_and_nothing_that_aws_computes(double: AwsDouble) -> None:
    outputs = json_format.MessageToDict(_create(double, preview=True).properties)
    assert outputs["bucket"] == "images"
    assert outputs["arn"] == UNKNOWN


def test_an_update_invents_ids_in_the_formats_of_aws_and_the_same_ones_again(
    double: AwsDouble,
) -> None:
    made = _create(double, preview=False)
    assert made == _create(double, preview=False)
    assert made.id == "images"
    assert json_format.MessageToDict(made.properties)["arn"] == "arn:aws:s3:::images"
    queue = _create(double, "urn:pulumi:prod::cinema::aws:sqs/queue:Queue::q", preview=False)
    assert queue.id.startswith("https://sqs.eu-west-1.amazonaws.com/123456789012/q-")


def test_a_changed_identity_replaces_and_any_other_change_updates(double: AwsDouble) -> None:
    request = provider_pb2.DiffRequest(
        old_inputs=_struct(bucket="a", acl="private"), news=_struct(bucket="b", acl="public")
    )
    answer = double.Diff(request, CONTEXT)
    assert list(answer.diffs) == ["acl", "bucket"]
    assert list(answer.replaces) == ["bucket"]
    same = provider_pb2.DiffRequest(old_inputs=_struct(acl="x"), news=_struct(acl="x"))
    assert double.Diff(same, CONTEXT).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_question_that_it_cannot_answer_is_refused_by_name(double: AwsDouble) -> None:
    class AbortedError(Exception):
        pass

    context = Mock(spec=grpc.ServicerContext)
    context.abort.side_effect = AbortedError
    with pytest.raises(AbortedError):
        double.Invoke(provider_pb2.InvokeRequest(tok="aws:ec2/getAmi:getAmi"), context)
    assert "aws:ec2/getAmi:getAmi" in context.abort.call_args.args[1]
