"""Replace one member of the database, for a new image or a lost machine, and keep its data.

python -m operations.replace_member prod us-east-1b      (in stack/)

Its volume, its address and its name stay: what comes back is the same member. Nothing is done
unless all the others serve and are no more than a few seconds behind.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import boto3

from operations.stacks import CannotError, Run, Stack, State, newest_state, run

_MOST_BEHIND = 10
_MINUTES_TO_COME_BACK = 30
_SECONDS_BETWEEN_LOOKS = 20
INSTANCE = "ec2/instance:Instance"


def why_not(state: State | None, members: int) -> str:
    """Why no member may be taken away now; empty where one may.

    With one member missing it is that one that should be replaced; nobody checks which it is, so
    the others must make a majority without either.
    """
    if state is None:
        return "no member has said anything for five minutes"
    if members == 1:
        return ""
    if state.healthy + state.missing != members:
        return f"the set has {state.healthy + state.missing} members, not {members}"
    if state.missing > 1:
        return f"{state.missing} members are missing"
    if state.lag > _MOST_BEHIND:
        return f"a member is {state.lag:.0f} seconds behind"
    return ""


def replace(
    stack: Stack,
    zone: str,
    look: Callable[[], State | None],
    run_: Run,
    wait: Callable[[], bool],
) -> None:
    """Do it, and return once the whole set serves again. `wait` is False when time is over."""
    if zone not in stack.zones:
        raise CannotError(f"{zone} is not among {', '.join(stack.zones)}")
    if why := why_not(look(), len(stack.zones)):
        raise CannotError(f"not now: {why}")
    began = dt.datetime.now(dt.UTC)
    run_(
        stack.pulumi(
            "up", "--yes", "--skip-preview",
            "--target-replace", stack.urn(INSTANCE, zone), "--target-dependents",
        )
    )  # fmt: skip
    while True:
        state = look()
        back = state is not None and state.at > began and state.missing == 0
        if back and not why_not(state, len(stack.zones)):
            return
        if not wait():
            raise CannotError("the member did not come back in time: see its log")


def main(arguments: list[str]) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("stack")
    parser.add_argument("zone")
    given = parser.parse_args(arguments)
    deadline = time.monotonic() + _MINUTES_TO_COME_BACK * 60

    def wait() -> bool:
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        return time.monotonic() < deadline

    try:
        stack = Stack.read(given.stack)
        logs: Any = boto3.client("logs", region_name=stack.names.region)
        group = stack.names.log_group("database")
        replace(
            stack, given.zone, lambda: newest_state(logs, group, dt.datetime.now(dt.UTC)), run, wait
        )
    except (CannotError, subprocess.CalledProcessError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201 - a command says what is wrong
        return 1
    print(f"the member in {given.zone} serves again")  # noqa: T201 - as above
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
