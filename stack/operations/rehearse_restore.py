"""Rehearse a restore: start a machine on the newest backup, and see what the database holds.

python -m operations.rehearse_restore prod      (in stack/)

The machine is made from the image, the subnet, the group and the role of a member, with a volume
from the snapshot. It counts, says so in the members' log, and turns off; AWS then ends it, and its
volume with it. It joins no set and listens for nobody.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from cinema.instances import METADATA_OPTIONS
from operations.backups import Backup, newest
from operations.stacks import CannotError, Stack, events

_MINUTES = 30
_SECONDS_BETWEEN_LOOKS = 20


def user_data(stack: Stack, name: str) -> str:
    """What the machine is told, and the mark by which it knows that it is no member."""
    environment = {
        "AWS_REGION": stack.names.region,
        "CINEMA_DATA_DEVICE": "/dev/sdf",
        "CINEMA_LOG_GROUP": stack.names.log_group("database"),
        "CINEMA_REHEARSAL": name,
    }
    content = "".join(f"{key}={value}\n" for key, value in sorted(environment.items()))
    files = [
        {"path": "/etc/cinema/environment", "permissions": "0644", "content": content},
        {"path": "/etc/cinema/rehearsal", "permissions": "0644", "content": f"{name}\n"},
    ]
    return "#cloud-config\n" + json.dumps({"write_files": files}, indent=1) + "\n"


def a_member(ec2: Any, stack: Stack) -> dict[str, Any]:  # noqa: ANN401 - boto3 has no types
    """Any member that there is."""
    wanted = [f"{stack.names.prefix}-database-{zone}" for zone in stack.zones]
    pages = ec2.get_paginator("describe_instances").paginate(
        Filters=[
            {"Name": "tag:Name", "Values": wanted},
            {"Name": "instance-state-name", "Values": ["running"]},
        ]
    )
    for page in pages:
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                return dict(instance)
    raise CannotError("no member runs whose image and place could be taken")


def start(ec2: Any, stack: Stack, backup: Backup, name: str) -> str:  # noqa: ANN401 - boto3 has no types
    """Start the machine, and return its id."""
    like = a_member(ec2, stack)
    profile = like.get("IamInstanceProfile", {})
    made = ec2.run_instances(
        ImageId=like["ImageId"],
        InstanceType=like["InstanceType"],
        MinCount=1,
        MaxCount=1,
        SubnetId=like["SubnetId"],
        SecurityGroupIds=[group["GroupId"] for group in like["SecurityGroups"]],
        **({"IamInstanceProfile": {"Arn": profile["Arn"]}} if profile else {}),
        MetadataOptions={
            "HttpEndpoint": METADATA_OPTIONS["http_endpoint"],
            "HttpTokens": METADATA_OPTIONS["http_tokens"],
            "HttpPutResponseHopLimit": METADATA_OPTIONS["http_put_response_hop_limit"],
        },
        BlockDeviceMappings=[
            {
                "DeviceName": "/dev/sdf",
                "Ebs": {
                    "SnapshotId": backup.snapshot,
                    "VolumeType": "gp3",
                    "DeleteOnTermination": True,
                },
            }
        ],
        # It turns itself off when it is done, and that is its end.
        InstanceInitiatedShutdownBehavior="terminate",
        UserData=user_data(stack, name),
        TagSpecifications=[
            {
                "ResourceType": kind,
                "Tags": [{"Key": "Name", "Value": f"{stack.names.prefix}-{name}"}],
            }
            for kind in ("instance", "volume")
        ],
    )
    return str(made["Instances"][0]["InstanceId"])


def result(logs: Any, stack: Stack, name: str, since: int) -> dict[str, Any] | None:  # noqa: ANN401 - boto3 has no types
    """What the machine said, once it has."""
    group = stack.names.log_group("database")
    for text in events(logs, group, "rehearsal", since):
        found: dict[str, Any] = json.loads(text)
        if found["name"] == name:
            return found
    return None


def rehearse(
    clients: dict[str, Any], stack: Stack, name: str, wait: Callable[[], bool]
) -> dict[str, Any]:
    """Do it; raises CannotError where the backup could not be read. Leaves nothing behind."""
    backup = newest(clients["backup"], stack.names.vault("database"))
    since = int(dt.datetime.now(dt.UTC).timestamp() * 1000)
    instance = start(clients["ec2"], stack, backup, name)
    try:
        while (found := result(clients["logs"], stack, name, since)) is None:
            if not wait():
                raise CannotError(f"{instance} said nothing in time: see its console output")
    finally:
        clients["ec2"].terminate_instances(InstanceIds=[instance])
    if not found["documents"]:
        raise CannotError(f"{backup.snapshot} holds a database without a collection")
    return {**found, "snapshot": backup.snapshot, "taken": backup.at.isoformat()}


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("stack")
    given = parser.parse_args(arguments)
    deadline = time.monotonic() + _MINUTES * 60

    def wait() -> bool:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        return time.monotonic() < deadline

    try:
        stack = Stack.read(given.stack)
        region = stack.names.region
        clients = {n: boto3.client(n, region_name=region) for n in ("backup", "ec2", "logs")}
        name = f"rehearsal-{secrets.token_hex(4)}"
        print(json.dumps(rehearse(clients, stack, name, wait), indent=1))  # noqa: T201 - a command's answer
    except (CannotError, ClientError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
