"""Config of every kind."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
aws.ssm.Parameter(
    "all",
    type="String",
    value="x",
    description=" ".join(
        [
            str(config.require_int("count")),
            str(config.require_bool("switch")),
            ",".join(config.require_object("zones")),
            str(config.require_object("limits")["max"]),
            config.require("text"),
            config.require("declared"),
            pulumi.Config("aws").require("region"),
            str(config.get("absent")),
            str(config.require_int("sized")),
        ]
    ),
)
