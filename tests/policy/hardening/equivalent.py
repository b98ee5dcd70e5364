"""The same architecture as equivalent.tf, as Pulumi registers it."""

from __future__ import annotations

import json

from stackproof.model import Asset, Graph, Template, Value
from tests.policy.graphs import graph, ref, resource

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ACL = "aws:ec2/networkAcl:NetworkAcl"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INSTANCE = "aws:ec2/instance:Instance"
KEY = "aws:kms/key:Key"
BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
VOLUME = "aws:ebs/volume:Volume"

AMI = "ami-0123456789abcdef0"


def policy(**statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def with_bucket(name: str, **statement: object) -> Template:
    """A policy in which `@` stands for the ARN of the bucket."""
    parts: list[Value] = []
    for text in policy(**statement).split("@"):
        parts += [ref(BUCKET, name, "arn"), text] if parts else [text]
    return Template(tuple(parts))  # type: ignore[arg-type]  # texts and references, as they come


ANYWHERE: list[Value] = ["0.0.0.0/0"]

NETWORK = (
    resource(VPC, "main", cidrBlock="10.0.0.0/16", enableDnsHostnames=True),
    resource(
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", vpcId=ref(VPC, "main")
    ),
    resource(
        SUBNET,
        "public",
        vpcId=ref(VPC, "main"),
        cidrBlock="10.0.1.0/24",
        mapPublicIpOnLaunch=True,
    ),
    resource(SUBNET, "private", vpcId=ref(VPC, "main"), cidrBlock="10.0.2.0/24"),
    resource(
        ACL,
        "private",
        vpcId=ref(VPC, "main"),
        subnetIds=[ref(SUBNET, "private")],
        ingress=[
            {
                "protocol": "tcp",
                "ruleNo": 100,
                "action": "allow",
                "cidrBlock": "0.0.0.0/0",
                "fromPort": 22,
                "toPort": 22,
            }
        ],
    ),
    resource(
        "aws:ec2/networkAclRule:NetworkAclRule",
        "open",
        networkAclId=ref(ACL, "private"),
        ruleNumber=200,
        ruleAction="allow",
        protocol="-1",
        cidrBlock="0.0.0.0/0",
    ),
    resource(
        GROUP,
        "web",
        name="web",
        description="Web servers",
        vpcId=ref(VPC, "main"),
        ingress=[
            {
                "description": "HTTP",
                "protocol": "tcp",
                "fromPort": 80,
                "toPort": 80,
                "cidrBlocks": ANYWHERE,
            },
            {
                "description": "SSH from everywhere",
                "protocol": "tcp",
                "fromPort": 22,
                "toPort": 22,
                "cidrBlocks": ["10.0.0.0/8", "0.0.0.0/0"],
            },
        ],
        egress=[{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ANYWHERE}],
    ),
    resource(GROUP, "idle", name="idle", vpcId=ref(VPC, "main")),
    resource(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "web_rdp",
        type="ingress",
        securityGroupId=ref(GROUP, "web"),
        protocol="tcp",
        fromPort=3389,
        toPort=3389,
        cidrBlocks=ANYWHERE,
    ),
    resource(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "admin",
        securityGroupId=ref(GROUP, "web"),
        referencedSecurityGroupId=ref(GROUP, "idle"),
        ipProtocol="tcp",
        fromPort=22,
        toPort=22,
    ),
    resource("aws:ec2/eip:Eip", "web", domain="vpc", instance=ref(INSTANCE, "web")),
)

COMPUTE = (
    resource(
        INSTANCE,
        "web",
        ami=AMI,
        instanceType="t3.micro",
        subnetId=ref(SUBNET, "public"),
        vpcSecurityGroupIds=[ref(GROUP, "web")],
        associatePublicIpAddress=True,
        userData="#!/bin/sh\nexport NAME=${HOSTNAME}\n",
    ),
    resource(
        INSTANCE,
        "hardened",
        ami=AMI,
        instanceType="m7i.large",
        subnetId=ref(SUBNET, "private"),
        ebsOptimized=True,
        monitoring=True,
        iamInstanceProfile=ref("aws:iam/instanceProfile:InstanceProfile", "web", "name"),
        metadataOptions={
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
        },
        rootBlockDevice={"encrypted": True},
    ),
    resource(VOLUME, "clear", availabilityZone="us-east-1a", size=10),
    resource(
        VOLUME,
        "sealed",
        availabilityZone="us-east-1a",
        size=10,
        encrypted=True,
        kmsKeyId=ref(KEY, "main", "arn"),
    ),
    resource(
        "aws:ec2/launchTemplate:LaunchTemplate",
        "web",
        imageId=AMI,
        metadataOptions={"httpTokens": "optional", "httpPutResponseHopLimit": 2},
    ),
    resource(
        "aws:autoscaling/group:Group",
        "web",
        minSize=1,
        maxSize=3,
        vpcZoneIdentifiers=[ref(SUBNET, "private")],
        launchTemplate={
            "id": ref("aws:ec2/launchTemplate:LaunchTemplate", "web"),
            "version": "1",
        },
        tags=[{"key": "Name", "value": "web", "propagateAtLaunch": True}],
    ),
    resource(
        BALANCER,
        "web",
        name="web",
        loadBalancerType="application",
        subnets=[ref(SUBNET, "public"), ref(SUBNET, "private")],
        securityGroups=[ref(GROUP, "web")],
    ),
    resource(
        TARGETS,
        "web",
        name="web",
        port=80,
        protocol="HTTP",
        vpcId=ref(VPC, "main"),
        healthCheck={"path": "/healthz"},
    ),
    resource(
        LISTENER,
        "http",
        loadBalancerArn=ref(BALANCER, "web", "arn"),
        port=80,
        protocol="HTTP",
        defaultActions=[
            {
                "type": "redirect",
                "redirect": {"port": "443", "protocol": "HTTPS", "statusCode": "HTTP_301"},
            }
        ],
    ),
    resource(
        LISTENER,
        "https",
        loadBalancerArn=ref(BALANCER, "web", "arn"),
        port=443,
        protocol="HTTPS",
        sslPolicy="ELBSecurityPolicy-2016-08",
        certificateArn="arn:aws:acm:us-east-1:123456789012:certificate/1",
        defaultActions=[{"type": "forward", "targetGroupArn": ref(TARGETS, "web", "arn")}],
    ),
    resource(
        "aws:lambda/function:Function",
        "worker",
        name="worker",
        code=Asset("archive", "worker.zip"),
        role=ref(ROLE, "web", "arn"),
        handler="worker.handle",
        runtime="python3.12",
        environment={"variables": {"STAGE": "prod"}},
        deadLetterConfig={"targetArn": ref("aws:sqs/queue:Queue", "failed", "arn")},
    ),
    resource(
        "aws:lambda/permission:Permission",
        "bucket",
        action="lambda:InvokeFunction",
        function=ref("aws:lambda/function:Function", "worker", "name"),
        principal="s3.amazonaws.com",
    ),
    resource(
        "aws:ecr/repository:Repository",
        "app",
        name="app",
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    ),
    resource(
        "aws:eks/cluster:Cluster",
        "main",
        name="main",
        roleArn=ref(ROLE, "web", "arn"),
        vpcConfig={
            "subnetIds": [ref(SUBNET, "private")],
            "endpointPublicAccess": True,
            "publicAccessCidrs": ANYWHERE,
        },
        encryptionConfig={
            "resources": ["secrets"],
            "provider": {"keyArn": ref(KEY, "main", "arn")},
        },
    ),
)

DATA = (
    resource(KEY, "main", description="main", enableKeyRotation=True),
    resource(KEY, "still", description="never rotated"),
    resource(BUCKET, "data", bucket="example-data"),
    resource(BUCKET, "open", bucket="example-open", acl="public-read"),
    resource(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "data",
        bucket=ref(BUCKET, "data"),
        blockPublicAcls=True,
        blockPublicPolicy=True,
        ignorePublicAcls=True,
        restrictPublicBuckets=True,
    ),
    resource(
        "aws:s3/bucketVersioning:BucketVersioning",
        "data",
        bucket=ref(BUCKET, "data"),
        versioningConfiguration={"status": "Enabled"},
    ),
    resource(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "data",
        bucket=ref(BUCKET, "data"),
        rules=[
            {
                "applyServerSideEncryptionByDefault": {
                    "sseAlgorithm": "aws:kms",
                    "kmsMasterKeyId": ref(KEY, "main", "arn"),
                }
            }
        ],
    ),
    resource(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "data",
        bucket=ref(BUCKET, "data"),
        rules=[
            {
                "id": "uploads",
                "status": "Enabled",
                "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
            }
        ],
    ),
    resource(
        "aws:s3/bucketPolicy:BucketPolicy",
        "open",
        bucket=ref(BUCKET, "open"),
        policy=with_bucket("open", Principal="*", Action="s3:*", Resource="@/*"),
    ),
    resource(
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "page",
        bucket=ref(BUCKET, "open"),
        key="index.html",
        source=Asset("file", "index.html"),
    ),
    resource(
        "aws:rds/instance:Instance",
        "main",
        identifier="main",
        engine="postgres",
        instanceClass="db.t4g.micro",
        allocatedStorage=20,
        username="app",
        publiclyAccessible=True,
        backupRetentionPeriod=7,
        storageEncrypted=True,
    ),
    resource(
        "aws:rds/cluster:Cluster",
        "main",
        clusterIdentifier="main",
        engine="aurora-postgresql",
        masterUsername="app",
        iamDatabaseAuthenticationEnabled=True,
        enabledCloudwatchLogsExports=["postgresql"],
    ),
    resource(
        "aws:dynamodb/table:Table",
        "items",
        name="items",
        billingMode="PAY_PER_REQUEST",
        hashKey="id",
        attributes=[{"name": "id", "type": "S"}],
        pointInTimeRecovery={"enabled": True},
    ),
    resource("aws:sqs/queue:Queue", "failed", name="failed", sqsManagedSseEnabled=True),
    resource("aws:sns/topic:Topic", "alarms", name="alarms", kmsMasterKeyId=ref(KEY, "main")),
    resource("aws:secretsmanager/secret:Secret", "key", name="key"),
)

IDENTITY = (
    resource(
        ROLE,
        "web",
        name="web",
        assumeRolePolicy=policy(
            Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"
        ),
    ),
    resource(
        ROLE,
        "anybody",
        name="anybody",
        assumeRolePolicy=policy(Principal={"AWS": "*"}, Action="sts:AssumeRole"),
    ),
    resource("aws:iam/instanceProfile:InstanceProfile", "web", role=ref(ROLE, "web", "name")),
    resource(
        "aws:iam/policy:Policy",
        "everything",
        name="everything",
        policy=policy(Action="*", Resource="*"),
    ),
    resource(
        "aws:iam/rolePolicy:RolePolicy",
        "read",
        role=ref(ROLE, "web"),
        policy=with_bucket("data", Action=["s3:GetObject"], Resource=["@/home/${aws:username}/*"]),
    ),
    resource("aws:iam/user:User", "person", name="person"),
    resource(
        "aws:iam/userPolicy:UserPolicy",
        "person",
        user=ref("aws:iam/user:User", "person", "name"),
        policy=policy(Action="iam:PassRole", Resource="*"),
    ),
)

MEASURED: Value = {
    "cloudwatchMetricsEnabled": True,
    "metricName": "edge",
    "sampledRequestsEnabled": False,
}
WATCHING = (
    resource("aws:cloudwatch/logGroup:LogGroup", "web", name="web", retentionInDays=30),
    resource(
        "aws:cloudtrail/trail:Trail",
        "main",
        name="main",
        s3BucketName=ref(BUCKET, "data"),
        isMultiRegionTrail=True,
        enableLogFileValidation=True,
        includeGlobalServiceEvents=True,
    ),
    resource(
        "aws:cloudfront/distribution:Distribution",
        "site",
        enabled=True,
        defaultRootObject="index.html",
        origins=[
            {
                "domainName": ref(BUCKET, "open", "bucketRegionalDomainName"),
                "originId": "site",
            }
        ],
        defaultCacheBehavior={
            "allowedMethods": ["GET", "HEAD"],
            "cachedMethods": ["GET", "HEAD"],
            "targetOriginId": "site",
            "viewerProtocolPolicy": "allow-all",
        },
        restrictions={"geoRestriction": {"restrictionType": "none"}},
        viewerCertificate={"cloudfrontDefaultCertificate": True},
    ),
    resource(
        "aws:wafv2/webAcl:WebAcl",
        "edge",
        name="edge",
        scope="CLOUDFRONT",
        defaultAction={"allow": {}},
        visibilityConfig=MEASURED,
        rules=[
            {
                "name": "flood",
                "priority": 0,
                "action": {"block": {}},
                "statement": {"rateBasedStatement": {"limit": 2000, "aggregateKeyType": "IP"}},
                "visibilityConfig": MEASURED,
            },
            {
                "name": "inputs",
                "priority": 1,
                "overrideAction": {"none": {}},
                "statement": {
                    "managedRuleGroupStatement": {
                        "name": "AWSManagedRulesKnownBadInputsRuleSet",
                        "vendorName": "AWS",
                        "scopeDownStatement": {
                            "notStatement": {
                                "statement": {
                                    "byteMatchStatement": {
                                        "searchString": "/images",
                                        "positionalConstraint": "EXACTLY",
                                        "fieldToMatch": {"uriPath": {}},
                                        "textTransformations": [{"priority": 0, "type": "NONE"}],
                                    }
                                }
                            }
                        },
                    }
                },
                "visibilityConfig": MEASURED,
            },
        ],
    ),
    resource("aws:apigateway/restApi:RestApi", "api", name="api"),
    resource(
        "aws:apigateway/stage:Stage",
        "api",
        restApi=ref("aws:apigateway/restApi:RestApi", "api"),
        deployment="abc123",
        stageName="prod",
        xrayTracingEnabled=True,
        accessLogSettings={
            "destinationArn": ref("aws:cloudwatch/logGroup:LogGroup", "web", "arn"),
            "format": "$context.requestId",
        },
    ),
)

EQUIVALENT: Graph = graph(*NETWORK, *COMPUTE, *DATA, *IDENTITY, *WATCHING)
