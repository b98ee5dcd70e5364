"""Builds the function's deployment package into build/thumbnailer.

    uv run thumbnailer/build.py

Pillow comes as the wheel for Lambda's Python and processor, whatever machine this runs on, by the
hashes in requirements.txt. boto3 is not packed: Lambda's runtime has it. The same sources make the
same package: Pulumi puts the files' names and contents into its archive, under one fixed date, and
here only what the wheel and the sources say decides on those.
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


class BuildError(Exception):
    """There is no package, for a reason that a person has to mend."""


def build(target: Path = TARGET) -> None:
    """Build the package into `target`, from nothing, and its stamp beside it.

    Raises BuildError, and leaves what was built before as it was.
    """
    sys.path.insert(0, str(ROOT / "stack"))
    from cinema.digest import SOURCES, digest  # noqa: PLC0415 - the program's folder is on no path before

    part = target.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        _install(part)
        for name in SOURCES:
            if name.endswith(".py"):
                shutil.copyfile(HERE / name, part / name)
        stamp = target.with_suffix(".sha256")
        stamp.unlink(missing_ok=True)
        shutil.rmtree(target, ignore_errors=True)
        part.rename(target)
        stamp.write_text(digest(HERE) + "\n")
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _install(folder: Path) -> None:
    # `uv run` names itself in UV, for it need not be on PATH.
    command = [
        os.environ.get("UV", "uv"), "pip", "install", "--quiet", "--target", str(folder),
        "--python-version", PYTHON, "--python-platform", PLATFORM,
        "--only-binary", ":all:", "--require-hashes", "--no-deps", "--no-compile",
        "-r", str(HERE / "requirements.txt"),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - every word of it stands above
    except FileNotFoundError as problem:
        raise BuildError("uv is not installed; `make package` gets it") from problem
    if done.returncode:
        reason = "; ".join(line.strip() for line in done.stderr.splitlines() if line.strip())
        mend = "connect to the package index and run `make package` again"
        raise BuildError(f"uv could not get what requirements.txt pins; {mend} ({reason})")
    (folder / ".lock").unlink(missing_ok=True)
    shutil.rmtree(folder / "bin", ignore_errors=True)
    # How a package came here, which is told otherwise by every version of uv.
    for name in ("INSTALLER", "RECORD", "REQUESTED", "uv_cache.json"):
        for note in folder.glob(f"*.dist-info/{name}"):
            note.unlink()


if __name__ == "__main__":
    try:
        build()
    except BuildError as problem:
        sys.exit(f"no package: {problem}")
