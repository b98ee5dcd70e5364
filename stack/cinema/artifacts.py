"""What machines are built from: archives that are named by what is in them.

A key never gets another content, so whatever names a key names its content as well: a change
anywhere in it makes a new key, and with that a new image. Names and digests are known before
anything exists; the archives themselves are made by Pulumi when it uploads them.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi

_PLAIN = re.compile(r"[A-Za-z0-9_.+@/-]+")


@dataclass(frozen=True)
class Artifact:
    """An archive called `name`, of files by their path in it: a file on disk, or a text.

    Pulumi's archives keep neither permissions nor times, and so does the digest.
    """

    name: str
    files: Mapping[str, Path | str]

    @property
    def digest(self) -> str:
        """What `sha256sum` says of the output of `sha256sum` over all files, sorted by path.

        The machine that unpacks the archive computes it again: see `machines.document`.
        """
        lines = "".join(f"{_sha256(content)}  {path}\n" for path, content in self._sorted())
        return hashlib.sha256(lines.encode()).hexdigest()

    @property
    def key(self) -> str:
        """Where it is in the bucket."""
        return f"{self.digest}/{self.name}"

    def archive(self, program: Path) -> pulumi.AssetArchive:
        """For Pulumi to upload. Paths are relative to the `program`'s folder, where it runs.

        So state does not hold a path of one machine.
        """
        return pulumi.AssetArchive(
            {
                path: pulumi.StringAsset(content)
                if isinstance(content, str)
                else pulumi.FileAsset(os.path.relpath(content, program))
                for path, content in self._sorted()
            }
        )

    def _sorted(self) -> Iterator[tuple[str, Path | str]]:
        for path, content in sorted(self.files.items()):
            # sha256sum writes any other name in a way of its own.
            if _PLAIN.fullmatch(path) is None:
                raise ValueError(f"{path} is no name for a file of an archive")
            yield path, content


def tree(folder: Path) -> dict[str, Path]:
    """Every file below `folder` by its path from there, but for what Python leaves behind."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _sha256(content: Path | str) -> str:
    data = content.encode() if isinstance(content, str) else content.read_bytes()
    return hashlib.sha256(data).hexdigest()
