"""AWS-managed policies whose documents are known here (AWS Managed Policy Reference Guide).

Any other is a document of which nothing is known. AWS may publish a new version at any time: that
the versions below are the current ones is an assumption of the report.
"""

from __future__ import annotations

from stackproof.model import Value

_LOG_WRITES: list[Value] = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


def _allow(*actions: Value) -> dict[str, Value]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


def _document(*statements: Value) -> dict[str, Value]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


MANAGED: dict[str, dict[str, Value]] = {
    "AdministratorAccess": _document(_allow("*")),
    "service-role/AWSLambdaBasicExecutionRole": _document(_allow(*_LOG_WRITES)),
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
