"""What all buckets have in common: nobody else's objects, encrypted, nothing kept for ever."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_DAYS_OF_OLD_VERSIONS = 30
_DAYS_OF_BROKEN_UPLOADS = 7


@dataclass(frozen=True, kw_only=True)
class Access:
    """A bucket's policy document, whether that may open the bucket to everybody, and a key.

    Without a `key` S3 encrypts with its own, which lets everyone of the account through.
    """

    policy: str
    public: bool = False
    key: pulumi.Output[str] | None = None


class Bucket(pulumi.ComponentResource):
    """A versioned bucket. `ready` is what must exist before anything is put into it.

    `keep_days` after which S3 expires an object, for what is not kept for ever. `log_to` is the
    bucket that hears of every request here, under `s3/NAME/`.
    """

    def __init__(  # noqa: PLR0913 - what buckets differ in, by name
        self,
        name: str,
        physical_name: str,
        access: Access,
        *,
        protect: bool,
        keep_days: int | None = None,
        log_to: Bucket | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:buckets:Bucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.bucket = aws.s3.Bucket(
            name,
            bucket=physical_name,
            # Where data is worth nothing, `pulumi destroy` takes the objects along.
            force_destroy=not protect,
            tags={"Name": physical_name},
            opts=pulumi.ResourceOptions(parent=self, protect=protect),
        )
        ownership = aws.s3.BucketOwnershipControls(
            name,
            bucket=self.bucket.id,
            # Turns ACLs off: policies alone decide.
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.bucket.id,
            block_public_acls=True,
            ignore_public_acls=True,
            block_public_policy=not access.public,
            restrict_public_buckets=not access.public,
            opts=child,
        )
        encryption = aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.bucket.id,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256" if access.key is None else "aws:kms",
                        kms_master_key_id=access.key,
                    ),
                    # One call to KMS for many objects: S3 asks for a key of the bucket.
                    bucket_key_enabled=access.key is not None,
                )
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            name,
            bucket=self.bucket.id,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            name,
            bucket=self.bucket.id,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="forget",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=None
                    if keep_days is None
                    else aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=keep_days),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=_DAYS_OF_OLD_VERSIONS
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=_DAYS_OF_BROKEN_UPLOADS
                    ),
                )
            ],
            # S3 refuses rules about old versions while it does not yet know of versions.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
        policy = aws.s3.BucketPolicy(
            name,
            bucket=self.bucket.id,
            policy=access.policy,
            # S3 refuses a public policy while the block stands, and two changes of one bucket's
            # access at the same moment.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[block, ownership]),
        )
        if log_to is not None:
            aws.s3.BucketLogging(
                name,
                bucket=self.bucket.id,
                target_bucket=log_to.bucket.id,
                target_prefix=f"s3/{name}/",
                opts=pulumi.ResourceOptions(parent=self, depends_on=log_to.ready),
            )
        self.ready: tuple[pulumi.Resource, ...] = (policy, encryption, versioning)
        self.register_outputs({"bucket": self.bucket.id})
