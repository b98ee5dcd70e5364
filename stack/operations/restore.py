"""Put the database back to a backup: every member begins anew with one snapshot.

python -m operations.restore prod                                      (in stack/: the newest)
python -m operations.restore prod --before 2026-12-01T03:00:00+00:00 --yes

All members begin with the same snapshot, so that none has to copy from another. It says what it
would do; with --yes it does it. What the members hold now is lost but for the last snapshots that
AWS takes of protected volumes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys

import boto3

from operations.backups import Backup, newest
from operations.stacks import CannotError, Stack, run

VOLUME, INSTANCE = "ebs/volume:Volume", "ec2/instance:Instance"


def steps(stack: Stack, backup: Backup) -> tuple[tuple[str, ...], ...]:
    """The commands, in order.

    Volumes are protected, and that is taken back by name and only here. Instances are replaced
    with them: one that lost its volume under a running database would have to be mended by hand.
    """
    volumes = [stack.urn(VOLUME, zone) for zone in stack.zones]
    instances = [stack.urn(INSTANCE, zone) for zone in stack.zones]
    replacing = [word for urn in (*volumes, *instances) for word in ("--target-replace", urn)]
    return (
        stack.pulumi("config", "set", "cinema:databaseSnapshot", backup.snapshot),
        *(stack.pulumi("state", "unprotect", "--yes", urn) for urn in volumes),
        stack.pulumi("up", "--yes", "--skip-preview", *replacing, "--target-dependents"),
    )


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("stack")
    parser.add_argument("--before", type=dt.datetime.fromisoformat)
    parser.add_argument("--yes", action="store_true")
    given = parser.parse_args(arguments)
    try:
        stack = Stack.read(given.stack)
        client = boto3.client("backup", region_name=stack.names.region)
        backup = newest(client, stack.names.vault("database"), given.before)
        print(f"{backup.snapshot}, of {backup.at.isoformat()}")  # noqa: T201 - a command says what it does
        for step in steps(stack, backup):
            if given.yes:
                run(step)
            else:
                print("would run:", *step)  # noqa: T201 - as above
    except (CannotError, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - as above
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
