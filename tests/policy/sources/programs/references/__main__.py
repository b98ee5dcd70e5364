"""Outputs that reach other resources whole: nested, concatenated, in JSON, as resources."""

import json

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("images")
named = aws.s3.Bucket("named", bucket="known-name")
role = aws.iam.Role("api", assume_role_policy="{}")
aws.s3.BucketPolicy(
    "dumps",
    bucket=bucket.id,
    policy=pulumi.Output.json_dumps(
        {"Resource": [bucket.arn, bucket.arn.apply(lambda a: a + "/*")]}
    ),
)
aws.s3.BucketPolicy(
    "apply",
    bucket=named.bucket,
    policy=pulumi.Output.all(bucket.arn, role.arn).apply(
        lambda both: json.dumps({"Resource": f"{both[0]}/*", "Principal": {"AWS": both[1]}})
    ),
)
aws.ssm.Parameter(
    "concat",
    type="String",
    name=pulumi.Output.concat("/", role.name, "/", named.bucket),
    tier=pulumi.Output.format("{0}-{1}", role.unique_id, 7),
    value="x",
)
aws.ec2.Instance(
    "nested",
    metadata_options={"http_tokens": "required", "http_put_response_hop_limit": 1},
    vpc_security_group_ids=[aws.ec2.SecurityGroup("group").id, "sg-0123"],
    tags={"Bucket": bucket.id, "Fixed": "yes"},
    availability_zone=pulumi.Output.from_input({"zone": bucket.region}).apply(lambda d: d["zone"]),
    opts=pulumi.ResourceOptions(protect=True, ignore_changes=["ami"]),
)
