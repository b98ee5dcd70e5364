"""All settings of a stack, read and checked before the first resource is declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from cinema.alarms import AlarmSettings
from cinema.api import ApiSettings
from cinema.backups import BackupSettings
from cinema.balancer import BalancerSettings
from cinema.bastion import BastionSettings
from cinema.builder import BuilderSettings
from cinema.config import Config
from cinema.database import DatabaseSettings
from cinema.delivery import DeliverySettings
from cinema.keys import KeySettings
from cinema.machines import COMMON, MachineSettings, Sources
from cinema.names import Names
from cinema.network import NetworkSettings
from cinema.previews import PreviewSettings
from cinema.site import SiteSettings
from cinema.thumbnails import ThumbnailSettings
from cinema.watch import WatchSettings
from cinema.wheel import wheel


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One settings object for each part of the architecture."""

    names: Names
    network: NetworkSettings
    builder: BuilderSettings
    machines: dict[str, MachineSettings]
    balancer: BalancerSettings
    database: DatabaseSettings
    backups: BackupSettings
    bastion: BastionSettings | None
    api: ApiSettings
    thumbnails: ThumbnailSettings
    site: SiteSettings
    delivery: DeliverySettings | None
    previews: PreviewSettings | None
    keys: KeySettings
    alarms: AlarmSettings | None
    watch: WatchSettings
    protect: bool

    @classmethod
    def read(
        cls, config: Config, *, project: str, stack: str, root: Path, package: pulumi.Archive
    ) -> Settings:
        """From the stack's configuration; raises ConfigError with the key to mend."""
        names = Names.read(config, project=project, stack=stack)
        network = NetworkSettings.read(config, names)
        database = DatabaseSettings.read(config, names, network)
        site = SiteSettings.read(config, root / "client_dist", cdn=network.cdn is not None)
        bastion = BastionSettings.read(config, network)
        machines = _machines(config, root, bastion=bastion is not None)
        api = ApiSettings.read(
            config,
            cors_origins=(*site.origins(names), *config.origins("cinema:corsOrigins")),
            database=database,
            proxies=tuple(subnet.cidr for subnet in network.planned(network.entrance).values()),
            https=network.cdn is not None,
        )
        return cls(
            names=names,
            network=network,
            builder=BuilderSettings(
                zone=network.egress_zones[0],
                machines=tuple(machines),
            ),
            machines=machines,
            balancer=BalancerSettings.read(config, network),
            database=database,
            backups=BackupSettings.read(config),
            bastion=bastion,
            api=api,
            thumbnails=ThumbnailSettings.read(config, package),
            site=site,
            delivery=DeliverySettings.read(config, root=root, cdn=network.cdn is not None),
            previews=PreviewSettings.read(config),
            keys=KeySettings.read(config),
            alarms=AlarmSettings.read(config),
            watch=WatchSettings.read(config),
            protect=config.flag("cinema:protect"),
        )


def _machines(config: Config, root: Path, *, bastion: bool) -> dict[str, MachineSettings]:
    folder, service = root / "stack" / "machines", root / "service"
    sources = {
        "api": Sources(
            image_key="cinema:apiImage",
            patch_key="cinema:apiPatch",
            machines=folder,
            folder="api",
            payload={"requirements.txt": service / "requirements.txt"},
            archives=(wheel(service),),
        ),
        "database": Sources(
            image_key="cinema:databaseImage",
            patch_key="cinema:databasePatch",
            machines=folder,
            folder="database",
        ),
    }
    if bastion:
        # It needs nothing of its own: an administrator's sshd, and what all machines have.
        sources["bastion"] = Sources(
            image_key="cinema:bastionImage",
            patch_key="cinema:bastionPatch",
            machines=folder,
            folder=COMMON,
        )
    return {
        machine: MachineSettings.read(config, machine, each) for machine, each in sources.items()
    }
