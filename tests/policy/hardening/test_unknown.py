"""A check that looks at what is not known is never passed, and says what it was."""

from __future__ import annotations

import msgspec
import pytest

from stackproof.check import Report, check
from stackproof.contract import Contract, Hardening
from stackproof.model import Claim, Family, Resource, Template, Unknown, Value, Verdict
from tests.policy.check.worlds import TODAY
from tests.policy.graphs import graph, ref, resource, urn

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
INSTANCE = "aws:ec2/instance:Instance"
SECRET = Unknown("secret")


def report(*resources: Resource) -> Report:
    contract = Contract(groups={}, hardening=Hardening())
    return check(graph(*resources), contract, today=TODAY)


def claim(found: Report, check_id: str) -> Claim:
    (one,) = (c for c in found.claims if c.id == f"hardening.{check_id}")
    return one


def instance(**inputs: Value) -> Resource:
    made = resource(INSTANCE, "web", ami="ami-0123456789abcdef0")
    return msgspec.structs.replace(made, inputs=made.inputs | inputs)


@pytest.mark.parametrize(
    ("check_id", "inputs", "named"),
    [
        ("CKV_AWS_135", {"ebsOptimized": SECRET}, "ebs_optimized"),
        ("CKV_AWS_8", {"rootBlockDevice": {"encrypted": SECRET}}, "root_block_device.encrypted"),
        ("CKV_AWS_8", {"rootBlockDevice": SECRET}, "root_block_device"),
        ("CKV_AWS_79", {"metadataOptions": {"httpTokens": SECRET}}, "metadata_options.http_tokens"),
        ("CKV_AWS_79", {"metadataOptions": SECRET}, "metadata_options"),
        ("CKV_AWS_46", {"userData": SECRET}, "user_data"),
        ("CKV_AWS_46", {"userData": Template(("export KEY=", SECRET))}, "user_data"),
        ("CKV_AWS_88", {"associatePublicIpAddress": SECRET}, "associate_public_ip_address"),
    ],
)
def test_an_unknown_value_leaves_the_check_open(
    check_id: str, inputs: dict[str, Value], named: str
) -> None:
    found = claim(report(instance(**inputs)), check_id)

    assert found.verdict is Verdict.UNPROVEN
    assert f"{named} is not known (secret)" in found.evidence.summary
    assert found.resources == (urn(INSTANCE, "web"),)


def test_an_unknown_value_is_nothing_to_the_other_checks() -> None:
    known = {c.id: c.verdict for c in report(instance(userData="#!/bin/sh")).claims}
    found = {c.id: c.verdict for c in report(instance(userData=SECRET)).claims}

    assert {id_ for id_ in known if known[id_] is not found[id_]} == {"hardening.CKV_AWS_46"}


def test_a_check_that_walks_past_an_unknown_value_does_not_look_at_it() -> None:
    """CKV_AWS_79 has a scan of its own, around Checkov's scan for one value."""
    safe: Value = {"httpEndpoint": "enabled", "httpTokens": "required"}
    found = report(instance(ami=SECRET, metadataOptions=safe))
    assert claim(found, "CKV_AWS_79").verdict is Verdict.PROVEN

    loose = report(instance(ami=SECRET, metadataOptions={"httpTokens": "optional"}))
    assert claim(loose, "CKV_AWS_79").verdict is Verdict.VIOLATED


def test_an_output_that_is_there_is_known_to_be_there() -> None:
    key = resource("aws:kms/key:Key", "main", enableKeyRotation=True)
    volume = resource(
        "aws:ebs/volume:Volume",
        "data",
        encrypted=True,
        kmsKeyId=ref("aws:kms/key:Key", "main", "arn"),
    )

    assert claim(report(key, volume), "CKV_AWS_189").verdict is Verdict.PROVEN


def test_an_output_whose_value_matters_is_not_known() -> None:
    other = ref("aws:ssm/parameter:Parameter", "size", "value")

    found = claim(report(instance(ebsOptimized=other)), "CKV_AWS_135")

    assert found.verdict is Verdict.UNPROVEN
    assert "an output that is known once deployed" in found.evidence.summary


def block(bucket: Value, *, public_acls: Value = True) -> Resource:
    return resource(
        BLOCK,
        "data",
        bucket=bucket,
        blockPublicAcls=public_acls,
        blockPublicPolicy=True,
        ignorePublicAcls=True,
        restrictPublicBuckets=True,
    )


def test_a_connection_that_is_not_known_leaves_its_check_open() -> None:
    bucket = resource(BUCKET, "data", bucket="data")
    joined = block(ref(BUCKET, "data"))
    perhaps = block(Unknown("computed"))
    loose = block("another")

    assert claim(report(bucket, joined), "CKV2_AWS_6").verdict is Verdict.PROVEN
    assert claim(report(bucket, perhaps), "CKV2_AWS_6").verdict is Verdict.UNPROVEN
    assert claim(report(bucket, loose), "CKV2_AWS_6").verdict is Verdict.VIOLATED


def test_a_check_of_connections_is_open_when_its_attribute_is_not_known() -> None:
    bucket = resource(BUCKET, "data", bucket="data")

    found = claim(report(bucket, block(ref(BUCKET, "data"), public_acls=SECRET)), "CKV2_AWS_6")

    assert found.verdict is Verdict.UNPROVEN
    assert "block_public_acls of aws_s3_bucket_public_access_block.data" in found.evidence.summary


@pytest.mark.parametrize(
    ("stranger", "why"),
    [
        (resource("aws:newservice/thing:Thing", "new"), "aws:newservice/thing:Thing"),
        (resource("aws:msk/channel:Channel", "paired-with-nothing"), "aws:msk/channel:Channel"),
        (instance(brandNew=True), "its brandNew"),
        (instance(rootBlockDevice={"brandNew": 1}), "its rootBlockDevice.brandNew"),
    ],
)
def test_what_has_no_name_in_terraform_is_not_passed_over(stranger: Resource, why: str) -> None:
    found = report(stranger, resource(BUCKET, "data", bucket="data"))

    (blind,) = (item for item in found.not_modelled if item.family is Family.HARDENING)
    assert blind.urn == stranger.urn
    assert why in blind.why
    assert claim(found, "coverage").verdict is Verdict.UNPROVEN


def test_what_is_read_and_what_is_not_of_aws_is_named_and_no_more() -> None:
    password = resource("random:index/randomPassword:RandomPassword", "password", length=32)

    found = report(password, instance())

    assert claim(found, "coverage").verdict is Verdict.PROVEN
    assert any(password.type in text for text in found.assumptions)
