"""The ids, ARNs and names that the AWS test double invents, in the formats that AWS uses.

Invented from the URN, so that a second run invents the same. A type without an entry gets a
plain id and an `arn` of the usual shape: enough for a program that passes them on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

IDENTITY = frozenset(
    {
        "availabilityZone", "bucket", "cidrBlock", "functionName", "name", "namePrefix",
        "policyArn", "queueName", "role", "subnetId", "version", "vpcId",
    }
)  # fmt: skip
"""Inputs whose change makes another resource. AWS has more; these are what the tests need."""

_EVERYWHERE = ("aws:budgets/", "aws:cloudfront/", "aws:iam/", "aws:route53/")
"""Services without regions, whose types take none."""

Properties = dict[str, Any]


def _decoded(value: Any) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Account:
    """Where the double pretends to be."""

    number: str = "000000000000"
    region: str = "us-east-1"
    tags: Mapping[str, str] = field(default_factory=dict)
    """The provider's default tags."""

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Account:
        """From the provider's configuration, whose lists come as JSON text."""
        numbers = _decoded(arguments.get("allowedAccountIds")) or []
        tags = _decoded(arguments.get("defaultTags")) or {}
        return cls(
            number=str(numbers[0]) if numbers else cls.number,
            region=str(arguments.get("region") or cls.region),
            tags=tags.get("tags") or {},
        )

    def filled_in(self, type_: str, inputs: Mapping[str, Any]) -> Properties:
        """What the real provider adds to inputs without noting it (pulumi-aws, `tags.go` and
        `region.go`); here to every type alike, but that some services have no regions."""
        tags = inputs.get("tags")
        found: Properties = {"tagsAll": {**self.tags, **(tags if isinstance(tags, dict) else {})}}
        if not type_.startswith(_EVERYWHERE):
            found["region"] = inputs.get("region") or self.region
        return found

    def caller(self) -> Properties:
        """As `sts:GetCallerIdentity` answers."""
        arn = f"arn:aws:iam::{self.number}:user/test-double"
        return {"accountId": self.number, "arn": arn, "id": self.number, "userId": "AIDATESTDOUBLE"}

    def where(self) -> Properties:
        """The configured region."""
        return {"id": self.region, "region": self.region, "name": self.region}

    def partition(self) -> Properties:
        """The commercial partition."""
        return {
            "id": "aws", "partition": "aws", "dnsSuffix": "amazonaws.com",
            "reverseDnsPrefix": "com.amazonaws",
        }  # fmt: skip

    def zones(self) -> Properties:
        """The first three zones of the region."""
        names = [f"{self.region}{letter}" for letter in "abc"]
        return {"id": self.region, "names": names, "zoneIds": names, "state": "available"}


@dataclass(frozen=True)
class _New:
    """A resource that is being made."""

    urn: str
    inputs: Mapping[str, Any]
    account: Account

    def hash(self, salt: str = "") -> str:
        return hashlib.sha256(f"{salt}{self.urn}".encode()).hexdigest()[:17]

    def name(self, key: str = "name") -> str:
        """The given name, or one made as Pulumi makes them."""
        given = self.inputs.get(key)
        return str(given) if given else f"{self.urn.rsplit('::', 1)[-1]}-{self.hash()[:7]}"

    def arn(self, service: str, rest: str, *, region: bool = True, account: bool = True) -> str:
        where = self.account.region if region else ""
        who = self.account.number if account else ""
        return f"arn:aws:{service}:{where}:{who}:{rest}"


Make = Callable[[_New], str]


def _hashed(prefix: str, salt: str = "") -> Make:
    return lambda new: f"{prefix}-{new.hash(salt)}"


def _named(key: str = "name") -> Make:
    return lambda new: new.name(key)


def _ec2(kind: str, id_: Make) -> Make:
    return lambda new: new.arn("ec2", f"{kind}/{id_(new)}")


def _constant(value: object) -> Callable[[_New], Any]:
    return lambda new: value  # noqa: ARG005 -- every entry takes what is being made


def _iam(kind: str) -> Make:
    return lambda new: new.arn("iam", f"{kind}/{new.name()}", region=False)


def _address(salt: str) -> Make:
    return lambda new: f"198.51.100.{int(new.hash(salt)[:4], 16) % 254 + 1}"


def _private(new: _New) -> str:
    given = new.inputs.get("privateIp")
    return str(given) if given else f"10.0.0.{int(new.hash()[:4], 16) % 254 + 1}"


def _load_balancer(new: _New) -> str:
    return new.arn("elasticloadbalancing", f"loadbalancer/app/{new.name()}/{new.hash()[:16]}")


