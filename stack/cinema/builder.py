"""Where machine images are built: the artifacts, and an instance that lives for one build."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.artifacts import Artifact
from cinema.buckets import Access, Bucket
from cinema.ground import Ground
from cinema.instances import METADATA_OPTIONS
from cinema.logs import LOG_RETENTION_DAYS
from cinema.subnets import Tier

_INSTANCE_TYPE = "t4g.medium"


@dataclass(frozen=True, kw_only=True)
class BuilderSettings:
    """In which `zone` builds stand, and of which `machines` there may be one."""

    zone: str
    machines: tuple[str, ...]


class Builder(pulumi.ComponentResource):
    """What all builds share. `ready` is what must exist before one can start.

    A build instance stands in the private tier, admits nobody, and has a role that reads
    artifacts, writes its log and answers Systems Manager, by which Image Builder steers it.
    """

    def __init__(
        self,
        name: str,
        settings: BuilderSettings,
        ground: Ground,
        *,
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it. `needs` must exist before the first build starts."""
        super().__init__("cinema:builder:Builder", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._artifacts = Bucket(
            "artifacts",
            ground.names.bucket("artifacts"),
            Access(policy=policies.tls_only(ground.names.bucket_arn("artifacts"))),
            # What is in it is made from the repository, at any time again.
            protect=False,
            opts=self._child,
        )
        # Declared, or Image Builder would make them, without an end to their retention.
        log_groups = [
            aws.cloudwatch.LogGroup(
                f"build-{machine}",
                name=ground.names.build_log_group(machine),
                retention_in_days=LOG_RETENTION_DAYS,
                opts=self._child,
            )
            for machine in settings.machines
        ]
        role = aws.iam.Role(
            name,
            name=ground.names.role(name),
            description="Instances that build machine images",
            assume_role_policy=policies.trust("ec2.amazonaws.com"),
            opts=self._child,
        )
        policy = aws.iam.Policy(
            name, policy=policies.build_machines(ground.names, settings.machines), opts=self._child
        )
        attachment = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=self._child
        )
        profile = aws.iam.InstanceProfile(name, role=role.name, opts=self._child)
        self.infrastructure = aws.imagebuilder.InfrastructureConfiguration(
            name,
            name=ground.names.role(name),
            description="In the private tier, admitting nobody",
            instance_profile_name=profile.name,
            instance_types=[_INSTANCE_TYPE],
            subnet_id=ground.network.subnets[Tier.PRIVATE][settings.zone].id,
            security_group_ids=[ground.security.groups["builder"].id],
            instance_metadata_options=aws.imagebuilder.InfrastructureConfigurationInstanceMetadataOptionsArgs(
                http_tokens=METADATA_OPTIONS["http_tokens"],
                http_put_response_hop_limit=METADATA_OPTIONS["http_put_response_hop_limit"],
            ),
            # No key pair: nobody logs in to look why a build failed. Its log tells.
            terminate_instance_on_failure=True,
            resource_tags={"Name": f"{ground.names.prefix}-{name}"},
            opts=self._child,
        )
        self.ready: list[pulumi.Resource] = [
            *ground.network.ready[Tier.PRIVATE],
            *ground.security.rules["builder"],
            attachment,
            *log_groups,
            *self._artifacts.ready,
            *needs,
        ]
        self.register_outputs({"infrastructure": self.infrastructure.arn})

    def put(self, artifact: Artifact) -> aws.s3.BucketObjectv2:
        """Upload an artifact."""
        return aws.s3.BucketObjectv2(
            artifact.name,
            bucket=self._artifacts.bucket.id,
            key=artifact.key,
            source=artifact.archive(Path.cwd()),
            content_type="application/zip",
            # The bucket's policy and encryption hold from the first object on.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._artifacts.ready]),
        )
