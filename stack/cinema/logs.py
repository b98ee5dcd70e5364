"""What all logs have in common."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from cinema.keys import Keys

LOG_RETENTION_DAYS = 30
"""CloudWatch keeps logs for ever unless told; a month covers an investigation."""


def log_group(
    name: str, physical_name: str, keys: Keys, opts: pulumi.ResourceOptions
) -> aws.cloudwatch.LogGroup:
    """A log group that forgets, under the key for logs where there is one."""
    return aws.cloudwatch.LogGroup(
        name,
        name=physical_name,
        retention_in_days=LOG_RETENTION_DAYS,
        kms_key_id=keys.arn("logs"),
        opts=opts,
    )
