"""The bastion: the one way in for administrators, to the API's instances and the database."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema.access import key_name
from cinema.config import Config
from cinema.ground import Ground
from cinema.instances import METADATA_OPTIONS
from cinema.network import NetworkSettings
from cinema.subnets import Tier


@dataclass(frozen=True, kw_only=True)
class BastionSettings:
    """It stands in the first zone, and dies with it: start it elsewhere by naming another."""

    key_name: str
    zone: str

    @classmethod
    def read(cls, config: Config, network: NetworkSettings) -> BastionSettings | None:
        """From `cinema:keyName`; None with Session Manager."""
        key = key_name(config)
        if key is None:
            return None
        return cls(
            key_name=key,
            zone=network.zones[0],
        )


class Bastion(pulumi.ComponentResource):
    """An instance that forwards SSH and does nothing else: no role, no data, no way out.

    It is renewed by a newer image, never patched in place.
    """

    def __init__(
        self,
        name: str,
        settings: BastionSettings,
        ground: Ground,
        *,
        image_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:bastion:Bastion", name, None, opts)
        instance = aws.ec2.Instance(
            name,
            ami=image_id,
            instance_type="t4g.nano",
            key_name=settings.key_name,
            subnet_id=ground.network.subnets[Tier.PUBLIC][settings.zone].id,
            associate_public_ip_address=True,
            vpc_security_group_ids=[ground.security.groups["bastion"].id],
            metadata_options=aws.ec2.InstanceMetadataOptionsArgs(**METADATA_OPTIONS),
            ebs_optimized=True,
            root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
                volume_type="gp3", encrypted=True
            ),
            tags={"Name": f"{ground.names.prefix}-{name}"},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[*ground.network.ready[Tier.PUBLIC], *ground.security.rules["bastion"]],
            ),
        )
        self.address = instance.public_ip
        self.register_outputs({"address": self.address})
