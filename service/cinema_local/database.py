"""The stand-in for the MongoDB replica set: SecantusDB, a server of its own process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from cinema_local.ports import LOOPBACK
from cinema_local.processes import Child, Keeper


def address(port: int) -> str:
    """The URI under which the API finds it."""
    return f"mongodb://{LOOPBACK}:{port}/"


async def start(*, port: int, storage: Path, scratch: Path, keeper: Keeper, log: Path) -> Child:
    """Start it on what it stored before; returns at once, `ready` waits."""
    temporary = scratch / "database"
    temporary.mkdir(exist_ok=True)
    command = [
        sys.executable, "-m", "secantus",
        "--host", LOOPBACK, "--port", str(port), "--storage-path", str(storage),
        "--log-level", "INFO", "--cache-size", "128M",
        # What was acknowledged is on disk, though the process be killed.
        "--sync-on-commit",
    ]  # fmt: skip
    # Its own folder: it reads a settings file from the one it starts in.
    return await Child.start(
        "database",
        command,
        environment={"TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
        log=log,
        keeper=keeper,
        folder=temporary,
    )


async def ready(child: Child, port: int) -> bool:
    """Wait until it takes connections; False when it ended instead."""
    while child.running:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            await asyncio.sleep(0.05)  # it does not listen yet
        else:
            writer.close()
            return True
    return False
