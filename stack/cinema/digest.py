"""What the function's package is built from, as a fingerprint.

Apart from `package`, so that building needs no Pulumi.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

SOURCES = (
    "colours.py",
    "decode.py",
    "guard.py",
    "handler.py",
    "requirements.txt",
    "shrink.py",
)
"""The files of thumbnailer/ that decide what the package holds."""


def digest(sources: Path) -> str:
    """The fingerprint of the package that the files in `sources` would make."""
    text = hashlib.sha256()
    for name in SOURCES:
        text.update(name.encode() + b"\0" + (sources / name).read_bytes() + b"\0")
    return text.hexdigest()
