"""Changes of the program that its contract forbids, one each, and who must be blamed for it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

END = 'pulumi.export("api", api_address)\n'
"""What a snippet is put before, at the end of the program."""
AWS = "import pulumi_aws as aws\n"


@dataclass(frozen=True)
class Change:
    """A text that stands exactly once in a file of the project, and what to put there."""

    file: str
    old: str
    new: str

    def apply(self, project: Path) -> None:
        """Make it. Raises AssertionError when the program no longer has the text just once."""
        path = project / self.file
        text = path.read_text()
        assert text.count(self.old) == 1, f"{self.file} has {text.count(self.old)} of: {self.old}"
        path.write_text(text.replace(self.old, self.new))


@dataclass(frozen=True)
class Mutation:
    """`claim` must be reported on the resource whose logical name matches `resource`."""

    name: str
    changes: tuple[Change, ...]
    claim: str
    resource: str

    def blames(self, claim: str, resource: str) -> bool:
        """Whether that is what must be reported."""
        return claim == self.claim and fnmatchcase(resource, self.resource)


def _swap(file: str, old: str, new: str) -> Change:
    return Change(f"stack/cinema/{file}", old, new)


def _config(old: str, new: str) -> Change:
    return Change("Pulumi.prod.yaml", old, new)


def _added(snippet: str) -> Change:
    return Change("stack/__main__.py", END, f"{AWS}{snippet}\n{END}")


_DATABASE_ROUTE = (
    _swap(
        "network.py",
        "        return self._associations(Tier.DATABASE, dict.fromkeys",
        """        aws.ec2.Route(
            "database-to-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=next(iter(self.nat_gateways.values())).id,
            opts=self._child,
        )
        return self._associations(Tier.DATABASE, dict.fromkeys""",
    ),
)

EXCESS = (
    Mutation(
        "the API listens to every address, in two halves",
        (
            _added(
                """
for half in ("0.0.0.0/1", "128.0.0.0/1"):
    aws.vpc.SecurityGroupIngressRule(
        f"half-{half[0]}",
        security_group_id=security.groups["api"].id,
        ip_protocol="tcp", from_port=5432, to_port=5432, cidr_ipv4=half,
    )
"""
            ),
        ),
        "network.closed.vpc-to-api",
        "half-*",
    ),
    Mutation(
        "security group rules admit every protocol and port",
        (_swap("security.py", '"ip_protocol": "tcp",', '"ip_protocol": "-1",'),),
        "network.closed.load-balancer-to-api",
        "load-balancer-to-api-8081",
    ),
    Mutation(
        "the database's route table leads to a NAT gateway",
        _DATABASE_ROUTE,
        "network.isolated.database",
        "database-to-internet",
    ),
    Mutation(
        "the database may leave by a NAT gateway",
        (
            *_DATABASE_ROUTE,
            _swap(
                "security.py",
                '        SecurityFlow("api", S3(), 443',
                '        SecurityFlow("database", INTERNET, 443, "Updates"),\n'
                '        SecurityFlow("api", S3(), 443',
            ),
            _swap(
                "acls.py",
                'AclRule(210, "out", private, _EPHEMERAL, "replies to the API"),',
                'AclRule(190, "out", ANYWHERE, (443, 443), "updates"),\n'
                'AclRule(210, "out", private, _EPHEMERAL, "replies to the API"),',
            ),
            _swap(
                "acls.py",
                'tls = AclRule(110, "in", private,',
                'tls = AclRule(110, "in", ANYWHERE,',
            ),
        ),
        "network.never.database-to-internet",
        "database-to-internet-443",
    ),
    Mutation(
        "one NAT gateway serves three zones",
        (_config("cinema:egress: each-zone", "cinema:egress: one-zone"),),
        "availability.flows.api-to-internet",
        "private-us-east-1b",
    ),
    Mutation(
        "every object of the bucket starts the function",
        (_swap("thumbnails.py", "filter_prefix=policies.ORIGINALS,", 'filter_prefix="",'),),
        "events.cycles",
        "thumbnails",
    ),
    Mutation(
        "the function may write what starts it",
        (
            _swap(
                "policies.py",
                'allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*"]),',
                'allow(["s3:PutObject"], [f"{bucket}/{THUMBNAILS}*", f"{bucket}/{ORIGINALS}*"]),',
            ),
        ),
        "identity.closed.thumbnails",
        "thumbnails",
    ),
    Mutation(
        "the API's role may do everything to images",
        (
            _swap(
                "policies.py",
                'allow(["s3:GetObject"], [f"{bucket}/{ORIGINALS}*", f"{bucket}/{THUMBNAILS}*"]),',
                'allow(["s3:*"], [f"{bucket}/{ORIGINALS}*", f"{bucket}/{THUMBNAILS}*"]),',
            ),
        ),
        "identity.closed.api",
        "api-read-images",
    ),
    Mutation(
        "anyone may assume the roles",
        (
            _swap(
                "policies.py",
                '"Principal": {"Service": service},\n        "Action": "sts:AssumeRole",',
                '"Principal": "*",\n        "Action": "sts:AssumeRole",',
            ),
        ),
        "identity.trust.api",
        "api",
    ),
    Mutation(
        "the API's role may pass any role to a function of its own making",
        (
            _swap(
                "policies.py",
                '        allow(["s3:ListBucket"], [bucket]),\n        allow(["s3:GetObject"]',
                '        allow(["s3:ListBucket"], [bucket]),\n'
                '        allow(["iam:PassRole", "lambda:CreateFunction",'
                ' "lambda:InvokeFunction"], ["*"]),\n'
                '        allow(["s3:GetObject"]',
            ),
        ),
        "identity.escalation.api",
        "api-read-images",
    ),
    Mutation(
        "another account may read the images",
        (
            Change(
                "stack/__main__.py",
                'Access(policy=policies.images(names), key=keys.arn("images")),',
                """Access(
        policy=policies.document(
            policies.allow(
                ["s3:GetObject"],
                [names.bucket_arn("images") + "/*"],
                Principal={"AWS": "arn:aws:iam::210987654321:root"},
            )
        )
    ),""",
            ),
        ),
        "identity.admits.images",
        "images",
    ),
    Mutation(
        "a role that the contract does not name",
        (
            _added(
                'aws.iam.Role("forgotten", name="forgotten",'
                ' assume_role_policy=policies.trust("ec2.amazonaws.com"))'
            ),
        ),
        "identity.principals",
        "forgotten",
    ),
    Mutation(
        "an instance that the contract does not name",
        (
            _added(
                """
from cinema.subnets import Tier
aws.ec2.Instance(
    "forgotten",
    ami="ami-0b000000000000009",
    instance_type="t4g.nano",
    subnet_id=network.subnets[Tier.PUBLIC]["us-east-1a"].id,
    vpc_security_group_ids=[security.groups["api"].id],
)
"""
            ),
        ),
        "network.grouped",
        "forgotten",
    ),
    Mutation(
        "the instances of the API stand in two zones",
        (
            _swap(
                "api.py",
                "subnet.id for subnet in ground.network.subnets[Tier.PRIVATE].values()",
                "subnet.id for subnet in [*ground.network.subnets[Tier.PRIVATE].values()][:2]",
            ),
        ),
        "availability.keep.api",
        "api",
    ),
    Mutation(
        "the load balancer stands in one subnet",
        (
            _swap(
                "balancer.py",
                "subnet.id for subnet in ground.network.subnets[tier].values()",
                "subnet.id for subnet in [*ground.network.subnets[tier].values()][:1]",
            ),
        ),
        "availability.flows.cdn-to-load-balancer",
        "api",
    ),
    Mutation(
        "the load balancer was left public beside the CDN",
        (
            _swap("balancer.py", "internal=settings.internal,", "internal=False,"),
            _swap(
                "balancer.py",
                "tier = Tier.PRIVATE if settings.internal else Tier.PUBLIC",
                "tier = Tier.PUBLIC",
            ),
        ),
        "network.never.internet-to-load-balancer",
        "cloudfront-to-load-balancer-8080",
    ),
    Mutation(
        "distributions of any account may read the site",
        (_swap("policies.py", "cloudfront::{names.account}:distr", "cloudfront::*:distr"),),
        "identity.admits.site",
        "site",
    ),
    Mutation(
        "the CDN leads to the internet as well",
        (
            _swap(
                "delivery.py",
                "origins=[self._bucket(site), self._api(balancer)],",
                """origins=[
                self._bucket(site),
                self._api(balancer),
                aws.cloudfront.DistributionOriginArgs(
                    origin_id="other",
                    domain_name="films.example",
                    custom_origin_config=aws.cloudfront.DistributionOriginCustomOriginConfigArgs(
                        http_port=80,
                        https_port=443,
                        origin_protocol_policy="https-only",
                        origin_ssl_protocols=["TLSv1.2"],
                    ),
                ),
            ],""",
            ),
        ),
        "network.closed.cdn-to-internet",
        "delivery",
    ),
    Mutation(
        "one database instance instead of three",
        (
            _config(
                "cinema:databaseZones: [us-east-1a, us-east-1b, us-east-1c]",
                "cinema:databaseZones: [us-east-1a]",
            ),
        ),
        "availability.keep.database",
        "database-us-east-1a",
    ),
    Mutation(
        "a second notification of the bucket, which replaces the first",
        (_added('aws.s3.BucketNotification("second", bucket=images.bucket.id, eventbridge=True)'),),
        "events.notification.images",
        "thumbnails",
    ),
    Mutation(
        "a policy document that is not known at preview",
        (
            _swap(
                "api.py",
                "policy = aws.iam.Policy(part, policy=text, opts=child)",
                "policy = aws.iam.Policy(part, policy=role.unique_id.apply("
                'lambda unique, text=text: text.replace("s3", unique[:2])), opts=child)',
            ),
        ),
        "identity.closed.api",
        "api-*",
    ),
    Mutation(
        "a door that is not in the reviewed table's module: an Instance Connect endpoint",
        (
            _added(
                """
from cinema.subnets import Tier
aws.ec2transitgateway.InstanceConnectEndpoint(
    "door",
    subnet_id=network.subnets[Tier.DATABASE]["us-east-1a"].id,
    security_group_ids=[security.groups["api"].id],
)
"""
            ),
        ),
        "network.coverage",
        "door",
    ),
)

MISSING = (
    Mutation(
        "the database's replies to the API do not pass its network ACL",
        (
            _swap(
                "acls.py",
                '                AclRule(210, "out", private, _EPHEMERAL, "replies to the API"),\n',
                "",
            ),
        ),
        "network.flow.api-to-database",
        "database*",
    ),
    Mutation(
        "the API may not send to the database",
        (
            _swap(
                "security.py",
                "            if isinstance(flow.source, str):",
                "            if isinstance(flow.source, str) and"
                ' (flow.source, flow.to) != ("api", "database"):',
            ),
        ),
        "network.flow.api-to-database",
        "api",
    ),
    Mutation(
        "the endpoint of CloudWatch Logs admits no one",
        (
            _swap(
                "security.py",
                '        SecurityFlow("api", "endpoints", 443, "Logs, secrets"),\n',
                "",
            ),
        ),
        "network.flow.api-to-logs-endpoint",
        "endpoints",
    ),
    Mutation(
        "the VPC gives no private names",
        (_swap("network.py", "enable_dns_hostnames=True,", "enable_dns_hostnames=False,"),),
        "network.flow.api-to-logs-endpoint",
        "network",
    ),
    Mutation(
        "one zone of the private tier has no route to its NAT gateway",
        (
            _swap(
                "network.py",
                "            for zone, table in tables.items()\n        ]\n"
                "        return [*routes, *self._associations(Tier.PRIVATE, tables)]",
                "            for zone, table in [*tables.items()][1:]\n        ]\n"
                "        return [*routes, *self._associations(Tier.PRIVATE, tables)]",
            ),
        ),
        "network.flow.api-to-internet",
        "private-us-east-1a",
    ),
    Mutation(
        "the load balancer checks a port that nothing admits",
        (_swap("balancer.py", "port=str(API_PORT),", 'port="9999",'),),
        "network.flow.load-balancer-to-api",
        "load-balancer",
    ),
    Mutation(
        "the function may not send to its dead-letter queue",
        (
            _swap(
                "policies.py",
                '        allow(["sqs:SendMessage"], [names.queue_arn("thumbnails-failed")]),\n',
                "",
            ),
        ),
        "identity.grant.thumbnails.4",
        "thumbnails",
    ),
    Mutation(
        "nothing admits S3 to the function",
        (
            _swap("thumbnails.py", "aws.lambda_.Permission(", "(lambda *_, **__: None)("),
            _swap("thumbnails.py", "depends_on=[permission]", "depends_on=[]"),
        ),
        "events.trigger.images-orig-to-thumbnails",
        "thumbnails",
    ),
    Mutation(
        "another service than S3 may start the function",
        (
            _swap(
                "thumbnails.py", 'principal="s3.amazonaws.com",', 'principal="sns.amazonaws.com",'
            ),
        ),
        "events.trigger.images-orig-to-thumbnails",
        "thumbnails",
    ),
    Mutation(
        "the API starts before its role may do anything",
        (_swap("api.py", "                    *attachments,\n", ""),),
        "availability.boot.api",
        "api",
    ),
)

MUTATIONS = (*EXCESS, *MISSING)
