"""AWS-managed policies whose documents are known here (AWS Managed Policy Reference Guide).

Any other is a document of which nothing is known. AWS may publish a new version at any time: that
the versions below are the current ones is an assumption of the report.
"""

from __future__ import annotations

from stackproof.model import Value

_LOG_WRITES: list[Value] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


_PULLS: list[Value] = [
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetDownloadUrlForLayer",
]


def _allow(*actions: Value, on: str = "*") -> dict[str, Value]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on}


def _document(*statements: Value) -> dict[str, Value]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


MANAGED: dict[str, dict[str, Value]] = {
    "AdministratorAccess": _document(_allow("*")),
    "AmazonEC2ContainerRegistryReadOnly": _document(
        _allow(
            *_PULLS,
            "ecr:GetRepositoryPolicy",
            "ecr:DescribeRepositories",
            "ecr:ListImages",
            "ecr:DescribeImages",
            "ecr:BatchGetImage",
            "ecr:GetLifecyclePolicy",
            "ecr:GetLifecyclePolicyPreview",
            "ecr:ListTagsForResource",
            "ecr:DescribeImageScanFindings",
        )
    ),
    "AmazonS3ReadOnlyAccess": _document(
        _allow(
            "s3:Get*",
            "s3:List*",
            "s3:Describe*",
            "s3-object-lambda:Get*",
            "s3-object-lambda:List*",
        )
    ),
    "CloudWatchAgentServerPolicy": _document(
        _allow(
            "cloudwatch:PutMetricData",
            "ec2:DescribeVolumes",
            "ec2:DescribeTags",
            "logs:PutLogEvents",
            "logs:PutRetentionPolicy",
            "logs:DescribeLogStreams",
            "logs:DescribeLogGroups",
            "logs:CreateLogStream",
            "logs:CreateLogGroup",
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:GetSamplingStatisticSummaries",
        ),
        _allow("ssm:GetParameter", on="arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*"),
    ),
    "service-role/AWSLambdaBasicExecutionRole": _document(_allow(*_LOG_WRITES)),
    "service-role/AWSLambdaDynamoDBExecutionRole": _document(
        _allow(
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            *_LOG_WRITES,
        )
    ),
    "service-role/AWSLambdaKinesisExecutionRole": _document(
        _allow(
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
            "kinesis:ListStreams",
            "kinesis:SubscribeToShard",
            *_LOG_WRITES,
        )
    ),
    "service-role/AWSLambdaSQSQueueExecutionRole": _document(
        _allow("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", *_LOG_WRITES)
    ),
    "service-role/AWSLambdaVPCAccessExecutionRole": _document(
        _allow(
            *_LOG_WRITES,
            "ec2:CreateNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DeleteNetworkInterface",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses",
        )
    ),
    "service-role/AmazonECSTaskExecutionRolePolicy": _document(
        _allow(*_PULLS, "ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents")
    ),
    "AmazonSSMManagedInstanceCore": _document(
        _allow(
            "ssm:DescribeAssociation",
            "ssm:GetDeployablePatchSnapshotForInstance",
            "ssm:GetDocument",
            "ssm:DescribeDocument",
            "ssm:GetManifest",
            "ssm:GetParameter",
            "ssm:GetParameters",
            "ssm:ListAssociations",
            "ssm:ListInstanceAssociations",
            "ssm:PutInventory",
            "ssm:PutComplianceItems",
            "ssm:PutConfigurePackageResult",
            "ssm:UpdateAssociationStatus",
            "ssm:UpdateInstanceAssociationStatus",
            "ssm:UpdateInstanceInformation",
        ),
        _allow(
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
        ),
        _allow(
            "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage",
            "ec2messages:FailMessage",
            "ec2messages:GetEndpoint",
            "ec2messages:GetMessages",
            "ec2messages:SendReply",
        ),
    ),
}
"""By the end of the ARN, `arn:aws:iam::aws:policy/<name>`."""
