"""Thumbnails: a function that an upload under `orig/` starts, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.buckets import Bucket
from cinema.config import Config
from cinema.logs import LOG_RETENTION_DAYS
from cinema.names import Names

_FOURTEEN_DAYS = 14 * 24 * 60 * 60


@dataclass(frozen=True, kw_only=True)
class ThumbnailSettings:
    """`concurrency` is reserved for the function, and its limit; None leaves it unreserved."""

    archive: pulumi.Archive
    concurrency: int | None

    @classmethod
    def read(cls, config: Config, archive: pulumi.Archive) -> ThumbnailSettings:
        """From `cinema:thumbnailConcurrency`, which may be absent.

        AWS refuses a reservation that leaves the account fewer than 100 unreserved (Lambda
        Developer Guide, "Configuring reserved concurrency"), and new accounts may have 10 in all.
        """
        key = "cinema:thumbnailConcurrency"
        return cls(archive=archive, concurrency=config.optional_whole(key, least=1, most=900))


class Thumbnails(pulumi.ComponentResource):
    """The function, its role, its log, its dead-letter queue, and the bucket's notification."""

    def __init__(
        self,
        name: str,
        settings: ThumbnailSettings,
        names: Names,
        images: Bucket,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:thumbnails:Thumbnails", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        failed = aws.sqs.Queue(
            f"{name}-failed",
            name=names.queue("thumbnails-failed"),
            message_retention_seconds=_FOURTEEN_DAYS,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        # Declared, or Lambda would make it at the first call, without an end to its retention.
        log_group = aws.cloudwatch.LogGroup(
            name,
            name=names.function_log_group("thumbnails"),
            retention_in_days=LOG_RETENTION_DAYS,
            opts=child,
        )
        role = aws.iam.Role(
            name,
            name=names.role("thumbnails"),
            description="The function that makes thumbnails",
            assume_role_policy=policies.trust("lambda.amazonaws.com"),
            opts=child,
        )
        policy = aws.iam.Policy(name, policy=policies.make_thumbnails(names), opts=child)
        attachment = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=child
        )
        function = aws.lambda_.Function(
            name,
            name=names.function("thumbnails"),
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler="handler.handle",
            code=settings.archive,
            # The worst of 50 million pixels takes 930 MB: docs/thumbnails.md has the table.
            memory_size=1536,
            timeout=60,
            reserved_concurrent_executions=settings.concurrency,
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=failed.arn),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON", log_group=log_group.name
            ),
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={"CINEMA_IMAGE_BUCKET": names.bucket("images")}
            ),
            # Lambda tries the role's right to the dead-letter queue when the function is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment, log_group]),
        )
        permission = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.name,
            principal="s3.amazonaws.com",
            source_arn=images.bucket.arn,
            # A bucket's ARN names no account: were the bucket deleted, whoever takes its name
            # could start the function.
            source_account=names.account,
            opts=child,
        )
        # A bucket has one notification configuration: a second resource would replace this one.
        aws.s3.BucketNotification(
            name,
            bucket=images.bucket.id,
            lambda_functions=[
                aws.s3.BucketNotificationLambdaFunctionArgs(
                    id="orig",
                    lambda_function_arn=function.arn,
                    events=["s3:ObjectCreated:*"],
                    filter_prefix=policies.ORIGINALS,
                )
            ],
            # S3 tries the permission at once, and refuses without it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"function": function.name})
