"""What the program may see of its surroundings."""

import os
import sys
from pathlib import Path

import pulumi
import pulumi_aws as aws

for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE"):
    aws.ssm.Parameter(name, type="String", value="x", description=os.environ.get(name, "none"))
aws.ssm.Parameter("folder", type="String", value="x", description=Path.cwd().name)
aws.ssm.Parameter("first", type="String", value="x", description=Path(sys.path[0]).name)
aws.ssm.Parameter("dry", type="String", value="x", description=str(pulumi.runtime.is_dry_run()))
aws.ssm.Parameter(
    "names", type="String", value="x", description=f"{pulumi.get_project()}/{pulumi.get_stack()}"
)
