"""A resource that is made on one side of a branch on an output."""

import pulumi_aws as aws

bucket = aws.s3.Bucket("images")


def guard(arn: str) -> None:
    if arn.startswith("arn:aws-cn"):
        aws.s3.BucketPublicAccessBlock("guard", bucket=bucket.id)


bucket.arn.apply(guard)
