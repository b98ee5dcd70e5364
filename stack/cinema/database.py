"""The database: one MongoDB instance in each configured zone, each with a volume of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema.config import Config, ConfigError
from cinema.ground import Ground
from cinema.instances import IMAGE_ID, INSTANCE_TYPE, METADATA_OPTIONS, environment_file
from cinema.network import NetworkSettings
from cinema.subnets import Tier

DATABASE_PORT = 27017
_MEMBER_HOST = 10
_DATA_DEVICE = "/dev/sdf"


@dataclass(frozen=True, kw_only=True)
class DatabaseSettings:
    """`members` is the address of the member in each zone.

    Addresses are planned, not found out: a member that is replaced comes back as itself, and
    the API's environment is known before there is a member.
    """

    image: str
    instance_type: str
    key_name: str
    volume_gib: int
    members: dict[str, str]
    protect: bool

    @classmethod
    def read(cls, config: Config, network: NetworkSettings) -> DatabaseSettings:
        """From `cinema:databaseZones`, `databaseImage`, `databaseInstanceType`, ..."""
        key = "cinema:databaseZones"
        zones = tuple(sorted(config.listed(key)))
        if unknown := [zone for zone in zones if zone not in network.zones]:
            raise ConfigError(key, f"'{unknown[0]}' is not among cinema:zones")
        if len(zones) % 2 == 0:
            # An even number survives no more losses than one fewer, and can split in halves.
            raise ConfigError(key, f"{len(zones)} members cannot vote: choose an odd number")
        subnets = network.planned(Tier.DATABASE)
        return cls(
            image=config.matching("cinema:databaseImage", IMAGE_ID, "an image's id"),
            instance_type=config.matching(
                "cinema:databaseInstanceType", INSTANCE_TYPE, "an instance type"
            ),
            key_name=config.text("cinema:keyName"),
            volume_gib=config.whole("cinema:databaseVolumeGiB", least=1, most=16384),
            members={zone: str(subnets[zone].host(_MEMBER_HOST)) for zone in zones},
            protect=config.flag("cinema:protect"),
        )

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where the members listen, as `address:port`, by zone."""
        return tuple(f"{address}:{DATABASE_PORT}" for _, address in sorted(self.members.items()))


class Database(pulumi.ComponentResource):
    """The members. MongoDB is in their image: there is no way out to fetch it by."""

    def __init__(
        self,
        name: str,
        settings: DatabaseSettings,
        ground: Ground,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:database:Database", name, None, opts)
        user_data = environment_file(
            {
                "CINEMA_DATABASE_HOSTS": ",".join(settings.hosts),
                "CINEMA_REPLICA_SET": ground.names.prefix,
                "CINEMA_DATA_DEVICE": _DATA_DEVICE,
            }
        )
        instances, attachments = [], []
        for zone, address in sorted(settings.members.items()):
            member = f"{name}-{zone}"
            tags = {"Name": f"{ground.names.prefix}-{member}"}
            instance = aws.ec2.Instance(
                member,
                ami=settings.image,
                instance_type=settings.instance_type,
                key_name=settings.key_name,
                subnet_id=ground.network.subnets[Tier.DATABASE][zone].id,
                private_ip=address,
                associate_public_ip_address=False,
                vpc_security_group_ids=[ground.security.groups["database"].id],
                metadata_options=aws.ec2.InstanceMetadataOptionsArgs(**METADATA_OPTIONS),
                ebs_optimized=True,
                monitoring=True,
                root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                    volume_type="gp3", encrypted=True
                ),
                disable_api_termination=settings.protect,
                user_data=user_data,
                tags=tags,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    protect=settings.protect,
                    # Two instances cannot hold one address, nor two attachments one volume.
                    delete_before_replace=True,
                    # Either would stop or replace every member in the same update, and with
                    # them the majority. Members are renewed one at a time, by replacing one
                    # by name: `pulumi up --target-replace`.
                    ignore_changes=["ami", "userData"],
                    depends_on=[
                        *ground.network.ready[Tier.DATABASE],
                        *ground.security.rules["database"],
                    ],
                ),
            )
            volume = aws.ebs.Volume(
                member,
                availability_zone=zone,
                type="gp3",
                size=settings.volume_gib,
                encrypted=True,
                # The last thing to be lost; where it is not protected, a snapshot is not kept.
                final_snapshot=settings.protect,
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
            )
            attachments.append(
                aws.ec2.VolumeAttachment(
                    member,
                    device_name=_DATA_DEVICE,
                    instance_id=instance.id,
                    volume_id=volume.id,
                    # Detached from a running database, a volume may lose its last writes.
                    stop_instance_before_detaching=True,
                    opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
                )
            )
            instances.append(instance)
        self.instances = tuple(instances)
        self.attachments = tuple(attachments)
        self.register_outputs({"hosts": list(settings.hosts)})
