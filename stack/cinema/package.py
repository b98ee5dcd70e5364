"""The function's deployment package: `build/thumbnailer`, as `thumbnailer/build.py` leaves it."""

from __future__ import annotations

from pathlib import Path

import pulumi

from cinema.config import ConfigError
from cinema.digest import SOURCES, digest


def archive(root: Path, *, dry_run: bool) -> pulumi.Archive:
    """The package below the project's `root`, when it is built from the present sources.

    Without it a preview still works, on the sources alone; an update is refused before it
    touches anything, for a function without its libraries would fail on every upload.
    """
    stamp = root / "build" / "thumbnailer.sha256"
    if stamp.is_file() and stamp.read_text().strip() == digest(root / "thumbnailer"):
        # Relative to the program's folder, so that state does not hold a path of one machine.
        return pulumi.FileArchive("../build/thumbnailer")
    problem = "is not built from the present sources; run `uv run thumbnailer/build.py`"
    if not dry_run:
        raise ConfigError("build/thumbnailer", problem)
    pulumi.log.warn(f"build/thumbnailer {problem}. An update would refuse.")
    return pulumi.AssetArchive(
        {name: pulumi.FileAsset(f"../thumbnailer/{name}") for name in SOURCES}
    )
