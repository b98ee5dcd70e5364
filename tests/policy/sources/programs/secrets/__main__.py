"""Secrets from config and from the program."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
password = config.require_secret("password")
aws.ssm.Parameter("wrapped", type="String", value="x", description=password)
aws.ssm.Parameter("plain", type="String", value="x", description=config.require("password"))
aws.ssm.Parameter(
    "inside",
    type="String",
    value="x",
    description=password.apply(lambda p: json.dumps({"password": p})),
)
aws.ssm.Parameter(
    "template", type="String", value="x", description=f"user:{config.require('password')}@host"
)
aws.sqs.Queue("number", delay_seconds=config.require_int("pin"))
aws.ssm.Parameter("made", type="String", value="x", description=pulumi.Output.secret("hunter2"))
aws.ssm.Parameter(
    "object", type="String", value="x", description=config.require_object("database")["user"]
)
aws.ssm.Parameter(
    "object-secret", type="String", value="x", description=config.require_object("database")["key"]
)
