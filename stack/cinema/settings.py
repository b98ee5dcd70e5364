"""All settings of a stack, read and checked before the first resource is declared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi

from cinema.api import ApiSettings
from cinema.balancer import BalancerSettings
from cinema.bastion import BastionSettings
from cinema.builder import BuilderSettings
from cinema.config import Config
from cinema.database import DatabaseSettings
from cinema.machines import COMMON, MachineSettings, Sources
from cinema.names import Names
from cinema.network import NetworkSettings
from cinema.previews import PreviewSettings
from cinema.site import SiteSettings
from cinema.subnets import Tier
from cinema.thumbnails import ThumbnailSettings
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
    bastion: BastionSettings
    api: ApiSettings
    thumbnails: ThumbnailSettings
    site: SiteSettings
    previews: PreviewSettings | None
    protect: bool

    @classmethod
    def read(
        cls, config: Config, *, project: str, stack: str, root: Path, package: pulumi.Archive
    ) -> Settings:
        """From the stack's configuration; raises ConfigError with the key to mend."""
        names = Names.read(config, project=project, stack=stack)
        balancer = BalancerSettings.read(config, names)
        network = NetworkSettings.read(config, names, https=balancer.https)
        database = DatabaseSettings.read(config, network)
        site = SiteSettings.read(config, root / "client_dist")
        machines = _machines(config, root)
        api = ApiSettings.read(
            config,
            cors_origins=(*site.origins(names), *config.origins("cinema:corsOrigins")),
            database_hosts=database.hosts,
            proxies=tuple(subnet.cidr for subnet in network.planned(Tier.PUBLIC).values()),
        )
        return cls(
            names=names,
            network=network,
            builder=BuilderSettings(
                zone=network.egress_zones[0],
                machines=tuple(machines),
            ),
            machines=machines,
            balancer=balancer,
            database=database,
            bastion=BastionSettings.read(config, network),
            api=api,
            thumbnails=ThumbnailSettings.read(config, package),
            site=site,
            previews=PreviewSettings.read(config),
            protect=config.flag("cinema:protect"),
        )


def _machines(config: Config, root: Path) -> dict[str, MachineSettings]:
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
        # It needs nothing of its own: an administrator's sshd, and what all machines have.
        "bastion": Sources(
            image_key="cinema:bastionImage",
            patch_key="cinema:bastionPatch",
            machines=folder,
            folder=COMMON,
        ),
    }
    return {
        machine: MachineSettings.read(config, machine, each) for machine, each in sources.items()
    }
