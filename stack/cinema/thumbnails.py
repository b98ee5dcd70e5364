"""Thumbnails: a function that an upload under `orig/` starts, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.buckets import Bucket
from cinema.config import Config
from cinema.keys import Keys
from cinema.logs import log_group
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

    def __init__(  # noqa: PLR0913 - what it is, whom it serves, and under which keys
        self,
        name: str,
        settings: ThumbnailSettings,
        names: Names,
        images: Bucket,
        *,
        keys: Keys,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:thumbnails:Thumbnails", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.failed = aws.sqs.Queue(
            f"{name}-failed",
            name=names.queue("thumbnails-failed"),
            message_retention_seconds=_FOURTEEN_DAYS,
            sqs_managed_sse_enabled=None if keys.customer else True,
            # By its alias, which SQS takes as well and which is known before there is a key.
            kms_master_key_id=names.key_alias("messages") if keys.customer else None,
            opts=pulumi.ResourceOptions(parent=self, depends_on=keys.ready),
        )
        # Declared, or Lambda would make it at the first call, without an end to its retention.
        log = log_group(name, names.function_log_group("thumbnails"), keys, child)
        role = aws.iam.Role(
            name,
            name=names.role("thumbnails"),
            description="The function that makes thumbnails",
            assume_role_policy=policies.trust("lambda.amazonaws.com"),
            opts=child,
        )
        documents = {name: policies.make_thumbnails(names)}
        if keys.customer:
            documents[f"{name}-use-keys"] = policies.use_thumbnail_keys(names)
        attachments = []
        for part, text in documents.items():
            policy = aws.iam.Policy(part, policy=text, opts=child)
            attachments.append(
                aws.iam.RolePolicyAttachment(
                    part, role=role.name, policy_arn=policy.arn, opts=child
                )
            )
        self.function = aws.lambda_.Function(
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
            dead_letter_config=aws.lambda_.FunctionDeadLetterConfigArgs(target_arn=self.failed.arn),
            logging_config=aws.lambda_.FunctionLoggingConfigArgs(
                log_format="JSON", log_group=log.name
            ),
            environment=aws.lambda_.FunctionEnvironmentArgs(
                variables={"CINEMA_IMAGE_BUCKET": names.bucket("images")}
            ),
            kms_key_arn=keys.arn("credentials"),
            # Lambda tries the role's right to the dead-letter queue when the function is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*attachments, *keys.ready, log]),
        )
        # The second line behind the proof that there is no loop. It is on unless somebody turned it
        # off, and says so here (AWS Lambda Developer Guide, "Use Lambda recursive loop detection").
        aws.lambda_.FunctionRecursionConfig(
            name, function_name=self.function.name, recursive_loop="Terminate", opts=child
        )
        permission = aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=self.function.name,
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
            # GuardDuty's scan of uploads turns it on, and an update of this would turn it off.
            eventbridge=True,
            lambda_functions=[
                aws.s3.BucketNotificationLambdaFunctionArgs(
                    id="orig",
                    lambda_function_arn=self.function.arn,
                    events=["s3:ObjectCreated:*"],
                    filter_prefix=policies.ORIGINALS,
                )
            ],
            # S3 tries the permission at once, and refuses without it.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission]),
        )
        self.register_outputs({"function": self.function.name})
