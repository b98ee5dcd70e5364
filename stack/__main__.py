"""Cinema.Database on AWS."""

from pathlib import Path

import pulumi

from cinema import package, policies
from cinema.accesslogs import AccessLogs
from cinema.api import Api
from cinema.backups import Backups
from cinema.balancer import Balancer
from cinema.bastion import Bastion
from cinema.buckets import Access, Bucket
from cinema.config import Config
from cinema.database import Database
from cinema.endpoints import Endpoints
from cinema.flowlog import FlowLog
from cinema.ground import Ground
from cinema.network import Network
from cinema.previews import Previews
from cinema.secret_store import SecretStore
from cinema.security import SecurityGroups
from cinema.settings import Settings
from cinema.site import Site
from cinema.thumbnails import Thumbnails
from cinema.zone import PrivateZone

root = Path(__file__).resolve().parent.parent
settings = Settings.read(
    Config.of_stack(),
    project=pulumi.get_project(),
    stack=pulumi.get_stack(),
    root=root,
    package=package.archive(root, dry_run=pulumi.runtime.is_dry_run()),
)
names = settings.names

# The ground: three tiers of subnets, what each may send, what each may hear.
network = Network("network", settings.network, names)
FlowLog("flow-log", names, network)
security = SecurityGroups("security", settings.network, names, network)
ground = Ground(names, network, security)
endpoints = Endpoints("endpoints", settings.network, ground)
secrets = SecretStore("secrets", names, protect=settings.protect)
zone = PrivateZone("zone", names, network, settings.database.addresses)

# Browsers -> load balancer -> API -> database; administrators -> bastion -> both.
database = Database(
    "database",
    settings.database,
    ground,
    needs=[*endpoints.ready, *secrets.secrets.values(), *zone.records.values()],
)
Backups("backups", settings.backups, names, database.volumes)
access_logs = AccessLogs("access-logs", names, protect=settings.protect)
balancer = Balancer("api", settings.balancer, ground, logs=access_logs)
bastion = Bastion("bastion", settings.bastion, ground)

# The API stores originals; each one starts a function, which stores a thumbnail.
images = Bucket(
    "images",
    names.bucket("images"),
    Access(policy=policies.tls_only(names.bucket_arn("images"))),
    protect=settings.protect,
    log_to=access_logs,
)
Thumbnails("thumbnails", settings.thumbnails, names, images)
Api(
    "api",
    settings.api,
    ground,
    balancer,
    needs=[
        *images.ready,
        *endpoints.ready,
        *secrets.secrets.values(),
        *database.ready,
    ],
)

# The site, told where the API is.
Site("site", settings.site, names, api_address=balancer.address, logs=access_logs)

# Pull requests may preview, and nothing else.
if settings.previews is not None:
    previews = Previews("previews", settings.previews, names)
    pulumi.export("previewRole", previews.role_arn)

pulumi.export("api", balancer.address)
pulumi.export("bastion", bastion.address)
pulumi.export("imageBucket", images.bucket.id)
