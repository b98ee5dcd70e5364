"""What AWS computes from inputs, and JSON with outputs inside."""

from __future__ import annotations

import json

import pytest

from stackproof.aws.values import Values, glob_text, parse_json, readable, resolve
from stackproof.model import Reference, Template, Unknown, Value
from tests.policy.graphs import ACCOUNT, graph, ref, resource
from tests.policy.identity.worlds import declared

BUCKET = "aws:s3/bucket:Bucket"
ROLE = "aws:iam/role:Role"
KEY = "aws:kms/key:Key"
PARAMETER = "aws:ssm/parameter:Parameter"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
QUEUE = "aws:sqs/queue:Queue"
SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 - a type
FUNCTION = "aws:lambda/function:Function"


@pytest.mark.parametrize(
    ("type_", "inputs", "property_", "text"),
    [
        (BUCKET, {"bucket": "b"}, "id", "b"),
        (BUCKET, {"bucket": "b"}, "arn", "arn:aws:s3:::b"),
        (BUCKET, {"bucket": "b"}, "bucketDomainName", "b.s3.amazonaws.com"),
        (ROLE, {"name": "r"}, "arn", f"arn:aws:iam::{ACCOUNT}:role/r"),
        (ROLE, {"name": "r", "path": "/team/"}, "arn", f"arn:aws:iam::{ACCOUNT}:role/team/r"),
        (ROLE, {"name": "r"}, "id", "r"),
        ("aws:iam/policy:Policy", {"name": "p"}, "id", f"arn:aws:iam::{ACCOUNT}:policy/p"),
        (QUEUE, {"name": "q"}, "arn", "arn:aws:sqs:us-east-1:A:q"),
        (QUEUE, {"name": "q"}, "id", f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/q"),
        (QUEUE, {"name": "q", "region": "cn-north-1"}, "arn", "arn:aws-cn:sqs:cn-north-1:A:q"),
        (FUNCTION, {"name": "f"}, "arn", "arn:aws:lambda:us-east-1:A:function:f"),
        (PARAMETER, {"name": "a/b"}, "arn", "arn:aws:ssm:us-east-1:A:parameter/a/b"),
        (PARAMETER, {"name": "/a"}, "arn", "arn:aws:ssm:us-east-1:A:parameter/a"),
        (LOG_GROUP, {"name": "/aws/x"}, "arn", "arn:aws:logs:us-east-1:A:log-group:/aws/x"),
    ],
)
def test_outputs_that_follow_from_inputs(
    type_: str, inputs: dict[str, str], property_: str, text: str
) -> None:
    world = graph(declared(type_, "it", inputs))
    assert resolve(world, ref(type_, "it", property_)) == text.replace(":A:", f":{ACCOUNT}:")


def test_two_ways_to_name_a_key_are_equal_and_keep_its_shape() -> None:
    world = Values(graph(resource(KEY, "data")))
    arn = world.text(ref(KEY, "data", "arn"))
    assert arn is not None
    assert arn.startswith(f"arn:aws:kms:us-east-1:{ACCOUNT}:key/")
    assert (
        world.text(Template((arn.partition("key/")[0] + "key/", ref(KEY, "data", "keyId")))) == arn
    )
    assert readable(arn) == f"arn:aws:kms:us-east-1:{ACCOUNT}:key/<data.id>"


def test_a_secret_has_six_unknown_characters_after_its_name() -> None:
    world = Values(graph(resource(SECRET, "db", name="db")))
    text = world.text(ref(SECRET, "db", "id"))
    assert text is not None
    assert text.count("#suffix") == 6


def test_a_generated_name_stays_symbolic_everywhere_alike() -> None:
    world = Values(graph(resource(BUCKET, "b"), resource(ROLE, "r", namePrefix="api-")))
    name = world.text(ref(BUCKET, "b", "bucket"))
    assert world.text(ref(BUCKET, "b", "arn")) == f"arn:aws:s3:::{name}"
    role = world.text(ref(ROLE, "r", "name"))
    assert role is not None
    assert role.startswith("api-")


def test_inputs_that_are_references_are_followed() -> None:
    world = graph(
        resource(BUCKET, "b", bucket="images"),
        resource("aws:s3/bucketPolicy:BucketPolicy", "p", bucket=ref(BUCKET, "b")),
    )
    assert resolve(world, ref("aws:s3/bucketPolicy:BucketPolicy", "p", "bucket")) == "images"


def test_a_cycle_of_inputs_stays_symbolic() -> None:
    world = graph(resource(BUCKET, "b", tag=ref(BUCKET, "b", "tag")))
    assert resolve(world, ref(BUCKET, "b", "tag")) == ref(BUCKET, "b", "tag")


def test_without_an_account_arns_of_one_graph_still_agree() -> None:
    world = graph(resource(ROLE, "r", name="r"))
    world = type(world)("p", "s", "program", world.resources)
    values = Values(world)
    arn = values.text(ref(ROLE, "r", "arn"))
    assert arn is not None
    assert readable(arn) == "arn:aws:iam::<accountId>:role/r"


def test_json_keeps_the_outputs_in_its_strings() -> None:
    document = json.dumps({"Statement": [{"Resource": ["@/*", "@"]}]})
    before, middle, after = document.split("@")
    arn = ref(BUCKET, "b", "arn")
    assert parse_json(Template((before, arn, middle, arn, after))) == {
        "Statement": [{"Resource": [Template((arn, "/*")), arn]}]
    }


def test_json_keeps_unknowns_in_its_strings() -> None:
    secret = Unknown("a secret")
    parsed = parse_json(Template(('{"a": "x', secret, '"}')))
    assert parsed == {"a": Template(("x", secret))}
    assert glob_text(parsed["a"]) is None


@pytest.mark.parametrize(
    "document",
    [
        Unknown("not known at preview"),
        Reference("urn:x", "json"),
        "{not json",
        '{"a": 1, "a": 2}',
        Template(('{"a": ', Reference("urn:x", "number"), "}")),
        Template(('{"', Reference("urn:x", "key"), '": 1}')),
        7,
    ],
)
def test_what_cannot_be_read_is_unknown(document: Value) -> None:
    assert isinstance(parse_json(document), Unknown)


def test_a_structure_is_its_own_document() -> None:
    assert parse_json({"a": [1]}) == {"a": [1]}
