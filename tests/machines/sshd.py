"""OpenSSH's server, to ask what a configuration means; it never listens."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.stack.engine_double import ROOT

_FOLDER = ROOT / "build" / "sshd"


class NoServerError(Exception):
    """There is no sshd on this machine, and none to be had."""


def sshd() -> Path:
    """The folder that holds `usr/sbin/sshd` and its libraries: `/`, or an unpacked package's.

    Unpacked, not installed: an installed server would be started. Raises NoServerError.
    """
    if Path("/usr/sbin/sshd").is_file():
        return Path("/")
    if not (_FOLDER / "usr/sbin/sshd").is_file():
        _unpack()
    return _FOLDER


def _unpack() -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoServerError("there is no sshd, and no apt-get to get one by")
    part = _FOLDER.with_suffix(".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    command = ["apt-get", "download", "--quiet", "openssh-server", "libwrap0"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=part)
    if done.returncode:
        raise NoServerError(f"apt-get could not get openssh-server: {done.stderr.strip()}")
    for package in sorted(part.glob("*.deb")):
        subprocess.run(["dpkg-deb", "--extract", package, part], check=True)
        package.unlink()
    part.rename(_FOLDER)
