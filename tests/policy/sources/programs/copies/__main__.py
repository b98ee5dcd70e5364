# The ways to copy a text that linters advise against are the subject here.
# ruff: noqa: UP031, UP032, FLY002, PLW0108, FURB171, FURB192
"""Callbacks that look at a copy of an output's text, and say something that hides it."""

import asyncio
import json
import os
import re
from collections.abc import Callable
from fnmatch import fnmatch
from operator import contains

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("images")
arn, region = bucket.arn, bucket.region

LOOKS: dict[str, Callable[[str], bool]] = {
    "f-string": lambda v: "cn" in f"{v}/*",
    "percent": lambda v: "cn" in "%s/%s" % (v, "*"),
    "format": lambda v: "cn" in "{}/*".format(v),
    "join": lambda v: "cn" in "/".join([v, "*"]),
    "replace": lambda v: "cn" in "X/*".replace("X", v),
    "substring-of-text": lambda v: v in "aws-cn",
    "starts-another": lambda v: "arn:aws-cn".startswith(v),
    "none": lambda v: v is None,
    "regex": lambda v: bool(re.search("aws-cn", v)),
    "compiled-regex": lambda v: re.compile("aws-cn").match(v) is not None,
    "glob": lambda v: fnmatch(v, "arn:aws-cn*"),
    "unbound-method": lambda v: str.startswith(v, "arn:aws-cn"),
    "set": lambda v: v in {"arn:aws-cn:s3:::images"},
    "lookup": lambda v: {"arn:aws-cn:s3:::images": True}.get(v, False),
    "json-text": lambda v: "cn" in json.dumps({"a": v}),
    "json-read": lambda v: "cn" in json.loads('{"a": "%s/"}' % v)["a"],
    "operator": lambda v: contains(f"{v}/", "cn"),
    "length": lambda v: len(f"{v}/") > 2048,
    "empty": lambda v: not f"{v}",
    "walrus": lambda v: "cn" in (copy := f"{v}") and bool(copy),
    "case": lambda v: matches(f"{v}"),
    "number": lambda v: fails(lambda: int(v)),
    "fraction": lambda v: fails(lambda: float(v)),
    "bytes": lambda v: bytes(v, "utf-8").startswith(b"arn:aws-cn"),
    "type": lambda v: type(v) is not str,
    "no-json": lambda v: fails(lambda: json.loads(v)),
    "file": lambda v: os.path.exists(v),  # noqa: PTH110
}


def matches(text: str) -> bool:
    match text:
        case "arn:aws-cn:s3:::images":
            return True
        case _:
            return False


def fails(read: Callable[[], object]) -> bool:
    try:
        read()
    except ValueError:
        return True
    return False


def described(look: Callable[[str], bool]) -> Callable[[str], str]:
    return lambda v: "*" if look(v) else v


def created(look: Callable[[str], bool], name: str) -> Callable[[str], None]:
    def callback(v: str) -> None:
        if look(v):
            aws.sns.Topic(name)  # only where AWS is in China

    return callback


for name, look in LOOKS.items():
    aws.ssm.Parameter(name, type="String", value="x", description=arn.apply(described(look)))
    arn.apply(created(look, name))


def lifted(v: str) -> str:
    parts = [v, "x"]
    return f"{parts[0]}/*" if len(parts) == 2 else "*"


KEEPS = {
    "statement": arn.apply(lambda v: json.dumps({"Resource": [v, f"{v}/*"]})),
    "condition-key": arn.apply(lambda v: json.dumps({"StringLike": {f"{v}:sub": "x"}})),
    "round-trip": arn.apply(lambda v: json.dumps(json.loads(json.dumps({"a": v})))),
    "lifted": arn.apply(lifted),
    "both": pulumi.Output.all(arn, region).apply(lambda v: "%s %s" % tuple(v)),
    "formatted": pulumi.Output.format("{0}/{1}", arn, region),
    "json": pulumi.Output.json_dumps({"a": arn}),
}
for name, text in KEEPS.items():
    aws.ssm.Parameter("keeps-" + name, type="String", value="x", description=text)

PARTS = {
    "first": arn[0],
    "second": arn[1],
    "last": arn[-1],
    "slice": arn[0:3],
    "parsed": pulumi.Output.json_loads(arn),
    "equal": pulumi.Output.all(arn, region).apply(lambda v: str(v[0] == v[1])),
    "sorted": pulumi.Output.all(arn, region).apply(lambda v: sorted(v)[0]),
    "several": pulumi.Output.all(arn, region).apply(lambda v: str(len({*v}))),
    "variable": os.environ.get("SHOP_OWNER", "nobody"),
    "rehearsal": "*" if pulumi.runtime.is_dry_run() else "images",
}
for name, part in PARTS.items():
    aws.ssm.Parameter("part-" + name, type="String", value="x", description=part)


async def awaited() -> None:
    text = await arn.future()
    if text and "cn" in f"{text}/":
        aws.sns.Topic("awaited")


async def asked() -> None:
    if not await arn.is_known():
        aws.sns.Topic("asked")


waiting = [asyncio.ensure_future(awaited()), asyncio.ensure_future(asked())]
