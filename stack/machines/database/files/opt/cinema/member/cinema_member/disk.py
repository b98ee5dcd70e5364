"""The data volume: found, formatted once, never twice."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cinema_member.member import MemberError

LABEL = "mongodb"
_SECONDS_BETWEEN_LOOKS = 2


def must_format(device: str, signatures: Sequence[dict[str, Any]]) -> bool:
    """Whether the disk is blank. One with anything but our own file system on it is refused.

    `signatures` are those that `wipefs` finds.
    """
    if not signatures:
        return True
    if [(s.get("type"), s.get("label")) for s in signatures] == [("xfs", LABEL)]:
        return False
    kinds = ", ".join(str(s.get("type")) for s in signatures)
    raise MemberError(f"{device} holds {kinds}, which is not this database's")


def prepare(device: Path) -> None:
    """Wait until the volume is attached, and format it where it is blank.

    AWS attaches it after the instance runs. Raises MemberError for a disk that is not ours.
    """
    while not device.exists():
        time.sleep(_SECONDS_BETWEEN_LOOKS)
    # A name that Amazon Linux links to the NVMe device behind it.
    disk = os.path.realpath(device)
    found = _run("wipefs", "--no-act", "--json", disk)
    if must_format(disk, json.loads(found)["signatures"] if found.strip() else ()):
        _run("mkfs.xfs", "-L", LABEL, disk)
        _run("udevadm", "settle")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - programs of the image
