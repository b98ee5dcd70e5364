"""The API: a group of identical instances behind the load balancer, and their role."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.access import key_name
from cinema.balancer import Balancer
from cinema.config import Config
from cinema.database import DatabaseSettings
from cinema.ground import Ground
from cinema.instances import INSTANCE_TYPE, METADATA_OPTIONS, environment_file
from cinema.logs import log_group
from cinema.subnets import Tier

_SECONDS_TO_START = 120
_CPU_TARGET_PERCENT = 50


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """`min_size` is also how many run at first; `database_hosts` are `name:port`.

    `public_images` lets everybody list and read images; an upload needs a login always. `proxies`
    are the networks that the load balancer speaks from. With `https` a browser speaks it to
    whatever stands before.
    """

    instance_type: str
    key_name: str | None
    min_size: int
    max_size: int
    cors_origins: tuple[str, ...]
    database_hosts: tuple[str, ...]
    replica_set: str
    public_images: bool
    proxies: tuple[IPv4Network, ...]
    https: bool

    @classmethod
    def read(
        cls,
        config: Config,
        *,
        cors_origins: tuple[str, ...],
        database: DatabaseSettings,
        proxies: tuple[IPv4Network, ...],
        https: bool,
    ) -> ApiSettings:
        """From `cinema:apiInstanceType`, `apiInstances`, `images` and `keyName`."""
        least, most = config.between("cinema:apiInstances", least=1, most=100)
        return cls(
            instance_type=config.matching(
                "cinema:apiInstanceType", INSTANCE_TYPE, "an instance type"
            ),
            key_name=key_name(config),
            min_size=least,
            max_size=most,
            cors_origins=cors_origins,
            database_hosts=database.hosts,
            replica_set=database.replica_set,
            public_images=config.choice("cinema:images", "login", "public") == "public",
            proxies=proxies,
            https=https,
        )


class Api(pulumi.ComponentResource):
    """The instances of the API, with the role that lets them at the images and their log."""

    def __init__(  # noqa: PLR0913 - it stands where all the parts meet
        self,
        name: str,
        settings: ApiSettings,
        ground: Ground,
        balancer: Balancer,
        *,
        image_id: pulumi.Input[str],
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it. `needs` must exist before the first instance starts."""
        super().__init__("cinema:api:Api", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        label = f"{ground.names.prefix}-{name}"
        log = log_group(name, ground.names.log_group("api"), ground.keys, child)
        role = aws.iam.Role(
            name,
            name=ground.names.role("api"),
            description="Instances of the API",
            assume_role_policy=policies.trust("ec2.amazonaws.com"),
            opts=child,
        )
        documents = {
            "api-read-images": policies.read_images(ground.names),
            "api-write-images": policies.write_images(ground.names),
            "api-write-log": policies.write_api_log(ground.names),
            "api-read-secrets": policies.read_api_secrets(ground.names),
        }
        if settings.key_name is None:
            documents["api-serve-sessions"] = policies.serve_sessions(ground.names)
        if ground.keys.customer:
            documents["api-use-keys"] = policies.use_api_keys(ground.names)
        attachments = []
        for part, text in documents.items():
            policy = aws.iam.Policy(part, policy=text, opts=child)
            attachments.append(
                aws.iam.RolePolicyAttachment(
                    part, role=role.name, policy_arn=policy.arn, opts=child
                )
            )
        profile = aws.iam.InstanceProfile(name, role=role.name, opts=child)

        user_data = environment_file(
            {
                "AWS_REGION": ground.names.region,
                "CINEMA_CORS_ORIGINS": ",".join(settings.cors_origins),
                "CINEMA_DATABASE_CA_ARN": ground.names.secret_arn("database-ca"),
                "CINEMA_DATABASE_CREDENTIALS_ARN": ground.names.secret_arn("database-credentials"),
                "CINEMA_DATABASE_HOSTS": ",".join(settings.database_hosts),
                "CINEMA_DATABASE_REPLICA_SET": settings.replica_set,
                # The load balancer comes from outside; what else may come is the groups' matter.
                "CINEMA_HOST": "0.0.0.0",  # noqa: S104 - as just said
                "CINEMA_IMAGES": "public" if settings.public_images else "login",
                # The load balancer hears HTTP from CloudFront, and would say so.
                "CINEMA_PUBLIC_SCHEME": "https" if settings.https else "http",
                "CINEMA_JWT_KEYS_ARN": ground.names.secret_arn("session-keys"),
                "CINEMA_TRUSTED_PROXIES": ",".join(map(str, settings.proxies)),
                "CINEMA_IMAGE_BUCKET": ground.names.bucket("images"),
                "CINEMA_LOG_GROUP": ground.names.log_group("api"),
            }
        )
        template = aws.ec2.LaunchTemplate(
            name,
            image_id=image_id,
            instance_type=settings.instance_type,
            key_name=settings.key_name,
            update_default_version=True,
            vpc_security_group_ids=[ground.security.groups["api"].id],
            iam_instance_profile=aws.ec2.LaunchTemplateIamInstanceProfileArgs(arn=profile.arn),
            metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(**METADATA_OPTIONS),
            monitoring=aws.ec2.LaunchTemplateMonitoringArgs(enabled=True),
            block_device_mappings=[
                aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                    device_name="/dev/xvda",
                    ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                        volume_type="gp3", encrypted="true", delete_on_termination="true"
                    ),
                )
            ],
            # Default tags of the provider do not reach what Auto Scaling launches.
            tag_specifications=[
                aws.ec2.LaunchTemplateTagSpecificationArgs(
                    resource_type=kind,
                    tags={
                        "Name": label,
                        "project": ground.names.project,
                        "stack": ground.names.stack,
                    },
                )
                for kind in ("instance", "volume")
            ],
            user_data=base64.b64encode(user_data.encode()).decode(),
            tags={"Name": label},
            opts=child,
        )
        self.group = aws.autoscaling.Group(
            name,
            min_size=settings.min_size,
            desired_capacity=settings.min_size,
            max_size=settings.max_size,
            vpc_zone_identifiers=[
                subnet.id for subnet in ground.network.subnets[Tier.PRIVATE].values()
            ],
            # The default is best effort: after failed launches three may stand 2 + 1 + 0, and
            # then the loss of one zone leaves one. With this they stand evenly or not at all.
            availability_zone_distribution=aws.autoscaling.GroupAvailabilityZoneDistributionArgs(
                capacity_distribution_strategy="balanced-only"
            ),
            launch_template=aws.autoscaling.GroupLaunchTemplateArgs(
                id=template.id,
                # A number, not `$Latest`: only a change of this input starts a refresh.
                version=template.latest_version.apply(str),
            ),
            target_group_arns=[balancer.target_group.arn],
            health_check_type="ELB",
            enabled_metrics=[aws.autoscaling.Metric("GroupDesiredCapacity")],
            health_check_grace_period=_SECONDS_TO_START,
            default_instance_warmup=_SECONDS_TO_START,
            instance_refresh=aws.autoscaling.GroupInstanceRefreshArgs(
                strategy="Rolling",
                preferences=aws.autoscaling.GroupInstanceRefreshPreferencesArgs(
                    # New ones first: capacity never falls below what was asked for.
                    min_healthy_percentage=100,
                    max_healthy_percentage=134,
                    auto_rollback=True,
                ),
            ),
            tags=[aws.autoscaling.GroupTagArgs(key="Name", value=label, propagate_at_launch=False)],
            opts=pulumi.ResourceOptions(
                parent=self,
                # Target tracking owns it from the first day.
                ignore_changes=["desiredCapacity"],
                # Instances turn healthy only when their target group hangs on a listener, and
                # their user data runs once: all that it uses must be there before.
                depends_on=[
                    *ground.network.ready[Tier.PRIVATE],
                    *ground.security.rules["api"],
                    *attachments,
                    log,
                    *balancer.listeners,
                    *ground.keys.ready,
                    *needs,
                ],
            ),
        )
        aws.autoscaling.Policy(
            name,
            autoscaling_group_name=self.group.name,
            policy_type="TargetTrackingScaling",
            target_tracking_configuration=aws.autoscaling.PolicyTargetTrackingConfigurationArgs(
                predefined_metric_specification=aws.autoscaling.PolicyTargetTrackingConfigurationPredefinedMetricSpecificationArgs(
                    predefined_metric_type="ASGAverageCPUUtilization"
                ),
                target_value=_CPU_TARGET_PERCENT,
            ),
            opts=child,
        )
        self.register_outputs({"group": self.group.name})
