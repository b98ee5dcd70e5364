"""What the examples of docs/claims.md change: a web tier, a database, a bucket, a function."""

import json

import pulumi
import pulumi_aws as aws

ACCOUNT = "123456789012"


def trust(service: str) -> str:
    """Let one AWS service assume a role."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: str, resource: str) -> str:
    """Let whoever has the policy do one thing."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", enable_dns_hostnames=True)
gateway = aws.ec2.InternetGateway("gateway", vpc_id=vpc.id)
public = aws.ec2.RouteTable("public", vpc_id=vpc.id)
private = aws.ec2.RouteTable("private", vpc_id=vpc.id)
way_out = aws.ec2.Route(
    "way-out",
    route_table_id=public.id,
    destination_cidr_block="0.0.0.0/0",
    gateway_id=gateway.id,
)

web_group = aws.ec2.SecurityGroup("web", vpc_id=vpc.id)
database_group = aws.ec2.SecurityGroup("database", vpc_id=vpc.id)
rules: list[pulumi.Resource] = [
    aws.vpc.SecurityGroupIngressRule(
        "internet-to-web",
        security_group_id=web_group.id,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        cidr_ipv4="0.0.0.0/0",
    ),
    aws.vpc.SecurityGroupEgressRule(
        "web-to-database",
        security_group_id=web_group.id,
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
        referenced_security_group_id=database_group.id,
    ),
    aws.vpc.SecurityGroupIngressRule(
        "database-from-web",
        security_group_id=database_group.id,
        ip_protocol="tcp",
        from_port=5432,
        to_port=5432,
        referenced_security_group_id=web_group.id,
    ),
]

images = aws.s3.Bucket("images", bucket="shop-images")

web_role = aws.iam.Role("web", name="web", assume_role_policy=trust("ec2.amazonaws.com"))
web_policy = aws.iam.RolePolicy(
    "web", role=web_role.name, policy=allow("s3:PutObject", "arn:aws:s3:::shop-images/orig/*")
)
web_profile = aws.iam.InstanceProfile("web", role=web_role.name)

for number, zone in enumerate(("us-east-1a", "us-east-1b")):
    front = aws.ec2.Subnet(
        f"public-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{number}.0/24",
        availability_zone=zone,
    )
    back = aws.ec2.Subnet(
        f"private-{zone}",
        vpc_id=vpc.id,
        cidr_block=f"10.0.{number + 10}.0/24",
        availability_zone=zone,
    )
    routed = [
        aws.ec2.RouteTableAssociation(
            f"public-{zone}", subnet_id=front.id, route_table_id=public.id
        ),
        aws.ec2.RouteTableAssociation(
            f"private-{zone}", subnet_id=back.id, route_table_id=private.id
        ),
    ]
    aws.ec2.Instance(
        f"web-{zone}",
        ami="ami-12345678",
        instance_type="t3.small",
        subnet_id=front.id,
        associate_public_ip_address=True,
        vpc_security_group_ids=[web_group.id],
        iam_instance_profile=web_profile.name,
        opts=pulumi.ResourceOptions(depends_on=[way_out, web_policy, *rules, *routed]),
    )
    aws.ec2.Instance(
        f"database-{zone}",
        ami="ami-12345678",
        instance_type="t3.small",
        subnet_id=back.id,
        vpc_security_group_ids=[database_group.id],
    )

thumbnails_role = aws.iam.Role(
    "thumbnails", name="thumbnails", assume_role_policy=trust("lambda.amazonaws.com")
)
aws.iam.RolePolicy(
    "thumbnails",
    role=thumbnails_role.name,
    policy=allow("s3:PutObject", "arn:aws:s3:::shop-images/thumbnails/*"),
)
thumbnails = aws.lambda_.Function(
    "thumbnails",
    name="thumbnails",
    role=thumbnails_role.arn,
    runtime="python3.13",
    handler="handler.handle",
    s3_bucket="shop-code",
    s3_key="thumbnails.zip",
)
permission = aws.lambda_.Permission(
    "images-may-call",
    function=thumbnails.name,
    action="lambda:InvokeFunction",
    principal="s3.amazonaws.com",
    source_arn=images.arn,
    source_account=ACCOUNT,
)
aws.s3.BucketNotification(
    "images",
    bucket=images.id,
    lambda_functions=[
        {
            "lambda_function_arn": thumbnails.arn,
            "events": ["s3:ObjectCreated:*"],
            "filter_prefix": "orig/",
        }
    ],
    opts=pulumi.ResourceOptions(depends_on=[permission]),
)
