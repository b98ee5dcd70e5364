"""Building a machine as Image Builder does, by the lines of the component's own document."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import yaml

from cinema.config import Config
from cinema.machines import MachineSettings, document
from cinema.names import Names
from cinema.settings import Settings
from tests.machines.rootfs import Rootfs
from tests.machines.sshd import sshd
from tests.stack.engine_double import ROOT, configuration

ROOT_OF = Path("/")
NAMES = Names(project="cinema", stack="test", account="123456789012", region="us-east-1")

# The double of python3.13 is this machine's Python. A venv of it gets a `pip` that lets uv install
# the same things from its cache, for there is no network to get them by.
_PYTHON = """
if [ "${{1:-}} ${{2:-}}" != "-m venv" ]; then
  exec {python} "$@"
else
  {python} -m venv --without-pip "$3"
  package=$(echo "$3"/lib/python3.*/site-packages)/pip
  mkdir "$package"
  cat >"$package/__main__.py" <<END
import os, sys
told = [a for a in sys.argv[1:] if a not in ("--disable-pip-version-check", "--no-input")]
environment = dict(os.environ, UV_CACHE_DIR="{cache}", UV_LINK_MODE="copy", UV_NO_CONFIG="1")
command = ["{uv}", "pip", *told, "--offline", "--python", sys.executable]
os.execve(command[0], command, environment)
END
fi
"""


def uv() -> Path:
    """The real uv, which no shim stands before."""
    found = shutil.which(os.environ.get("UV", "uv"))
    assert found is not None
    return Path(found).resolve()


def cache() -> Path:
    """uv's cache, with everything in it that the API's requirements need."""
    known = subprocess.run([uv(), "cache", "dir"], check=True, capture_output=True, text=True)
    requirements = ROOT / "service" / "requirements.txt"
    command = [
        str(uv()), "pip", "install", "--quiet", "--dry-run", "--python", sys.executable,
        "--reinstall", "--require-hashes", "--no-deps", "--only-binary", ":all:",
        "--requirement", str(requirements),
    ]  # fmt: skip
    if subprocess.run([*command, "--offline"], check=False, capture_output=True).returncode:
        subprocess.run(command, check=True)
    return Path(known.stdout.strip())


def settings(machine: str) -> MachineSettings:
    """What the program builds the machine from."""
    stack = "dev" if machine == "bastion" else "prod"  # `prod` has Session Manager instead
    found = {**configuration(stack), f"cinema:{machine}Image": "build"}
    import pulumi  # noqa: PLC0415 - half a second, of those who build only

    read = Settings.read(
        Config(found.get),
        project="cinema",
        stack=stack,
        root=ROOT,
        package=pulumi.AssetArchive({}),
    )
    return read.machines[machine]


def bare(folder: Path) -> Rootfs:
    """A machine with a `python3.13` and nothing of ours."""
    base, where = Path(sys.base_prefix), cache()
    server = sshd()
    read = [uv().parent]
    read += [path for path in (base, server) if not path.is_relative_to("/usr") and path != ROOT_OF]
    made = Rootfs.made(folder, read=read, write=[where])
    python = base / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    made.double("python3.13", _PYTHON.format(python=python, uv=uv(), cache=where))
    if server != ROOT_OF:
        libraries = ":".join(str(path) for path in sorted(server.glob("usr/lib/*-linux-gnu*")))
        made.double("sshd", f'LD_LIBRARY_PATH={libraries} exec {server}/usr/sbin/sshd "$@"')
    # Amazon Linux's own python3 unpacks; here it may be one that is not below /usr.
    made.double("python3", f'exec {python} "$@"')
    return made


def fetch(made: Rootfs, machine: MachineSettings) -> None:
    """What S3Download does: each archive, as Pulumi would have uploaded it."""
    for artifact in machine.artifacts:
        with ZipFile(made.root / "var/tmp/cinema" / artifact.name, "w") as archive:
            for path, content in artifact.files.items():
                archive.writestr(
                    path, content if isinstance(content, str) else content.read_bytes()
                )


def steps(name: str, machine: MachineSettings) -> dict[str, str]:
    """The script of each phase of the document, by its name."""
    phases = yaml.safe_load(document(NAMES, name, machine))["phases"]
    return {
        phase["name"]: "\n".join(
            command
            for step in phase["steps"]
            if step["action"] == "ExecuteBash"
            for command in step["inputs"]["commands"]
        )
        for phase in phases
    }
