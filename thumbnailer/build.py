"""Builds the function's deployment package into build/thumbnailer.

    uv run thumbnailer/build.py

Pillow comes as the wheel for Lambda's Python and processor, whatever machine this runs on, by the
hashes in requirements.txt. boto3 is not packed: Lambda's runtime has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = ROOT / "build" / "thumbnailer"

# As stack/cinema/thumbnails.py declares: python3.13 on arm64, which runs on Amazon Linux 2023.
PYTHON, PLATFORM = "3.13", "aarch64-manylinux_2_28"


def build(target: Path = TARGET) -> None:
    """Build the package into `target`, from nothing, and its stamp beside it."""
    sys.path.insert(0, str(ROOT / "stack"))
    from cinema.digest import SOURCES, digest  # noqa: PLC0415 - the program's folder is on no path before

    stamp = target.with_suffix(".sha256")
    stamp.unlink(missing_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    # `uv run` names itself in UV, for it need not be on PATH.
    command = [
        os.environ.get("UV", "uv"), "pip", "install", "--quiet", "--target", str(target),
        "--python-version", PYTHON, "--python-platform", PLATFORM,
        "--only-binary", ":all:", "--require-hashes", "--no-deps", "--no-compile",
        "-r", str(HERE / "requirements.txt"),
    ]  # fmt: skip
    subprocess.run(command, check=True)  # noqa: S603 - every word of it stands above
    for file in (".lock", "bin"):
        leftover = target / file
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink(missing_ok=True)
    for name in SOURCES:
        if name.endswith(".py"):
            shutil.copyfile(HERE / name, target / name)
    stamp.write_text(digest(HERE) + "\n")


if __name__ == "__main__":
    build()
