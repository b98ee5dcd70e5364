"""What the configuration may say, and how it is refused: always with its key."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network
from pathlib import Path

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinema.config import Config, ConfigError
from cinema.domain import DomainSettings
from cinema.settings import Settings
from tests.stack.engine_double import ROOT, configuration


def settings(stack: str = "prod", /, **changes: str | None) -> Settings:
    values: dict[str, str | None] = {
        **configuration(stack),
        **{key.replace("__", ":"): value for key, value in changes.items()},
    }
    return Settings.read(
        Config(values.get),
        project="cinema",
        stack=stack,
        root=ROOT,
        package=pulumi.AssetArchive({}),
    )


def refused(stack: str = "prod", /, **changes: str | None) -> str:
    with pytest.raises(ConfigError) as problem:
        settings(stack, **changes)
    return str(problem.value)


BAD: dict[str, list[str | None]] = {
    "aws:allowedAccountIds": [None, "[]", '["1"]', '["123456789012", "210987654321"]', "123"],
    "aws:region": [None, "moon", "cn-north-1", "us-gov-west-1"],
    "cinema:access": [None, "ssh"],
    "cinema:alarms": [None, "on", "alarms@localhost", "two@cinema.example, three@cinema.example"],
    "cinema:apiImage": [None, "ami-latest", "AMI-0a000000000000001"],
    "cinema:apiPatch": ["ami-0a000000000000001", "1.2/ami-0a000000000000001", "1.2.3/latest"],
    "cinema:apiInstances": [None, '{"min": 4, "max": 3}', '{"min": 0, "max": 3}', "3", "[]"],
    "cinema:apiInstanceType": ["large", "t4g", "T4G.nano"],
    "cinema:backupDays": [None, "0", "366", "week"],
    "cinema:cidr": [None, "10.0.0.0/8", "10.0.0.0/24", "10.0.0.1/16", "8.8.0.0/16", "fd00::/16"],
    "cinema:cloudTrail": [None, "on"],
    "cinema:configRecorder": [None, "on"],
    "cinema:corsOrigins": [None, '["*"]', '["https://cinema.example/"]', '["cinema.example"]'],
    "cinema:databaseImage": ["", "build it"],
    "cinema:databasePatch": ["newest"],
    "cinema:databaseInstanceType": ["db.r8g.large.big"],
    "cinema:databaseSnapshot": [None, "latest", "snap-1", "SNAP-0a1b2c3d"],
    "cinema:databaseVolumeGiB": ["0", "16385", "ten"],
    "cinema:databaseZones": [
        None, "[]", '["us-east-1d"]', '["us-east-1a", "us-east-1b"]',
        '["us-east-1a", "us-east-1a"]',
    ],
    "cinema:delivery": [None, "CDN", "private"],
    "cinema:domain": ["localhost", "https://cinema.example", "-.example"],
    "cinema:egress": [None, "none"],
    "cinema:guardDuty": [None, "on"],
    "cinema:hostedZone": ["Z0123456789ABC"],
    "cinema:images": [None, "private"],
    "cinema:keys": [None, "kms"],
    "cinema:monthlyBudgetUsd": [None, "0", "much", "1000001"],
    "cinema:previews": [None, "on", "true"],
    "cinema:protect": [None, "yes", "True"],
    "cinema:securityHub": [None, "on"],
    "cinema:shield": [None, "on"],
    "cinema:thumbnailConcurrency": ["0", "-1", "many"],
    "cinema:zones": [
        None, '["us-east-1a"]', '["eu-west-1a", "eu-west-1b"]', '["a", "b"]',
        '["us-east-1a", "us-east-1a"]', "us-east-1a",
    ],
}  # fmt: skip

BEHIND_A_SWITCH: dict[tuple[str, str], dict[str, list[str | None]]] = {
    ("cinema:previews", "create"): {
        "cinema:previewRepository": [None, "cinema", "a/b/c", "someone/*", "some one/cinema"],
        "cinema:previewStateBucket": [None, "A", "s3://state", "*"],
    },
    ("cinema:shield", "create"): {"cinema:shieldTerms": [None, "yes", "true"]},
    ("cinema:access", "bastion"): {
        "cinema:adminCidrs": [
            None, "[]", '["0.0.0.0/0"]', '["::/0"]', '["203.0.0.0/15"]', '["203.0.113.1/24"]',
            '["0.0.0.0/1", "128.0.0.0/1"]', '["10.0.5.0/24"]', '"203.0.113.0/24"', "[7]",
            '["203.0.113.0/24", "203.0.113.0/25"]',
        ],
        "cinema:bastionImage": ["none"],
        "cinema:bastionPatch": ["newest"],
        "cinema:keyName": [None],
    },
}  # fmt: skip
"""Keys that nothing reads unless the switch has this value, which it has not in prod."""


@pytest.mark.parametrize(
    ("switch", "key", "value"),
    [
        (switch, key, value)
        for switch, keys in BEHIND_A_SWITCH.items()
        for key, values in keys.items()
        for value in values
    ],
)
def test_what_a_switch_needs_is_refused_with_its_key(
    switch: tuple[str, str], key: str, value: str | None
) -> None:
    changed = {key.replace(":", "__"): value}
    assert refused(**changed, **{switch[0].replace(":", "__"): switch[1]}).startswith(f"{key}: ")
    settings(**changed)


@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in BAD.items() for value in values]
)
def test_a_value_that_cannot_be_used_is_refused_with_its_key(key: str, value: str | None) -> None:
    assert refused(**{key.replace(":", "__"): value}).startswith(f"{key}: ")


def test_every_key_that_the_three_stacks_set_is_one_that_is_refused_when_bad() -> None:
    keys = {key for stack in ("seed", "dev", "prod") for key in configuration(stack)}
    assert keys - {"aws:defaultTags"} == set(BAD).union(*BEHIND_A_SWITCH.values())


def test_every_key_that_the_program_reads_stands_in_the_configuration_of_prod() -> None:
    source = "".join(p.read_text() for p in (ROOT / "stack" / "cinema").glob("*.py"))
    read = set(re.findall(r'"(cinema:[A-Za-z]+)"', source))
    assert read == {key for key in configuration("prod") if key.startswith("cinema:")}


def test_the_message_says_how_to_set_what_is_missing() -> None:
    assert refused(cinema__cidr=None) == (
        "cinema:cidr: is missing; set it with `pulumi config set cinema:cidr VALUE`"
    )


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_administrators_networks_are_never_wider_than_16_bits(address: int, prefix: int) -> None:
    network = IPv4Network((address, prefix), strict=False)
    config = Config({"cinema:adminCidrs": json.dumps([str(network)])}.get)
    if prefix >= 16:
        assert config.admin_networks("cinema:adminCidrs") == (network,)
    else:
        with pytest.raises(ConfigError, match=r"wider than /16"):
            config.admin_networks("cinema:adminCidrs")


def test_a_domain_comes_with_its_zone_and_behind_a_cdn() -> None:
    zone = "Z0123456789ABC"
    chosen = settings(cinema__domain="cinema.example", cinema__hostedZone=zone)
    assert chosen.delivery is not None
    assert chosen.delivery.domain == DomainSettings(name="cinema.example", zone_id=zone)
    assert refused(cinema__domain="cinema.example").startswith("cinema:hostedZone: is missing")
    bad = refused(cinema__domain="cinema.example", cinema__hostedZone="cinema.example")
    assert bad.startswith("cinema:hostedZone: 'cinema.example' is not")
    unused = refused("dev", cinema__domain="cinema.example", cinema__hostedZone=zone)
    assert unused.startswith("cinema:domain: has no use without")


def test_a_cdn_is_refused_where_its_addresses_have_no_name() -> None:
    zones = '["eu-north-1a", "eu-north-1b"]'
    where = {"aws__region": "eu-north-1", "cinema__zones": zones}
    assert refused(**where).startswith("aws:region: a CDN can be had in: ap-northeast-1, ")


@pytest.mark.parametrize("stack", ["Prod", "my_stack", "a" * 40])
def test_a_stack_whose_name_cannot_be_part_of_a_buckets_is_refused(stack: str) -> None:
    with pytest.raises(ConfigError, match=r"^stack: "):
        Settings.read(
            Config(configuration("prod").get),
            project="cinema",
            stack=stack,
            root=ROOT,
            package=pulumi.AssetArchive({}),
        )


def test_a_file_of_the_site_without_a_known_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "client_dist").mkdir()
    (tmp_path / "client_dist" / "notes.docx").touch()
    with pytest.raises(ValueError, match=r"client_dist/notes\.docx"):
        Settings.read(
            Config(configuration("prod").get),
            project="cinema",
            stack="prod",
            root=tmp_path,
            package=pulumi.AssetArchive({}),
        )
