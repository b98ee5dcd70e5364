"""What the program imports, imported before it runs: Pulumi's package for AWS takes two seconds.

Loaded once into the process that every run of the program is forked from (`engine_double.run`).
"""

from __future__ import annotations

import pulumi_aws

MODULES = (
    "acm", "autoscaling", "backup", "budgets", "cfg", "cloudfront", "cloudtrail", "cloudwatch",
    "ebs", "ec2", "guardduty", "iam", "imagebuilder", "kms", "lambda_", "lb", "route53", "s3",
    "secretsmanager", "securityhub", "shield", "sns", "sqs", "ssm", "vpc", "wafv2",
)  # fmt: skip

for name in MODULES:
    getattr(getattr(pulumi_aws, name), "anything", None)  # loads it, which is put off until then
