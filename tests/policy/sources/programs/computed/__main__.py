"""A program that computes with values which only a deployment knows."""

import base64
import random
import urllib.parse

import pulumi
import pulumi_aws as aws

bucket = aws.s3.Bucket("images")
arn = bucket.arn


def parameter(name: str, value: pulumi.Input[str]) -> None:
    # The name of an SSM parameter's `description` is not secret, as its `value` is.
    aws.ssm.Parameter(name, type="String", value="x", description=value)


parameter("split", arn.apply(lambda a: a.split(":")[4]))
parameter("prefix", arn.apply(lambda a: a[:3]))
parameter("upper", arn.apply(lambda a: f"{a}".upper()))
parameter("ternary", arn.apply(lambda a: "open" if a.startswith("arn:aws-cn") else "closed"))
parameter("equal", arn.apply(lambda a: "open" if a == "" else "closed"))
parameter("truthy", arn.apply(lambda a: a or "nothing"))
parameter("length", arn.apply(lambda a: str(len(a))))
parameter("contains", arn.apply(lambda a: "yes" if "prod" in a else "no"))
parameter("kept-after-a-look", arn.apply(lambda a: a + ("-cn" if "cn" in a else "")))
parameter("later-look", arn.apply(lambda a: f"{a}/x").apply(lambda t: str("prod" in t)))
parameter("encoded", arn.apply(lambda a: base64.b64encode(a.encode()).decode()))
parameter("quoted", arn.apply(lambda a: urllib.parse.quote(f"{a}", safe="")))
parameter("failing", arn.apply(lambda a: a.split(":")[40]))
parameter("dictionary", arn.apply(lambda a: {"x": "y"}[a]))
parameter("random", str(random.random()))  # noqa: S311
parameter("set", " ".join({"alpha", "beta", "gamma", "delta", "epsilon", "zeta"}))
parameter("number", bucket.lifecycle_rules.apply(lambda rules: str(len(rules))))
parameter(
    "unnoticed", arn.apply(lambda a: "open" if f"{a}-".startswith("arn:aws-cn") else "closed")
)
parameter("whole", arn.apply(lambda a: a))
