"""What mongod reads of the secrets, on a file system in memory that dies with the machine."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from cinema_member.authority import Authority
from cinema_member.first_values import Secrets

FOLDER = Path("/run/cinema-member")
KEYFILE, CERTIFICATE, AUTHORITIES = "keyfile", "certificate.pem", "authorities.pem"
_OWNER_READS = 0o400


def write(store: Secrets, folder: Path, now: dt.datetime) -> None:
    """Write the keyfile, a new certificate of this member, and whom it believes.

    Raises LookupError while a secret has no value, and ValueError for one that is no such thing.
    """
    authority = Authority.parse(store.needed("database-authority"))
    _replace(folder / KEYFILE, store.needed("database-keyfile"))
    _replace(folder / AUTHORITIES, store.needed("database-ca"))
    _replace(folder / CERTIFICATE, authority.issue(store.member.name, now))


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: mongod may read it at any time."""
    beside = path.with_name(f".{path.name}")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_READS)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
    beside.replace(path)
