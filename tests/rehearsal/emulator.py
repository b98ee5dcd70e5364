"""The emulator of AWS, and what an account must have before the first `pulumi up`."""

from __future__ import annotations

import json
import logging
import os
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from unittest.mock import patch

import moto.settings
import yaml
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer

from tests.rehearsal.aws import Aws

VALIDATING: dict[str, Any] = {
    "ENABLE_AMI_VALIDATION": True,
    "ENABLE_KEYPAIR_VALIDATION": True,
    "EC2_ENABLE_INSTANCE_TYPE_VALIDATION": True,
    "ACM_VALIDATION_WAIT": 0,
}
"""What moto refuses only when asked to, as AWS always does."""
NOTHING_OF_ITS_OWN = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}


@contextmanager
def emulator() -> Iterator[str]:
    """moto's server in a thread, on a free port of the loopback interface; yields its address."""
    with (
        patch.dict(os.environ, NOTHING_OF_ITS_OWN),
        patch.multiple(moto.settings, **VALIDATING),
        # It decides bucket policies without their conditions, so that a denial of what comes
        # without TLS would deny everything. Who may do what is proven, and not rehearsed.
        patch.object(FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL),
        # It looks for the permission of S3's logs in the first words of a policy alone.
        patch.object(FakeBucket, "_log_permissions_enabled_policy", staticmethod(_admits_logs)),
    ):
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # not every request
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        try:
            host, port = server.get_host_and_port()
            address = f"http://{host}:{port}"
            # Its state is the process's: what an earlier one had would still be there.
            urllib.request.urlopen(f"{address}/moto-api/reset", data=b"").close()  # noqa: S310 -- ours
            yield address
        finally:
            server.stop()


def _admits_logs(target_bucket: Any, target_prefix: str | None) -> bool:  # noqa: ANN401 -- moto's bucket
    """Whether a bucket's policy lets S3 deliver access logs below a prefix."""
    written = f"arn:aws:s3:::{target_bucket.name}/{target_prefix or ''}log"
    for statement in json.loads(target_bucket.policy or b"{}").get("Statement", []):
        principal = statement.get("Principal")
        actions, resources = (
            [one] if isinstance(one := statement.get(key, []), str) else one
            for key in ("Action", "Resource")
        )
        if (
            statement["Effect"] == "Allow"
            and isinstance(principal, dict)
            and principal.get("Service") == "logging.s3.amazonaws.com"
            and "s3:PutObject" in actions
            and any(fnmatchcase(written, resource) for resource in resources)
        ):
            return True
    return False


def settings(config: Path) -> dict[str, Any]:
    """The configuration of a stack as it stands in its file."""
    return dict(yaml.safe_load(config.read_text())["config"])


def account_of(config: Mapping[str, Any], endpoint: str) -> Aws:
    """The API of the account and the region that a configuration names."""
    (number,) = config["aws:allowedAccountIds"]
    return Aws(endpoint, str(config["aws:region"]), str(number))


_CERTIFICATE_KEYS = ("cinema:certificateArn",)


OTHER_IMAGE = "another image"
"""The name of an image that the account has and no stack begins with."""


BUILDS = 12
"""Images that stand for what EC2 Image Builder would build, which the emulator does not have."""


def build(aws: Aws, number: int) -> str:
    """The id of the image that stands for the build of that number."""
    filters = [{"Name": "name", "Values": [f"build {number % BUILDS}"]}]
    return str(aws.ec2("describe_images", Filters=filters)["Images"][0]["ImageId"])


def _image(aws: Aws, name: str) -> str:
    answer = aws.ec2(
        "register_image",
        Name=name,
        Architecture="arm64",
        RootDeviceName="/dev/xvda",
        VirtualizationType="hvm",
    )
    return str(answer["ImageId"])


def other_image(aws: Aws) -> str:
    """The id of that image."""
    filters = [{"Name": "name", "Values": [OTHER_IMAGE]}]
    return str(aws.ec2("describe_images", Filters=filters)["Images"][0]["ImageId"])


def furnish(aws: Aws, config: dict[str, Any]) -> dict[str, Any]:
    """Make what `config` takes for granted, and return it with the ids that the emulator gave.

    A key pair, machine images, a certificate, a hosted zone: what a person has before the first
    `pulumi up`, and what nothing in the program makes.
    """
    found = dict(config)
    if found.get("cinema:keyName"):
        aws.ec2("create_key_pair", KeyName=found["cinema:keyName"])
    for key, value in config.items():
        if isinstance(value, str) and value.startswith("ami-"):
            found[key] = _image(aws, key.replace(":", "-"))
    _image(aws, OTHER_IMAGE)
    for number in range(BUILDS):
        _image(aws, f"build {number}")
    for key in _CERTIFICATE_KEYS:
        if found.get(key):
            domain = found.get("cinema:apiDomain", "cinema.example")
            answer = aws.call("acm", "request_certificate", DomainName=domain)
            found[key] = answer["CertificateArn"]
    return found


def write(config: Path, values: Mapping[str, Any]) -> None:
    """Write the configuration of a stack, with whatever else its file has kept."""
    kept = yaml.safe_load(config.read_text()) if config.exists() else {}
    config.write_text(yaml.safe_dump({**kept, "config": json.loads(json.dumps(dict(values)))}))
