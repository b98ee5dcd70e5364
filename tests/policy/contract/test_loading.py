"""A contract is read exactly, and every mistake in it is shown at its line and column."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.contract import ContractError, Flow, Group, Place, Waiver, load, read
from stackproof.contract.source import MAX_BYTES, parse

WHOLE = """\
# yaml-language-server: $schema=stackproof/schemas/contract.schema.json
groups:
  load-balancer: {type: "aws:lb/loadBalancer:LoadBalancer", name: api}
  api: {type: "aws:autoscaling/group:Group"}
  api-role: {type: "aws:iam/role:Role"}
  images: {type: "aws:s3/bucket:Bucket"}
  thumbnailer: {type: "aws:lambda/function:Function", optional: true}
  admin: {cidr: [203.0.113.0/24]}
  s3: {service: s3}
network:
  flows:
    - {from: internet, to: load-balancer, allow: [tcp/80, tcp/443]}
    - {from: load-balancer, to: api, allow: [tcp/8081]}
  never:
    - {from: internet, to: api}
    - {from: admin, to: load-balancer, path: proxied}
identity:
  principals:
    api:
      role: api-role
      assumed_by: [{service: ec2.amazonaws.com}]
      may:
        - actions: [s3:GetObject]
          resources: [images/orig/*]
          when: {StringEquals: {"aws:SourceVpc": [a, b]}, Bool: {"aws:SecureTransport": "true"}}
  resources:
    images:
      - {who: {principal: api}, actions: ["s3:*"]}
availability:
  survive: any one zone
  keep: {api: {instances: 2}}
  flows: {except: [{from: load-balancer, to: api, reason: one is enough}]}
  boot: [api]
events:
  triggers: [{from: images/orig/*, to: thumbnailer}]
waivers:
  - claim: availability.keep.api
    reason: a test
    owner: ops
    expires: 2027-03-31
"""


def written(folder: Path, text: str, name: str = "contract.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(path: Path) -> list[str]:
    with pytest.raises(ContractError) as caught:
        load(path)
    return [str(problem).removeprefix(f"{path.parent}/") for problem in caught.value.problems]


@pytest.fixture
def at(tmp_path: Path) -> Path:
    return tmp_path


def test_a_whole_contract_is_read_as_it_is_written(at: Path) -> None:
    contract = load(written(at, WHOLE))
    assert contract.groups["load-balancer"] == Group(
        type="aws:lb/loadBalancer:LoadBalancer", name="api"
    )
    assert contract.network is not None
    assert contract.network.flows[1] == Flow("load-balancer", "api", ("tcp/8081",))
    assert contract.identity is not None
    grant = contract.identity.principals["api"].may[0]
    assert grant.when["StringEquals"]["aws:SourceVpc"] == ("a", "b")
    assert contract.waivers == (
        Waiver("availability.keep.api", "a test", "ops", dt.date(2027, 3, 31)),
    )


def test_every_key_and_item_knows_where_it_stands(at: Path) -> None:
    path = written(at, WHOLE)
    located = read(path)
    assert located.place("groups", "api") == Place(str(path), 4, 3)
    assert located.place("network", "flows", 1) == Place(str(path), 13, 7)
    assert located.place("waivers", 0, "expires") == Place(str(path), 40, 5)
    assert located.place("waivers", 0, "resources") == located.place("waivers", 0)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'api: {type: "aws:auto',
            'api: {typ: "aws:auto',
            ["contract.yaml:4:9: groups.api.typ: unknown key; did you mean 'type'?"],
        ),
        (
            "network:",
            "netwrk:",
            ["contract.yaml:10:1: netwrk: unknown key; did you mean 'network'?"],
        ),
        (
            "to: api, allow: [tcp/8081]}",
            "to: api}",
            ["contract.yaml:13:7: network.flows[1]: 'allow' is missing"],
        ),
        (
            "[tcp/8081]",
            "tcp/8081",
            [
                (
                    "contract.yaml:13:45: network.flows[1].allow: expected a list ([tcp/8081]),"
                    " found 'tcp/8081'"
                )
            ],
        ),
        (
            "owner: ops",
            "owner: 7",
            ["contract.yaml:39:12: waivers[0].owner: expected text ('7' in quotes), found 7"],
        ),
        (
            "2027-03-31",
            "2027-03-32",
            [
                (
                    "contract.yaml:40:14: waivers[0].expires: '2027-03-32' cannot be read:"
                    " day is out of range for month"
                )
            ],
        ),
        (
            "2027-03-31",
            "soon",
            [
                (
                    "contract.yaml:40:14: waivers[0].expires: expected a date such as 2027-03-31,"
                    " found 'soon'"
                )
            ],
        ),
        (
            "instances: 2",
            "instances: yes",
            [
                (
                    "contract.yaml:31:27: availability.keep.api.instances: expected a whole number,"
                    " found true"
                )
            ],
        ),
        (
            "any one zone",
            "anything",
            [
                (
                    "contract.yaml:30:12: availability.survive: expected 'any one zone',"
                    " found 'anything'"
                )
            ],
        ),
        (
            "keep: {api: {instances: 2}}",
            "keep:",
            ["contract.yaml:31:8: availability.keep: expected a mapping of names, found nothing"],
        ),
        (
            "flows: {except: [{from: load-balancer, to: api, reason: one is enough}]}",
            "flows: all",
            [
                (
                    "contract.yaml:32:10: availability.flows: expected a mapping with except,"
                    " found 'all'"
                )
            ],
        ),
    ],
)
def test_what_does_not_fit_is_shown_at_its_place(
    at: Path, old: str, new: str, expected: list[str]
) -> None:
    assert problems(written(at, WHOLE.replace(old, new, 1))) == expected


def test_several_mistakes_are_shown_at_once_in_reading_order(at: Path) -> None:
    text = WHOLE.replace("typ", "tip").replace("owner: ops", "owner: [ops]")
    lines = [problem.split(": ")[0] for problem in problems(written(at, text))]
    assert lines == [
        f"contract.yaml:{at}" for at in ("3:19", "4:9", "5:14", "6:12", "7:17", "39:12")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "contract.yaml:1:1: the contract is empty; it needs 'groups'"),
        ("- a\n", "contract.yaml:1:1: a contract is a mapping that begins with 'groups:'"),
        ("network: {}\n", "contract.yaml:1:1: 'groups' is missing"),
        (
            "groups: {}\n---\ngroups: {}\n",
            "contract.yaml:2:1: a contract is one YAML document; remove the second",
        ),
        (
            "groups:\n  a: {service: s3}\n  b: {service: s3}\n  a: {service: s3}\n",
            "contract.yaml:4:3: groups.a: this key is already on line 2; keep one of the two",
        ),
        (
            "groups:\n  a: &x {service: s3}\n  b: *x\n",
            "contract.yaml:3:6: groups.b: aliases (*x) are not read; write the value out",
        ),
        (
            "groups: !!python/object/apply:os.system [true]\n",
            (
                "contract.yaml:1:9: groups: tags (tag:yaml.org,2002:python/object/apply:os.system)"
                " are not read; remove it"
            ),
        ),
        ("groups: {[a]: b}\n", "contract.yaml:1:10: groups: a key must be plain text"),
        ("groups: [" + "[" * 50, "nested more than 20 deep"),
        ("groups: {a: b\n", "contract.yaml:2:1: not YAML: "),
        ("a: \x07", "not YAML: "),
        ("groups: {a: {service: 'x}}", "not YAML: "),
    ],
)
def test_what_is_not_plain_yaml_is_refused(at: Path, text: str, expected: str) -> None:
    (problem,) = problems(written(at, text))
    assert expected in problem


def test_a_file_too_large_to_be_a_contract_is_refused_unread(at: Path) -> None:
    path = at / "contract.yaml"
    with path.open("wb") as file:
        file.truncate(200 * MAX_BYTES)
    assert problems(path) == ["contract.yaml:1:1: larger than 1 MB; is this the contract?"]


def test_a_file_that_is_not_text_is_refused(at: Path) -> None:
    path = at / "contract.yaml"
    path.write_bytes(b"groups:\n  \xff\xfe")
    assert problems(path) == ["contract.yaml:2:1: not UTF-8 text; is this the contract?"]


def test_a_file_that_is_not_there_is_refused(at: Path) -> None:
    assert problems(at / "none.yaml") == [
        "none.yaml:1:1: cannot be read: no such file or directory"
    ]


def test_names_that_yaml_takes_for_values_are_still_names(at: Path) -> None:
    path = written(at, "groups:\n  no: {service: s3}\n  on: {service: s3}\n")
    assert list(load(path).groups) == ["no", "on"]


@given(text=st.text(max_size=80))
def test_no_text_makes_the_reader_fail_in_another_way(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        parse(path)
    except ContractError as error:
        assert error.problems  # noqa: PT017 - either outcome is right, any other exception is not
