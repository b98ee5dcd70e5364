"""Which port to take on loopback, and who holds the one that we would have liked."""

from __future__ import annotations

import contextlib
import errno
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Taken:
    """A socket that listens, and why it is not on the port that was preferred."""

    listener: socket.socket
    port: int
    instead_of: str
    """`port 8080, which node (4711) holds`; empty when the preferred port was free."""


def listen(preferred: int) -> Taken:
    """A listening socket on loopback: on `preferred` when that is free, else on any free port.

    `preferred` 0 means any.
    """
    try:
        return _taken(preferred, "")
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        reason = f"which {holder(preferred)} holds"
        if error.errno == errno.EACCES:
            reason = "which needs an administrator"
        return _taken(0, f"port {preferred}, {reason}")


def _taken(port: int, instead_of: str) -> Taken:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        # Not to share the port (nobody can): only so that a connection of the last run, which
        # still lingers, does not count as somebody who holds it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 - it takes no name
    return Taken(listener, listener.getsockname()[1], instead_of)


def free() -> int:
    """The number of a port that is free now, for a program that must open it by itself."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def holder(port: int) -> str:
    """Who listens on `port`, as `name (pid)`, as far as the system tells us."""
    inodes = set(_listeners(port))
    for process in Path("/proc").glob("[0-9]*"):
        # Processes of others, and those that end meanwhile, do not show what they hold.
        with contextlib.suppress(OSError):
            for entry in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    target = str(entry.readlink())
                    if target.startswith("socket:[") and target[8:-1] in inodes:
                        name = (process / "comm").read_text().strip()
                        return f"{name} (process {process.name})"
    return "another program"


def _listeners(port: int) -> Iterator[str]:
    """The inodes of sockets that listen on `port` (proc(5), "/proc/net/tcp")."""
    listening = "0A"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]
