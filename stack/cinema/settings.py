"""All settings of a stack, read and checked before the first resource is declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from cinema.api import ApiSettings
from cinema.balancer import BalancerSettings
from cinema.bastion import BastionSettings
from cinema.config import Config
from cinema.database import DatabaseSettings
from cinema.delivery import DeliverySettings
from cinema.names import Names
from cinema.network import NetworkSettings
from cinema.previews import PreviewSettings
from cinema.site import SiteSettings
from cinema.thumbnails import ThumbnailSettings


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One settings object for each part of the architecture."""

    names: Names
    network: NetworkSettings
    balancer: BalancerSettings
    database: DatabaseSettings
    bastion: BastionSettings
    api: ApiSettings
    thumbnails: ThumbnailSettings
    site: SiteSettings
    delivery: DeliverySettings | None
    previews: PreviewSettings | None
    protect: bool

    @classmethod
    def read(
        cls, config: Config, *, project: str, stack: str, root: Path, package: pulumi.Archive
    ) -> Settings:
        """From the stack's configuration; raises ConfigError with the key to mend."""
        names = Names.read(config, project=project, stack=stack)
        network = NetworkSettings.read(config, names)
        database = DatabaseSettings.read(config, network)
        site = SiteSettings.read(config, root / "client_dist", cdn=network.cdn is not None)
        api = ApiSettings.read(
            config,
            cors_origins=(*site.origins(names), *config.origins("cinema:corsOrigins")),
            database_hosts=database.hosts,
            proxies=tuple(subnet.cidr for subnet in network.planned(network.entrance).values()),
            https=network.cdn is not None,
        )
        return cls(
            names=names,
            network=network,
            balancer=BalancerSettings.read(config, network),
            database=database,
            bastion=BastionSettings.read(config, network),
            api=api,
            thumbnails=ThumbnailSettings.read(config, package),
            site=site,
            delivery=DeliverySettings.read(config, root=root, cdn=network.cdn is not None),
            previews=PreviewSettings.read(config),
            protect=config.flag("cinema:protect"),
        )
