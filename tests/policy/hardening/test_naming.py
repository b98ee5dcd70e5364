"""Terraform's names of Pulumi's types: the well-known are right, and no wrong one is silent."""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from stackproof.hardening.naming import nameless, names

# (Terraform Registry, "AWS Provider"; Pulumi Registry, "AWS Classic".) Where the two differ most.
KNOWN = {
    "aws:alb/loadBalancer:LoadBalancer": "aws_alb",
    "aws:apigateway/restApi:RestApi": "aws_api_gateway_rest_api",
    "aws:appautoscaling/target:Target": "aws_appautoscaling_target",
    "aws:autoscaling/group:Group": "aws_autoscaling_group",
    "aws:cfg/rule:Rule": "aws_config_config_rule",
    "aws:cloudtrail/trail:Trail": "aws_cloudtrail",
    "aws:cloudwatch/eventRule:EventRule": "aws_cloudwatch_event_rule",
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "aws:cognito/userPool:UserPool": "aws_cognito_user_pool",
    "aws:dms/replicationInstance:ReplicationInstance": "aws_dms_replication_instance",
    "aws:ebs/volume:Volume": "aws_ebs_volume",
    "aws:ec2/eip:Eip": "aws_eip",
    "aws:ec2/flowLog:FlowLog": "aws_flow_log",
    "aws:ec2/instance:Instance": "aws_instance",
    "aws:ec2/networkAcl:NetworkAcl": "aws_network_acl",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/securityGroupRule:SecurityGroupRule": "aws_security_group_rule",
    "aws:ec2/subnet:Subnet": "aws_subnet",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:ec2transitgateway/transitGateway:TransitGateway": "aws_ec2_transit_gateway",
    "aws:elasticsearch/domain:Domain": "aws_elasticsearch_domain",
    "aws:elb/loadBalancer:LoadBalancer": "aws_elb",
    "aws:iam/policy:Policy": "aws_iam_policy",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (
        "aws_kinesis_firehose_delivery_stream"
    ),
    "aws:kms/key:Key": "aws_kms_key",
    "aws:lambda/function:Function": "aws_lambda_function",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lightsail/instance:Instance": "aws_lightsail_instance",
    "aws:neptune/cluster:Cluster": "aws_neptune_cluster",
    "aws:opensearch/domain:Domain": "aws_opensearch_domain",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "aws:redshift/subnetGroup:SubnetGroup": "aws_redshift_subnet_group",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketV2:BucketV2": "aws_s3_bucket",
    "aws:s3/bucketObjectv2:BucketObjectv2": "aws_s3_object",
    "aws:s3/bucketVersioning:BucketVersioning": "aws_s3_bucket_versioning",
    "aws:s3/bucketPolicy:BucketPolicy": "aws_s3_bucket_policy",
    "aws:sfn/stateMachine:StateMachine": "aws_sfn_state_machine",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "aws_vpc_security_group_ingress_rule"
    ),
    "aws:wafv2/webAcl:WebAcl": "aws_wafv2_web_acl",
}


@pytest.mark.parametrize(("token", "name"), KNOWN.items())
def test_what_everybody_knows(token: str, name: str) -> None:
    assert names()[token].name == name


def test_two_types_are_one_only_where_pulumi_renamed_it() -> None:
    shared: dict[str, list[str]] = {}
    for token, terraform in names().items():
        shared.setdefault(terraform.name, []).append(token)
    several = {name: tokens for name, tokens in shared.items() if len(tokens) > 1}

    arguments = {
        name: [set(names()[token].arguments) for token in tokens]
        for name, tokens in several.items()
    }
    for name, (one, *others) in arguments.items():
        assert all(len(one & other) >= 0.6 * len(one | other) for other in others), name
    assert len(several) < 20


def test_every_type_of_the_provider_is_in_the_file_once() -> None:
    spec = find_spec("pulumi_aws")
    assert spec is not None
    assert spec.origin is not None
    registered = re.compile(r"^@pulumi\.type_token\(\"(aws:\w+/[a-z][\w/:]+)\"\)", re.MULTILINE)
    tokens = Counter(
        found
        for source in Path(spec.origin).parent.rglob("*.py")
        for found in registered.findall(source.read_text("utf-8"))
    )

    assert set(tokens) == {*names(), *nameless()}


def test_nearly_everything_has_a_name() -> None:
    assert len(names()) > 1700
    assert len(nameless()) < 40


def test_a_type_is_read_with_its_blocks() -> None:
    arguments = names()["aws:cloudfront/distribution:Distribution"].arguments

    origin = arguments["origins"]
    assert (origin.name, origin.block) == ("origin", True)
    assert origin.nested is not None
    assert origin.nested["domainName"].name == "domain_name"
    assert (arguments["aliases"].name, arguments["aliases"].nested) == ("aliases", None)
