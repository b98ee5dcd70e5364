"""A resource whose very name is known only after a deployment."""

import pulumi_aws as aws

bucket = aws.s3.Bucket("images")
bucket.id.apply(lambda name: aws.sns.Topic(f"of-{name}"))
