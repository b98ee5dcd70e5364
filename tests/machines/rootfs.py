"""A machine for install scripts to run on: a folder of its own, behind a namespace of its own.

Programs are those of this machine, read-only; everything that a script may write is new: /etc,
/opt, /var, /home, /root. There is no network in it. What Amazon Linux has and Debian has not is
played by doubles, each a script of a known name in /doubles, which goes first on the path; what
they were told stands in /doubles/told.

A namespace needs root, as a build has it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_ENTER = r"""
set -eu
root=$1 mounts=$2 script=$3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
while IFS=' ' read -r how path; do
  mount --bind "$path" "$root$path"
  if [ "$how" = ro ]; then mount -o remount,bind,ro "$root$path"; fi
done <"$mounts"
exec chroot "$root" /usr/bin/env -i PATH=/doubles:/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 \
  bash -c "$script"
"""

# Loopback is down in a new network.
_LOOPBACK = (
    "import fcntl, socket, struct;"
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14x', b'lo', 1))"
)

_USERS = """\
root:x:0:0:root:/root:/bin/bash
sshd:x:74:74:Privilege-separated SSH:/run/sshd:/usr/sbin/nologin
ec2-user:x:1000:1000:EC2 Default User:/home/ec2-user:/bin/bash
"""
_GROUP = "root:x:0:\nsshd:x:74:\nsystemd-journal:x:190:\nec2-user:x:1000:\n"
# A base image as bad as one can be: passwords that open, and keys that came along.
_LOCKS = "root:$6$salt$hash:20000::::::\nsshd:!!:20000::::::\nec2-user::20000::::::\n"
_SSHD = "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\nPermitRootLogin yes\n"

_SIMPLE = ("cloud-init", "dnf", "systemctl")
# The kernel is that of this machine, whose settings are nobody's to change here.
_SYSCTL = r"""
last=${*: -1}
case $last in
  --load=*) cp "${last#--load=}" /doubles/kernel ;;
  *) awk -v name="$last" '$1 == name {print $3}' /doubles/kernel ;;
esac
"""


class NoNamespaceError(Exception):
    """This machine, or this user, cannot make a namespace."""


@dataclass(frozen=True)
class Rootfs:
    """The machine. `root` is its folder; scripts see that as `/`."""

    root: Path
    mounts: Path

    @classmethod
    def made(cls, folder: Path, *, read: Sequence[Path] = (), write: Sequence[Path] = ()) -> Rootfs:
        """A fresh one in `folder`. `read` and `write` are folders of this machine that it has too.

        Raises NoNamespaceError where there can be none.
        """
        if os.geteuid() != 0:
            raise NoNamespaceError("only root can make a machine to build on")
        if shutil.which("unshare") is None:
            raise NoNamespaceError("there is no unshare")
        made = cls(folder / "root", folder / "mounts")
        for name in (
            "dev", "doubles", "etc", "home/ec2-user/.ssh", "opt", "proc", "root/.ssh", "run/sshd",
            "sys", "tmp", "usr", "var/lib/systemd", "var/log", "var/tmp/cinema",
        ):  # fmt: skip
            (made.root / name).mkdir(parents=True)
        made.root.chmod(0o755)
        for name in ("tmp", "var/tmp"):
            (made.root / name).chmod(0o1777)
        made._programs(read, write)
        made._etc()
        made.write("doubles/told", "")
        (made.root / "doubles/told").chmod(0o666)  # whoever runs a double
        for name in _SIMPLE:
            made.double(name, "")
        made.double("sysctl", _SYSCTL)
        for home in ("root", "home/ec2-user"):
            made.write(f"{home}/.ssh/authorized_keys", "ssh-ed25519 AAAA somebody\n")
        return made

    def _programs(self, read: Sequence[Path], write: Sequence[Path]) -> None:
        lines = ["ro /usr"]
        for name in ("bin", "lib", "lib64", "sbin"):
            path = Path("/") / name
            if path.is_symlink():
                (self.root / name).symlink_to(path.readlink())
            elif path.is_dir():
                (self.root / name).mkdir()
                lines.append(f"ro {path}")
        for how, paths in (("ro", read), ("rw", write)):
            for path in paths:
                (self.root / path.relative_to("/")).mkdir(parents=True, exist_ok=True)
                lines.append(f"{how} {path}")
        self.mounts.write_text("\n".join(lines) + "\n")

    def _etc(self) -> None:
        for name, text in {
            "passwd": _USERS, "group": _GROUP, "shadow": _LOCKS, "gshadow": "",
            "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
            "hosts": "127.0.0.1 localhost\n", "machine-id": f"{'0' * 32}\n",
            "ssh/sshd_config": _SSHD, "ssh/ssh_host_rsa_key": "a private key",
        }.items():  # fmt: skip
            self.write(f"etc/{name}", text)
        for name in ("ld.so.cache", "login.defs"):
            if Path("/etc", name).is_file():
                shutil.copyfile(Path("/etc", name), self.root / "etc" / name)
        alternatives = Path("/etc/alternatives")  # Debian's awk, for one, is a link into it
        if alternatives.is_dir():
            shutil.copytree(alternatives, self.root / "etc/alternatives", symlinks=True)
        for name in ("systemd/system", "cloud/cloud.cfg.d", "logrotate.d", "sysctl.d"):
            (self.root / "etc" / name).mkdir(parents=True)

    def write(self, path: str, text: str) -> None:
        """A file of the machine, its folders with it."""
        file = self.root / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        """The text of a file of the machine."""
        return (self.root / path.removeprefix("/")).read_text()

    def double(self, name: str, script: str) -> None:
        """Play the program `name` by a script of bash, which is told its arguments."""
        self.write(
            f"doubles/{name}",
            f'#!/bin/bash\nset -euo pipefail\necho "{name} $*" >>/doubles/told\n{script}\n',
        )
        (self.root / "doubles" / name).chmod(0o755)

    @property
    def told(self) -> list[str]:
        """What the doubles were asked to do, in order."""
        return self.read("doubles/told").splitlines()

    def command(self, script: str, *, network: bool = False) -> list[str]:
        """The command that runs a script of bash as root on the machine."""
        inside = ["bash", "-c", _ENTER, "enter", str(self.root), str(self.mounts), script]
        spaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--propagation=private"]
        if network:
            return [*spaces, *inside]
        then = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
        loopback = [sys.executable, "-I", "-c", f"{_LOOPBACK}; {then}"]
        return [*spaces, "--net", *loopback, *inside]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash as root on the machine."""
        return subprocess.run(
            self.command(script), check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, stdin=subprocess.DEVNULL,
        )  # fmt: skip
