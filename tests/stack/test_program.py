"""The program, run for each stack: what it declares, and in what order it would be made."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
import yaml

from cinema.subnets import Tier
from tests.stack.engine_double import ROOT, Registered, World, configuration, run

STACKS = ("seed", "dev", "prod")
INSTANCE = "aws:ec2/instance:Instance"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GROUP = "aws:autoscaling/group:Group"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ROUTE = "aws:ec2/route:Route"
ALONE = {"seed": {"bastion"}, "dev": {"bastion"}, "prod": set[str]()}
"""Instances that are no member of the database."""
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"


@functools.cache
def world(stack: str) -> World:
    return run(stack)


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def every(stack: str) -> World:
    return world(stack)


def needs(found: World, start: Registered) -> set[str]:
    """The names, with types, of everything that must be made before `start` is."""
    by_urn = {r.urn: r for r in found.resources}
    seen: set[str] = set()
    queue = list(start.needs)
    while queue:
        urn = queue.pop()
        if urn not in seen and urn in by_urn:
            seen.add(urn)
            queue.extend(by_urn[urn].needs)
    return {f"{by_urn[urn].type.split(':')[-1]} {by_urn[urn].name}" for urn in seen}


def rules_of(found: World, group: str) -> set[str]:
    """Every security-group rule by which a group speaks or listens, as `needs` names them."""
    says = {
        f"SecurityGroupEgressRule {n}" for n in found.of(EGRESS) if n.startswith(f"{group}-to-")
    }
    hears = {f"SecurityGroupIngressRule {n}" for n in found.of(INGRESS) if f"-to-{group}-" in n}
    assert hears
    return says | hears


def texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - inputs are any JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


# ── the ground ──────────────────────────────────────────────────────────────────────────────────


def test_there_are_nine_subnets_three_to_a_tier_and_zone(every: World) -> None:
    subnets = every.of("aws:ec2/subnet:Subnet").values()
    zones = Counter(r.inputs["availabilityZone"] for r in subnets)
    assert zones == {f"us-east-1{letter}": 3 for letter in "abc"}
    assert Counter(r.name.split("-")[0] for r in subnets) == {tier.value: 3 for tier in Tier}
    assert not any(r.inputs["mapPublicIpOnLaunch"] for r in subnets)


def test_private_subnets_leave_by_nat_and_database_subnets_not_at_all(every: World) -> None:
    tables = {
        name: [
            route.inputs for route in every.of(ROUTE).values()
            if route.inputs["routeTableId"] == f"id-of:aws:ec2/routeTable:RouteTable:{name}"
        ]
        for name in every.of("aws:ec2/routeTable:RouteTable")
    }  # fmt: skip
    assert tables.pop("database") == []
    assert ["gatewayId" in route for route in tables.pop("public")] == [True]
    assert set(tables) == {f"private-us-east-1{letter}" for letter in "abc"}
    assert all(
        ["natGatewayId" in route for route in routes] == [True] for routes in tables.values()
    )


@pytest.mark.parametrize(("name", "count"), [("seed", 3), ("dev", 1), ("prod", 3)])
def test_nat_gateways_stand_where_the_configuration_wants_them(name: str, count: int) -> None:
    gateways = world(name).of("aws:ec2/natGateway:NatGateway")
    assert len(gateways) == count
    routes = world(name).of(ROUTE)
    for letter in "abc":
        gateway = routes[f"private-us-east-1{letter}-to-internet"].inputs["natGatewayId"]
        zone = letter if count > 1 else "a"
        assert gateway == f"id-of:aws:ec2/natGateway:NatGateway:nat-us-east-1{zone}"


def test_rules_are_never_inline_and_the_default_group_is_empty(every: World) -> None:
    for group in every.of("aws:ec2/securityGroup:SecurityGroup").values():
        assert not {"ingress", "egress"} & set(group.inputs)
    for acl in every.of("aws:ec2/networkAcl:NetworkAcl").values():
        assert not {"ingress", "egress"} & set(acl.inputs)
    (default,) = every.of("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").values()
    assert (default.inputs["ingress"], default.inputs["egress"]) == ([], [])


def test_what_one_group_may_say_to_another_the_other_hears(every: World) -> None:
    def between(type_: str) -> set[str]:
        rules = every.of(type_).values()
        return {r.name for r in rules if "referencedSecurityGroupId" in r.inputs}

    assert between(EGRESS) == between(INGRESS)


# ── instances ───────────────────────────────────────────────────────────────────────────────────


def test_every_instance_has_imdsv2_and_an_encrypted_gp3_disk(every: World) -> None:
    (template,) = every.of(TEMPLATE).values()
    disks = [template.inputs["blockDeviceMappings"][0]["ebs"]]
    metadata = [template.inputs["metadataOptions"]]
    for instance in every.of(INSTANCE).values():
        disks.append(instance.inputs["rootBlockDevice"])
        metadata.append(instance.inputs["metadataOptions"])
    disks += [
        {"volumeType": v.inputs["type"], "encrypted": v.inputs["encrypted"]}
        for v in every.of("aws:ebs/volume:Volume").values()
    ]
    assert {str(disk["encrypted"]).lower() for disk in disks} == {"true"}
    assert {disk["volumeType"] for disk in disks} == {"gp3"}
    assert {options["httpTokens"] for options in metadata} == {"required"}
    assert {options["httpPutResponseHopLimit"] for options in metadata} == {1}


def test_only_a_bastion_has_a_public_address(stack: str, every: World) -> None:
    public = {
        name: instance.inputs["associatePublicIpAddress"]
        for name, instance in every.of(INSTANCE).items()
    }
    assert {name for name, is_public in public.items() if is_public} == ALONE[stack]


@pytest.mark.parametrize(("name", "zones"), [("seed", "a"), ("dev", "a"), ("prod", "abc")])
def test_the_database_has_a_member_with_its_own_volume_in_each_zone(name: str, zones: str) -> None:
    found = world(name)
    members = {f"database-us-east-1{letter}" for letter in zones}
    assert set(found.of(INSTANCE)) == {*ALONE[name], *members}
    assert set(found.of("aws:ebs/volume:Volume")) == members
    assert set(found.of("aws:ec2/volumeAttachment:VolumeAttachment")) == members
    for member in members:
        instance = found.of(INSTANCE)[member]
        assert instance.inputs["subnetId"] == f"id-of:aws:ec2/subnet:Subnet:{member}"
        assert set(instance.ignore_changes) == {"ami", "userData"}


def test_the_api_is_told_where_everything_is(stack: str, every: World) -> None:
    (template,) = every.of(TEMPLATE).values()
    user_data = base64.b64decode(template.inputs["userData"]).decode()
    (file,) = yaml.safe_load(user_data)["write_files"]
    told = dict(line.split("=", 1) for line in file["content"].splitlines())
    members = sorted(name for name in every.of(INSTANCE) if name.startswith("database-"))
    assert told["CINEMA_DATABASE_HOSTS"].split(",") == [
        f"{member}.cinema-{stack}.internal:27017" for member in members
    ]
    assert told["CINEMA_DATABASE_REPLICA_SET"] == f"cinema-{stack}"
    (images,) = (b for name, b in every.of("aws:s3/bucket:Bucket").items() if name == "images")
    assert told["CINEMA_IMAGE_BUCKET"] == images.inputs["bucket"]
    secrets = every.of("aws:secretsmanager/secret:Secret")
    for variable, part in (
        ("CINEMA_JWT_KEYS_ARN", "session-keys"),
        ("CINEMA_DATABASE_CREDENTIALS_ARN", "database-credentials"),
        ("CINEMA_DATABASE_CA_ARN", "database-ca"),
    ):
        assert told[variable].endswith(f":secret:{secrets[part].inputs['name']}")
    assert told["CINEMA_IMAGES"] == ("public" if stack == "seed" else "login")
    # What the load balancer says of a client is believed, so those are the subnets it stands in.
    entrance = "private-" if stack == "prod" else "public-"
    subnets = every.of("aws:ec2/subnet:Subnet")
    (balancer,) = every.of("aws:lb/loadBalancer:LoadBalancer").values()
    assert set(told["CINEMA_TRUSTED_PROXIES"].split(",")) == {
        s.inputs["cidrBlock"] for n, s in subnets.items() if n.startswith(entrance)
    }
    assert all(f":{entrance}" in subnet for subnet in balancer.inputs["subnets"])
    assert told["CINEMA_PUBLIC_SCHEME"] == ("https" if stack == "prod" else "http")
    website = (
        f"http://cinema-{stack}-site-123456789012-us-east-1.s3-website-us-east-1.amazonaws.com"
    )
    assert (
        told["CINEMA_CORS_ORIGINS"].split(",")
        == {
            "seed": [website],
            "dev": [website, "http://localhost:8000"],
            "prod": [""],
        }[stack]
    )


def test_a_member_has_a_name_at_its_planned_address_before_it_boots(
    stack: str, every: World
) -> None:
    (zone,) = every.of("aws:route53/zone:Zone").values()
    assert zone.inputs["name"] == f"cinema-{stack}.internal"
    assert zone.inputs["vpcs"] == [{"vpcId": "id-of:aws:ec2/vpc:Vpc:network"}]
    records = every.of("aws:route53/record:Record")
    members = {n: r for n, r in every.of(INSTANCE).items() if n.startswith("database-")}
    assert set(records) == set(members)
    for name, member in members.items():
        record = records[name].inputs
        assert record["name"] == f"{name}.cinema-{stack}.internal"
        assert (record["type"], record["records"]) == ("A", [member.inputs["privateIp"]])
        assert {f"Record {each}" for each in records} <= needs(every, member)


def test_a_member_is_told_names_and_where_its_secrets_are(stack: str, every: World) -> None:
    for name, member in every.of(INSTANCE).items():
        if name == "bastion":
            continue
        (file,) = yaml.safe_load(member.inputs["userData"])["write_files"]
        told = dict(line.split("=", 1) for line in file["content"].splitlines())
        assert told["CINEMA_DATABASE_SELF"] == f"{name}.cinema-{stack}.internal:27017"
        assert told["CINEMA_DATABASE_SELF"] in told["CINEMA_DATABASE_HOSTS"].split(",")
        assert told["CINEMA_SECRETS"].endswith(f":secret:cinema-{stack}/")
        assert told["CINEMA_LOG_GROUP"] == f"/cinema/{stack}/database"


def test_secrets_are_places_without_a_value_and_are_there_before_who_fills_them(
    every: World,
) -> None:
    secrets = every.of("aws:secretsmanager/secret:Secret")
    assert not every.of("aws:secretsmanager/secretVersion:SecretVersion")
    waiting = [r for n, r in every.of(INSTANCE).items() if n != "bastion"]
    (group,) = every.of(GROUP).values()
    for workload in (*waiting, group):
        made = needs(every, workload)
        assert {f"Secret {name}" for name in secrets} <= made
        assert {"VpcEndpoint secretsmanager", "VpcEndpoint logs"} <= made
        assert rules_of(every, "endpoints") <= made
    for member in waiting:
        made = needs(every, member)
        assert {"RolePolicyAttachment database-secrets", "LogGroup database"} <= made
        assert f"Volume {member.name}" in made


def test_every_members_volume_is_backed_up_each_night(stack: str, every: World) -> None:
    volumes = every.of("aws:ebs/volume:Volume")
    assert {v.inputs["tags"]["cinema-backup"] for v in volumes.values()} == {f"cinema-{stack}"}
    (selection,) = every.of("aws:backup/selection:Selection").values()
    assert len(selection.inputs["resources"]) == len(volumes)
    assert "RolePolicyAttachment backups" in needs(every, selection)
    (plan,) = every.of("aws:backup/plan:Plan").values()
    (rule,) = plan.inputs["rules"]
    assert rule["lifecycle"] == {"deleteAfter": {"prod": 35, "dev": 3, "seed": 7}[stack]}
    locks = every.of("aws:backup/vaultLockConfiguration:VaultLockConfiguration").values()
    assert [lock.inputs["minRetentionDays"] for lock in locks] == ([35] if stack == "prod" else [])


def test_the_group_keeps_an_even_spread_and_leaves_its_size_to_target_tracking(
    every: World,
) -> None:
    (group,) = every.of(GROUP).values()
    assert len(group.inputs["vpcZoneIdentifiers"]) == 3
    assert group.inputs["minSize"] == group.inputs["desiredCapacity"] == 3
    spread = group.inputs["availabilityZoneDistribution"]
    assert spread == {"capacityDistributionStrategy": "balanced-only"}
    assert group.ignore_changes == ("desiredCapacity",)
    assert group.inputs["healthCheckType"] == "ELB"
    assert group.inputs["launchTemplate"]["version"] == "1"


def test_the_load_balancer_asks_whether_instances_live_on_the_port_where_they_listen(
    every: World,
) -> None:
    (target,) = every.of("aws:lb/targetGroup:TargetGroup").values()
    check = target.inputs["healthCheck"]
    assert (target.inputs["port"], check["port"], check["path"]) == (8081, "8081", "/healthz")


def test_prod_has_no_load_balancer_that_is_public(stack: str, every: World) -> None:
    (balancer,) = every.of("aws:lb/loadBalancer:LoadBalancer").values()
    (listener,) = every.of("aws:lb/listener:Listener").values()
    assert balancer.inputs["internal"] is (stack == "prod")
    assert listener.inputs["port"] == (8080 if stack == "prod" else 80)
    assert [a["type"] for a in listener.inputs["defaultActions"]] == ["forward"]


# ── order ───────────────────────────────────────────────────────────────────────────────────────


def test_an_instance_of_the_api_finds_everything_it_needs_when_it_boots(every: World) -> None:
    (group,) = every.of(GROUP).values()
    made = needs(every, group)
    for group_name in ("api", "endpoints", "load-balancer", "database"):
        assert rules_of(every, group_name) <= made
    assert {f"Route {name}" for name in every.of(ROUTE)} <= made
    for tier in ("public", "private", "database"):
        acl_rules = {n for n in every.of("aws:ec2/networkAclRule:NetworkAclRule") if tier in n}
        assert {f"NetworkAclRule {name}" for name in acl_rules} <= made
    for name in ("api-read-images", "api-write-images", "api-write-log"):
        assert f"RolePolicyAttachment {name}" in made
    assert {"VpcEndpoint s3", "VpcEndpoint logs", "LogGroup api", "BucketPolicy images"} <= made
    for type_ in (
        "aws:lb/listener:Listener",
        "aws:ec2/natGateway:NatGateway",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/vpcEndpointRouteTableAssociation:VpcEndpointRouteTableAssociation",
        "aws:ec2/volumeAttachment:VolumeAttachment",
    ):
        assert {f"{type_.split(':')[-1]} {name}" for name in every.of(type_)} <= made


def test_members_and_bastion_find_their_tiers_rules_when_they_boot(every: World) -> None:
    for name, instance in every.of(INSTANCE).items():
        tier, group = ("public", "bastion") if name == "bastion" else ("database", "database")
        made = needs(every, instance)
        acl_rules = [n for n in every.of("aws:ec2/networkAclRule:NetworkAclRule") if tier in n]
        assert {f"NetworkAclRule {n}" for n in acl_rules} <= made
        assert rules_of(every, group) <= made


def test_a_notification_waits_for_the_permission_and_is_the_only_one(every: World) -> None:
    (notification,) = every.of("aws:s3/bucketNotification:BucketNotification").values()
    assert "Permission thumbnails" in needs(every, notification)
    (target,) = notification.inputs["lambdaFunctions"]
    assert target["filterPrefix"] == "orig/"


def test_a_function_waits_for_its_rights_and_its_log(every: World) -> None:
    (function,) = every.of("aws:lambda/function:Function").values()
    made = needs(every, function)
    assert {"RolePolicyAttachment thumbnails", "LogGroup thumbnails"} <= made
    assert "Queue thumbnails-failed" in made
    assert (function.inputs["runtime"], function.inputs["architectures"]) == (
        "python3.13",
        ["arm64"],
    )


def test_a_buckets_policy_waits_for_its_public_access_block(every: World) -> None:
    for name, policy in every.of("aws:s3/bucketPolicy:BucketPolicy").items():
        assert f"BucketPublicAccessBlock {name}" in needs(every, policy)


# ── the site ────────────────────────────────────────────────────────────────────────────────────


def test_the_site_is_uploaded_whole_and_told_where_the_api_is(stack: str, every: World) -> None:
    site = "id-of:aws:s3/bucket:Bucket:site"
    objects = {n: r for n, r in every.of(OBJECT).items() if r.inputs["bucket"] == site}
    folder = ROOT / "client_dist"
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert set(objects) == {*files, "config.json"}
    for name, file in objects.items():
        assert isinstance(file.inputs.get("source"), pulumi.FileAsset) == (name != "config.json")
        assert file.inputs["cacheControl"] == "no-cache"
    assert objects["main.js"].inputs["contentType"].startswith("text/javascript")
    assert objects["config.json"].inputs["key"] == "config.json"
    (config,) = (json.loads(r.inputs["content"]) for n, r in objects.items() if n == "config.json")
    address = "https://delivery.example" if stack == "prod" else "http://api.example"
    assert config == {"api": address}


def test_an_object_behind_the_cdn_is_named_by_its_content_and_elsewhere_by_its_file(
    stack: str, every: World
) -> None:
    files = {n: r for n, r in every.of(OBJECT).items() if "-site-" in r.inputs["bucket"]}
    for name, file in files.items():
        content = (ROOT / "client_dist" / name).read_bytes() if name != "config.json" else b""
        digest = hashlib.sha256(content).hexdigest()[:16]
        hashed = stack == "prod" and name != "config.json"
        assert file.inputs["key"] == (f"{digest}/{name}" if hashed else name)


def test_a_site_is_open_only_where_it_is_a_website(stack: str, every: World) -> None:
    open_ = stack != "prod"
    block = every.of("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert block["site"].inputs["blockPublicPolicy"] is not open_
    assert block["site"].inputs["blockPublicAcls"] is True
    assert all(block["images"].inputs[key] for key in (
        "blockPublicPolicy", "blockPublicAcls", "ignorePublicAcls", "restrictPublicBuckets"
    ))  # fmt: skip
    website = every.of("aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration")
    assert bool(website) is open_


# ── the whole ───────────────────────────────────────────────────────────────────────────────────


def test_everything_has_a_component_for_parent(every: World) -> None:
    components = {r.urn for r in every.resources if not r.custom}
    for resource in every.resources:
        if resource.custom:
            assert resource.parent in components, resource.name


def test_every_policy_document_is_known_before_anything_exists(every: World) -> None:
    documents = [
        resource.inputs[key]
        for resource in every.resources
        for key in ("policy", "assumeRolePolicy")
        if key in resource.inputs
    ]
    assert len(documents) >= 12
    for text in documents:
        assert json.loads(text)["Statement"]
        assert "id-of:" not in text
        assert "arn-of:" not in text


def test_nothing_that_looks_like_a_secret_is_declared(every: World) -> None:
    # The names of secrets, in policies and ARNs, are none; a secret's value would be one.
    secret = re.compile(
        r"password|(?<!Describe)secret(?!s\b|smanager|Value\b|:cinema-)|token=|AKIA"
        r"|BEGIN [A-Z ]*PRIVATE",
        re.IGNORECASE,
    )
    for resource in every.resources:
        assert not [text for text in texts(dict(resource.inputs)) if secret.search(text)]
    assert not every.of("aws:secretsmanager/secretVersion:SecretVersion")


@pytest.mark.parametrize(("name", "kept"), [("seed", False), ("dev", False), ("prod", True)])
def test_data_is_protected_where_the_configuration_says_so(name: str, *, kept: bool) -> None:
    found = world(name)
    # The repository makes them again, whenever they are wanted.
    made_again = {"artifacts"}
    for type_ in (
        "aws:s3/bucket:Bucket",
        "aws:ebs/volume:Volume",
        "aws:secretsmanager/secret:Secret",
        "aws:backup/vault:Vault",
    ):
        of_data = {n: r for n, r in found.of(type_).items() if n not in made_again}
        assert {r.protect for r in of_data.values()} == {kept}
    for name_, bucket in found.of("aws:s3/bucket:Bucket").items():
        if name_ in made_again:
            continue
        assert bucket.inputs["forceDestroy"] is not kept
    for member, instance in found.of(INSTANCE).items():
        if member != "bastion":
            # Against the console; Pulumi must be able to replace a member, whose data stay.
            assert instance.inputs["disableApiTermination"] is kept
            assert instance.inputs["forceDestroy"] is True
            assert not instance.protect
    (balancer,) = found.of("aws:lb/loadBalancer:LoadBalancer").values()
    assert balancer.inputs["enableDeletionProtection"] is kept


def test_a_zone_more_renames_and_moves_nothing() -> None:
    def subnets(found: World) -> dict[str, Any]:
        return {r.urn: r.inputs["cidrBlock"] for r in found.of("aws:ec2/subnet:Subnet").values()}

    before = subnets(world("prod"))
    after = subnets(run("prod", zones='["us-east-1d", "us-east-1a", "us-east-1b", "us-east-1c"]'))
    assert before.items() <= after.items()
    assert len(after) == 12


def test_a_bad_setting_stops_the_program_before_it_declares_anything() -> None:
    found = run("seed", adminCidrs='["0.0.0.0/0"]')
    assert found.refusal.startswith("cinema:adminCidrs: '0.0.0.0/0' is wider")
    assert {r.type for r in found.resources} <= {"pulumi:pulumi:Stack"}


def test_nothing_that_the_provider_calls_deprecated_is_used(every: World) -> None:
    assert [text for text in every.warnings if "build/thumbnailer" not in text] == []


def test_the_stacks_tag_what_they_make() -> None:
    for name in STACKS:
        tags = json.loads(configuration(name)["aws:defaultTags"])["tags"]
        assert tags == {"project": "cinema", "stack": name, "managed-by": "pulumi"}
