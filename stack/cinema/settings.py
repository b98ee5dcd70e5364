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
from cinema.config import Config
from cinema.database import DatabaseSettings
from cinema.keys import KeySettings
from cinema.names import Names
from cinema.network import NetworkSettings
from cinema.previews import PreviewSettings
from cinema.site import SiteSettings
from cinema.subnets import Tier
from cinema.thumbnails import ThumbnailSettings
from cinema.watch import WatchSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One settings object for each part of the architecture."""

    names: Names
    network: NetworkSettings
    balancer: BalancerSettings
    database: DatabaseSettings
    backups: BackupSettings
    bastion: BastionSettings | None
    api: ApiSettings
    thumbnails: ThumbnailSettings
    site: SiteSettings
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
        balancer = BalancerSettings.read(config, names)
        network = NetworkSettings.read(config, names, https=balancer.https)
        database = DatabaseSettings.read(config, names, network)
        site = SiteSettings.read(config, root / "client_dist")
        api = ApiSettings.read(
            config,
            cors_origins=(*site.origins(names), *config.origins("cinema:corsOrigins")),
            database=database,
            proxies=tuple(subnet.cidr for subnet in network.planned(Tier.PUBLIC).values()),
        )
        return cls(
            names=names,
            network=network,
            balancer=balancer,
            database=database,
            backups=BackupSettings.read(config),
            bastion=BastionSettings.read(config, network),
            api=api,
            thumbnails=ThumbnailSettings.read(config, package),
            site=site,
            previews=PreviewSettings.read(config),
            keys=KeySettings.read(config),
            alarms=AlarmSettings.read(config),
            watch=WatchSettings.read(config),
            protect=config.flag("cinema:protect"),
        )
