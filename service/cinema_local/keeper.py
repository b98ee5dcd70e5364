"""Ends what its parent leaves behind, however the parent ended: also by SIGKILL.

Reads lines from standard input: `+PGID` and `-PGID` for a process group that began or ended,
`/FOLDER` for a folder to remove at the end. When the input closes, the parent is gone or done:
the groups that are left are ended, and the folders removed.

Runs as a file of its own with nothing but the standard library (`python -I -S keeper.py`), in a
session of its own, so that neither Ctrl-C nor a closing terminal reaches it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 3.0


def keep(orders: Iterable[str]) -> None:
    """Follow `orders` to their end, then clear up."""
    groups: dict[int, None] = {}
    folders: list[str] = []
    for order in orders:
        sign, rest = order[:1], order.rstrip("\n")
        if sign == "+":
            groups[int(rest)] = None
        elif sign == "-":
            groups.pop(-int(rest), None)
        elif sign == "/":
            folders.append(rest)
    _end(groups)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _end(groups: Iterable[int]) -> None:
    left = [group for group in groups if _signal(group, signal.SIGTERM)]
    deadline = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < deadline:
        time.sleep(0.05)
        left = [group for group in left if _signal(group, 0)]
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Send signal `number` to `group`; whether it is there."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        # macOS answers with the second for a group of which only a zombie is left.
        return False
    return True


if __name__ == "__main__":
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    keep(sys.stdin)
