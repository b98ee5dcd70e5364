"""Cinema.Database on AWS."""

from pathlib import Path

import pulumi

from cinema import package, policies
from cinema.api import Api
from cinema.balancer import Balancer
from cinema.bastion import Bastion
from cinema.buckets import Access, Bucket
from cinema.config import Config
from cinema.database import Database
from cinema.delivery import Delivery
from cinema.endpoints import Endpoints
from cinema.flowlog import FlowLog
from cinema.ground import Ground
from cinema.network import Network
from cinema.previews import Previews
from cinema.security import SecurityGroups
from cinema.settings import Settings
from cinema.site import Site
from cinema.thumbnails import Thumbnails

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

# (CloudFront ->) load balancer -> API -> database; administrators -> bastion -> both.
database = Database("database", settings.database, ground)
balancer = Balancer("api", settings.balancer, ground)
bastion = Bastion("bastion", settings.bastion, ground)

# The API stores originals; each one starts a function, which stores a thumbnail.
images = Bucket(
    "images",
    names.bucket("images"),
    Access(policy=policies.tls_only(names.bucket_arn("images"))),
    protect=settings.protect,
)
Thumbnails("thumbnails", settings.thumbnails, names, images)
Api(
    "api",
    settings.api,
    ground,
    balancer,
    needs=[
        *images.ready,
        endpoints.logs,
        *security.rules["endpoints"],
        *database.instances,
        *database.attachments,
    ],
)

# The site, told where the API is: beside it, or behind the same CDN.
site = Site("site", settings.site, names)
site_address, api_address = site.address, balancer.address
if settings.delivery is not None:
    delivery = Delivery("delivery", settings.delivery, names, site, balancer)
    site_address = api_address = delivery.address
site.tell(api_address)

# Pull requests may preview, and nothing else.
if settings.previews is not None:
    previews = Previews("previews", settings.previews, names)
    pulumi.export("previewRole", previews.role_arn)

pulumi.export("site", site_address)
pulumi.export("api", api_address)
pulumi.export("bastion", bastion.address)
pulumi.export("imageBucket", images.bucket.id)
