"""The database: one MongoDB instance in each configured zone, each with a volume of its own.

What an instance does when it boots is in stack/machines/database, and why in docs/database.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.access import key_name
from cinema.config import Config, ConfigError
from cinema.ground import Ground
from cinema.instances import IMAGE_ID, INSTANCE_TYPE, METADATA_OPTIONS, environment_file
from cinema.logs import log_group
from cinema.names import Names
from cinema.network import NetworkSettings
from cinema.subnets import Tier

DATABASE_PORT = 27017
_MEMBER_HOST = 10
_DATA_DEVICE = "/dev/sdf"
_NO_SNAPSHOT = "none"


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """`members` is the address of the member in each zone, `domain` where its name stands.

    Addresses are planned, not found out, and so are names: a member that is replaced comes back
    as itself, and the API's environment is known before there is a member.
    """

    image: str
    instance_type: str
    key_name: str | None
    volume_gib: int
    snapshot: str | None
    members: dict[str, str]
    domain: str
    replica_set: str
    protect: bool

    @classmethod
    def read(cls, config: Config, names: Names, network: NetworkSettings) -> DatabaseSettings:
        """From `cinema:databaseZones`, `databaseImage`, `databaseInstanceType`, ..."""
        key = "cinema:databaseZones"
        zones = tuple(sorted(config.listed(key)))
        if unknown := [zone for zone in zones if zone not in network.zones]:
            raise ConfigError(key, f"'{unknown[0]}' is not among cinema:zones")
        if len(zones) % 2 == 0:
            # An even number survives no more losses than one fewer, and can split in halves.
            raise ConfigError(key, f"{len(zones)} members cannot vote: choose an odd number")
        subnets = network.planned(Tier.DATABASE)
        snapshot = config.matching(
            "cinema:databaseSnapshot",
            rf"{_NO_SNAPSHOT}|snap-[0-9a-f]{{8,17}}",
            "a snapshot's id, nor `none`",
        )
        return cls(
            image=config.matching("cinema:databaseImage", IMAGE_ID, "an image's id"),
            instance_type=config.matching(
                "cinema:databaseInstanceType", INSTANCE_TYPE, "an instance type"
            ),
            key_name=key_name(config),
            volume_gib=config.whole("cinema:databaseVolumeGiB", least=1, most=16384),
            snapshot=None if snapshot == _NO_SNAPSHOT else snapshot,
            members={zone: str(subnets[zone].host(_MEMBER_HOST)) for zone in zones},
            domain=names.domain,
            replica_set=names.prefix,
            protect=config.flag("cinema:protect"),
        )

    def host_name(self, zone: str) -> str:
        """What the member in `zone` is called within the VPC."""
        return f"database-{zone}.{self.domain}"

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each member by its name."""
        return {self.host_name(zone): address for zone, address in self.members.items()}

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where the members listen, as `name:port`, by zone."""
        return tuple(f"{self.host_name(zone)}:{DATABASE_PORT}" for zone in sorted(self.members))


class Database(pulumi.ComponentResource):
    """The members. MongoDB is in their image: there is no way out to fetch it by."""

    def __init__(
        self,
        name: str,
        settings: DatabaseSettings,
        ground: Ground,
        *,
        needs: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it. `needs` must exist before the first member starts."""
        super().__init__("cinema:database:Database", name, None, opts)
        self._name = name
        self._settings = settings
        self._ground = ground
        log = log_group(
            name,
            ground.names.log_group("database"),
            ground.keys,
            pulumi.ResourceOptions(parent=self),
        )
        profile, rights = self._role()
        ready = [
            *ground.network.ready[Tier.DATABASE],
            *ground.security.rules["database"],
            *rights,
            log,
            *ground.keys.ready,
            *needs,
        ]
        volumes = {zone: self._volume(zone) for zone in sorted(settings.members)}
        self.members: dict[str, aws.ec2.Instance] = {}
        attachments = []
        for zone, volume in volumes.items():
            instance = self._instance(zone, profile, [*ready, volume])
            attachments.append(
                aws.ec2.VolumeAttachment(
                    f"{name}-{zone}",
                    device_name=_DATA_DEVICE,
                    instance_id=instance.id,
                    volume_id=volume.id,
                    # Detached from a running database, a volume may lose its last writes.
                    stop_instance_before_detaching=True,
                    opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
                )
            )
            self.members[zone] = instance
        self.volumes = tuple(volumes.values())
        self.ready = (*self.members.values(), *attachments)
        self.register_outputs({"hosts": list(settings.hosts)})

    def _role(self) -> tuple[aws.iam.InstanceProfile, list[pulumi.Resource]]:
        """The profile of the members, and the rights that its role has."""
        child = pulumi.ResourceOptions(parent=self)
        names = self._ground.names
        role = aws.iam.Role(
            self._name,
            name=names.role("database"),
            description="Members of the database",
            assume_role_policy=policies.trust("ec2.amazonaws.com"),
            opts=child,
        )
        documents = {
            "database-secrets": policies.found_secrets(names),
            "database-write-log": policies.write_database_log(names),
        }
        if self._settings.key_name is None:
            documents["database-serve-sessions"] = policies.serve_sessions(names)
        if self._ground.keys.customer:
            documents["database-use-keys"] = policies.use_member_keys(names)
        attachments: list[pulumi.Resource] = []
        for part, text in documents.items():
            policy = aws.iam.Policy(part, policy=text, opts=child)
            attachments.append(
                aws.iam.RolePolicyAttachment(
                    part, role=role.name, policy_arn=policy.arn, opts=child
                )
            )
        return aws.iam.InstanceProfile(self._name, role=role.name, opts=child), attachments

    def _tags(self, zone: str) -> dict[str, str]:
        return {"Name": f"{self._ground.names.prefix}-{self._name}-{zone}"}

    def _volume(self, zone: str) -> aws.ebs.Volume:
        """The data of the member in `zone`: it outlives the instance."""
        settings = self._settings
        return aws.ebs.Volume(
            f"{self._name}-{zone}",
            availability_zone=zone,
            type="gp3",
            size=settings.volume_gib,
            snapshot_id=settings.snapshot,
            encrypted=True,
            kms_key_id=self._ground.keys.arn("database"),
            # The last thing to be lost; where it is not protected, a snapshot is not kept.
            final_snapshot=settings.protect,
            tags={**self._tags(zone), policies.BACKUP_TAG: self._ground.names.prefix},
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=settings.protect,
                # What a volume began with is no matter of later updates. Only one that is
                # replaced by name begins with the snapshot that the settings name now.
                ignore_changes=["snapshotId"],
            ),
        )

    def _instance(
        self, zone: str, profile: aws.iam.InstanceProfile, ready: Sequence[pulumi.Resource]
    ) -> aws.ec2.Instance:
        settings, ground = self._settings, self._ground
        return aws.ec2.Instance(
            f"{self._name}-{zone}",
            ami=settings.image,
            instance_type=settings.instance_type,
            key_name=settings.key_name,
            subnet_id=ground.network.subnets[Tier.DATABASE][zone].id,
            private_ip=settings.members[zone],
            associate_public_ip_address=False,
            vpc_security_group_ids=[ground.security.groups["database"].id],
            iam_instance_profile=profile.name,
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(**METADATA_OPTIONS),
            ebs_optimized=True,
            monitoring=True,
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                volume_type="gp3", encrypted=True, kms_key_id=ground.keys.arn("database")
            ),
            # Against mistakes in the console; Pulumi may, or no member could be replaced.
            disable_api_termination=settings.protect,
            force_destroy=True,
            user_data=environment_file(
                {
                    "AWS_REGION": ground.names.region,
                    "CINEMA_DATABASE_HOSTS": ",".join(settings.hosts),
                    "CINEMA_DATABASE_SELF": f"{settings.host_name(zone)}:{DATABASE_PORT}",
                    "CINEMA_DATA_DEVICE": _DATA_DEVICE,
                    "CINEMA_LOG_GROUP": ground.names.log_group("database"),
                    "CINEMA_REPLICA_SET": settings.replica_set,
                    "CINEMA_SECRETS": ground.names.secret_arn(""),
                }
            ),
            tags=self._tags(zone),
            opts=pulumi.ResourceOptions(
                parent=self,
                # Two instances cannot hold one address, nor two attachments one volume.
                delete_before_replace=True,
                # Either would stop or replace every member in the same update, and with them the
                # majority. Members are renewed one at a time, by name: docs/database.md.
                ignore_changes=["ami", "userData"],
                depends_on=list(ready),
            ),
        )
