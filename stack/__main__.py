"""Cinema.Database on AWS."""

import gc
from pathlib import Path

import pulumi

from cinema import package, policies
from cinema.accesslogs import AccessLogs
from cinema.alarms import Alarms, Watched
from cinema.api import Api
from cinema.backups import Backups
from cinema.balancer import Balancer
from cinema.bastion import Bastion
from cinema.buckets import Access, Bucket
from cinema.builder import Builder
from cinema.config import Config
from cinema.database import Database
from cinema.delivery import Delivery
from cinema.endpoints import Endpoints
from cinema.flowlog import FlowLog
from cinema.ground import Ground
from cinema.keys import Keys
from cinema.machines import Machine
from cinema.network import Network
from cinema.previews import Previews
from cinema.secret_store import SecretStore
from cinema.security import SecurityGroups
from cinema.sessions import Sessions
from cinema.settings import Settings
from cinema.site import Site
from cinema.thumbnails import Thumbnails
from cinema.watch import Watch
from cinema.zone import PrivateZone

# What is made here lives as long as the program: looking for garbage took a quarter of a preview.
gc.disable()

root = Path(__file__).resolve().parent.parent
settings = Settings.read(
    Config.of_stack(),
    project=pulumi.get_project(),
    stack=pulumi.get_stack(),
    root=root,
    package=package.archive(root, dry_run=pulumi.runtime.is_dry_run()),
)
names = settings.names

# What encrypts each class of data.
keys = Keys("keys", settings.keys, names)

# Who asks the load balancer and the buckets for what.
access_logs = AccessLogs(
    "access-logs",
    names,
    logged=["artifacts", "images", "site", *(["records"] if settings.watch.records else [])],
    protect=settings.protect,
)

# The ground: three tiers of subnets, what each may send, what each may hear.
network = Network("network", settings.network, names)
FlowLog("flow-log", names, network, keys)
security = SecurityGroups("security", settings.network, names, network)
ground = Ground(names, keys, network, security)
endpoints = Endpoints("endpoints", settings.network, ground)
secrets = SecretStore("secrets", names, keys, protect=settings.protect)
zone = PrivateZone("zone", names, network, settings.database.addresses)

# Images of the machines, built from stack/machines.
builder = Builder(
    "builder",
    settings.builder,
    ground,
    logs=access_logs,
    needs=endpoints.ready,
)
machines = {
    name: Machine(name, machine, ground, builder) for name, machine in settings.machines.items()
}

# (CloudFront ->) load balancer -> API -> database; administrators -> bastion -> both.
database = Database(
    "database",
    settings.database,
    ground,
    image_id=machines["database"].image_id,
    needs=[*endpoints.ready, *secrets.secrets.values(), *zone.records.values()],
)
Backups("backups", settings.backups, names, database.volumes)
balancer = Balancer("api", settings.balancer, ground, logs=access_logs)

# The API stores originals; each one starts a function, which stores a thumbnail.
images = Bucket(
    "images",
    names.bucket("images"),
    Access(policy=policies.images(names), key=keys.arn("images")),
    protect=settings.protect,
    log_to=access_logs,
)
thumbnails = Thumbnails("thumbnails", settings.thumbnails, names, images, keys=keys)
api = Api(
    "api",
    settings.api,
    ground,
    balancer,
    image_id=machines["api"].image_id,
    needs=[
        *images.ready,
        *endpoints.ready,
        *secrets.secrets.values(),
        *database.ready,
    ],
)

# The site, told where the API is: beside it, or behind the same CDN.
site = Site("site", settings.site, names, logs=access_logs)
site_address, api_address = site.address, balancer.address
exposed = {"load-balancer": balancer.load_balancer.arn}
if settings.delivery is not None:
    delivery = Delivery("delivery", settings.delivery, names, site, balancer)
    site_address = api_address = delivery.address
    exposed = {"cdn": delivery.distribution.arn}
site.tell(api_address)

# How administrators get in: over a bastion, or by Session Manager and without an open port.
if settings.bastion is None:
    sessions = Sessions("sessions", names, keys)
    pulumi.export("sessionDocument", sessions.document)
    pulumi.export("sessionPolicy", sessions.starting.arn)
else:
    bastion = Bastion("bastion", settings.bastion, ground, image_id=machines["bastion"].image_id)
    pulumi.export("bastion", bastion.address)

# Who is told when something is wrong.
topic = None
if settings.alarms is not None:
    watched = Watched(
        load_balancer=balancer.load_balancer.arn_suffix,
        target_group=balancer.target_group.arn_suffix,
        group=api.group.name,
        least_instances=settings.api.min_size,
        most_instances=settings.api.max_size,
        function=thumbnails.function.name,
        dead_letters=thumbnails.failed.name,
        nat_gateways={zone: nat.id for zone, nat in network.nat_gateways.items()},
        members={zone: member.id for zone, member in database.members.items()},
        replica_set=settings.database.replica_set,
    )
    topic = Alarms("alarms", settings.alarms, names, watched, keys=keys).topic

# What watches the account.
Watch(
    "watch",
    settings.watch,
    names,
    keys,
    images=images,
    exposed=exposed,
    alarms=topic,
    logs=access_logs,
)

# Pull requests may preview, and nothing else.
if settings.previews is not None:
    previews = Previews("previews", settings.previews, names)
    pulumi.export("previewRole", previews.role_arn)

pulumi.export("site", site_address)
pulumi.export("api", api_address)
pulumi.export("imageBucket", images.bucket.id)