def _target_group(new: _New) -> str:
    return new.arn("elasticloadbalancing", f"targetgroup/{new.name()}/{new.hash()[:16]}")


def _bucket_arn(new: _New) -> str:
    return new.arn("s3", new.name("bucket"), region=False, account=False)


def _function(new: _New) -> str:
    return new.arn("lambda", f"function:{new.name()}")


def _queue_url(new: _New) -> str:
    return f"https://sqs.{new.account.region}.amazonaws.com/{new.account.number}/{new.name()}"


# Type -> how its id is made, and each computed output. The id's own ARN form where AWS uses one.
_EC2_KINDS = {
    "aws:ec2/vpc:Vpc": ("vpc", "vpc"),
    "aws:ec2/subnet:Subnet": ("subnet", "subnet"),
    "aws:ec2/securityGroup:SecurityGroup": ("security-group", "sg"),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ("security-group", "sg"),
    "aws:ec2/routeTable:RouteTable": ("route-table", "rtb"),
    "aws:ec2/internetGateway:InternetGateway": ("internet-gateway", "igw"),
    "aws:ec2/natGateway:NatGateway": ("natgateway", "nat"),
    "aws:ec2/eip:Eip": ("elastic-ip", "eipalloc"),
    "aws:ec2/networkAcl:NetworkAcl": ("network-acl", "acl"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("vpc-endpoint", "vpce"),
    "aws:ec2/launchTemplate:LaunchTemplate": ("launch-template", "lt"),
    "aws:ec2/instance:Instance": ("instance", "i"),
    "aws:ebs/volume:Volume": ("volume", "vol"),
    "aws:ec2/flowLog:FlowLog": ("vpc-flow-log", "fl"),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("security-group-rule", "sgr"),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("security-group-rule", "sgr"),
}

_IDS: dict[str, Make] = {
    "aws:s3/bucket:Bucket": _named("bucket"),
    "aws:iam/role:Role": _named(),
    "aws:iam/user:User": _named(),
    "aws:iam/instanceProfile:InstanceProfile": _named(),
    "aws:iam/policy:Policy": _iam("policy"),
    "aws:lambda/function:Function": _named(),
    "aws:sqs/queue:Queue": _queue_url,
    "aws:sns/topic:Topic": lambda new: new.arn("sns", new.name()),
    "aws:cloudwatch/logGroup:LogGroup": _named(),
    "aws:lb/loadBalancer:LoadBalancer": _load_balancer,
    "aws:lb/targetGroup:TargetGroup": _target_group,
    "aws:lb/listener:Listener": lambda new: new.arn(
        "elasticloadbalancing", f"listener/app/{new.hash()[:8]}/{new.hash()[:16]}"
    ),
    "aws:autoscaling/group:Group": _named(),
    **{type_: _hashed(prefix) for type_, (_, prefix) in _EC2_KINDS.items()},
}

_OUTPUTS: dict[str, dict[str, Callable[[_New], Any]]] = {
    "aws:s3/bucket:Bucket": {
        "arn": _bucket_arn,
        "bucket": _named("bucket"),
        "bucketDomainName": lambda new: f"{new.name('bucket')}.s3.amazonaws.com",
        "bucketRegionalDomainName": lambda new: (
            f"{new.name('bucket')}.s3.{new.account.region}.amazonaws.com"
        ),
        "hostedZoneId": _constant("Z3AQBSTGFYJSTF"),
    },
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": {
        "websiteEndpoint": lambda new: (
            f"{new.inputs.get('bucket')}.s3-website-{new.account.region}.amazonaws.com"
        ),
        "websiteDomain": lambda new: f"s3-website-{new.account.region}.amazonaws.com",
    },
    "aws:iam/role:Role": {
        "arn": _iam("role"), "name": _named(), "uniqueId": _hashed("AROA"),
    },
    "aws:iam/policy:Policy": {"arn": _iam("policy"), "name": _named()},
    "aws:iam/user:User": {"arn": _iam("user"), "name": _named()},
    "aws:iam/instanceProfile:InstanceProfile": {
        "arn": _iam("instance-profile"), "name": _named(),
    },
    "aws:lambda/function:Function": {
        "arn": _function,
        "name": _named(),
        "invokeArn": lambda new: (
            f"arn:aws:apigateway:{new.account.region}:lambda:path/2015-03-31/functions/"
            f"{_function(new)}/invocations"
        ),
        "version": _constant("1"),
        "qualifiedArn": lambda new: f"{_function(new)}:1",
    },
    "aws:sqs/queue:Queue": {
        "arn": lambda new: new.arn("sqs", new.name()), "url": _queue_url, "name": _named(),
    },
    "aws:sns/topic:Topic": {"arn": lambda new: new.arn("sns", new.name()), "name": _named()},
    "aws:cloudwatch/logGroup:LogGroup": {
        "arn": lambda new: new.arn("logs", f"log-group:{new.name()}"), "name": _named(),
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "arn": _load_balancer,
        "arnSuffix": lambda new: f"app/{new.name()}/{new.hash()[:16]}",
        "dnsName": lambda new: (
            f"{new.name()}-{int(new.hash()[:8], 16)}.{new.account.region}.elb.amazonaws.com"
        ),
        "zoneId": _constant("Z35SXDOTRQ7X7K"),
        "name": _named(),
    },
    "aws:lb/targetGroup:TargetGroup": {
        "arn": _target_group,
        "arnSuffix": lambda new: f"targetgroup/{new.name()}/{new.hash()[:16]}",
        "name": _named(),
    },
    "aws:lb/listener:Listener": {"arn": _IDS["aws:lb/listener:Listener"]},
    "aws:cloudfront/distribution:Distribution": {
        "arn": lambda new: new.arn("cloudfront", f"distribution/{new.hash()[:14]}", region=False),
        "domainName": lambda new: f"d{new.hash()[:13]}.cloudfront.net",
        "hostedZoneId": _constant("Z2FDTNDATAQYW2"),
    },
    "aws:acm/certificate:Certificate": {
        "arn": lambda new: new.arn("acm", f"certificate/{new.hash()}"),
        "domainValidationOptions": lambda new: [
            {
                "domainName": new.inputs.get("domainName"),
                "resourceRecordName": f"_{new.hash()}.{new.inputs.get('domainName')}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{new.hash()}.acm-validations.aws.",
            }
        ],
    },
    "aws:autoscaling/group:Group": {
        "arn": lambda new: new.arn(
            "autoscaling", f"autoScalingGroup:{new.hash()}:autoScalingGroupName/{new.name()}"
        ),
        "name": _named(),
    },
    **{
        type_: {"arn": _ec2(kind, _hashed(prefix))} for type_, (kind, prefix) in _EC2_KINDS.items()
    },
}  # fmt: skip
_OUTPUTS["aws:imagebuilder/image:Image"] = {
    "arn": lambda new: new.arn("imagebuilder", f"image/{new.hash()}/1.0.0/1"),
    "outputResources": lambda new: [
        {"amis": [{"image": _hashed("ami")(new), "region": new.account.region}]}
    ],
}
_OUTPUTS["aws:kms/key:Key"] = {
    "arn": lambda new: new.arn("kms", f"key/{new.hash()}"),
    "keyId": lambda new: new.hash(),
}
_OUTPUTS["aws:ec2/vpc:Vpc"] |= {
    "mainRouteTableId": _hashed("rtb", "main"),
    "defaultRouteTableId": _hashed("rtb", "main"),
    "defaultSecurityGroupId": _hashed("sg", "default"),
    "defaultNetworkAclId": _hashed("acl", "default"),
}
_OUTPUTS["aws:ec2/eip:Eip"] |= {
    "allocationId": _hashed("eipalloc"), "publicIp": _address("public"),
}  # fmt: skip
_OUTPUTS["aws:ec2/natGateway:NatGateway"] |= {"publicIp": _address("public")}
_OUTPUTS["aws:ec2/vpcEndpoint:VpcEndpoint"] |= {"prefixListId": _constant("pl-63a5400a")}
_OUTPUTS["aws:ec2/launchTemplate:LaunchTemplate"] |= {
    "latestVersion": _constant(1), "defaultVersion": _constant(1), "name": _named(),
}  # fmt: skip
_OUTPUTS["aws:ec2/instance:Instance"] |= {
    "privateIp": _private,
    "publicIp": _address("public"),
    "privateDns": lambda new: f"ip-{_private(new).replace('.', '-')}.ec2.internal",
    "primaryNetworkInterfaceId": _hashed("eni"),
}


def identity(type_: str, urn: str, inputs: Mapping[str, Any], account: Account) -> str:
    """The id that a new resource gets."""
    make = _IDS.get(type_, _hashed("double"))
    return make(_New(urn, inputs, account))


def computed(type_: str, urn: str, inputs: Mapping[str, Any], account: Account) -> Properties:
    """The outputs that are not inputs; an input that was given wins over one of these."""
    new = _New(urn, inputs, account)
    module, _, kind = type_.removeprefix("aws:").partition("/")
    usual: dict[str, Callable[[_New], Any]] = {
        "arn": lambda made: made.arn(module, f"{kind.split(':')[0]}/{made.hash()}")
    }
    return {name: make(new) for name, make in _OUTPUTS.get(type_, usual).items()}
