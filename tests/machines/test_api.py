"""The API on its own machine: from the lock, without a network, and as its unit starts it."""

from __future__ import annotations

import shlex
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer
from packaging.tags import Tag, cpython_tags
from packaging.utils import parse_wheel_filename

from tests.machines.conftest import Built
from tests.machines.rootfs import Rootfs
from tests.machines.units import setting
from tests.service.neighbours import KEY, REGION, database_server
from tests.stack.engine_double import ROOT

UNIT = ROOT / "stack/machines/api/files/etc/systemd/system/cinema-api.service"

pytestmark = pytest.mark.xdist_group("machines")


def test_every_requirement_has_a_wheel_for_the_machine() -> None:
    """Python 3.13 on arm64 under the glibc of Amazon Linux 2023, which is 2.34."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    files = {
        package["name"]: [wheel["url"].rpartition("/")[2] for wheel in package.get("wheels", ())]
        for package in locked
    }
    fits = tags()
    wanted = [
        line.partition("==")[0]
        for line in (ROOT / "service" / "requirements.txt").read_text().splitlines()
        if "==" in line and "win32" not in line
    ]
    assert len(wanted) > 40
    without = [
        name
        for name in wanted
        if not any(parse_wheel_filename(file)[3] & fits for file in files[name])
    ]
    assert without == []


def tags() -> frozenset[Tag]:
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in range(17, 35)]
    platforms += ["manylinux2014_aarch64", "linux_aarch64", "any"]
    generic = {Tag(f"py3{minor}", "none", p) for minor in range(14) for p in platforms}
    generic |= {Tag("py3", "none", p) for p in platforms}
    return frozenset({*cpython_tags((3, 13), platforms=platforms), *generic})


def test_what_is_installed_is_what_is_locked(built: Built) -> None:
    done = built("api").run(
        "/opt/cinema/api/bin/python -c 'import importlib.metadata as m; "
        'print(*sorted(f"{d.name.lower()}=={d.version}" for d in m.distributions()))\''
    )
    assert done.returncode == 0, done.stdout
    installed = set(done.stdout.split())
    lines = (ROOT / "service" / "requirements.txt").read_text().splitlines()
    pinned = {line.split()[0] for line in lines if "==" in line and "win32" not in line}
    assert {name.replace("_", "-") for name in installed} == {*pinned, "cinema-api==0.1.0"}


@pytest.fixture
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def started(rootfs: Rootfs) -> str:
    """What systemd would run, as its unit says and as the unit's user."""
    user, group = setting(UNIT, "User"), setting(UNIT, "Group")
    command = setting(UNIT, "ExecStart")
    environment = setting(UNIT, "EnvironmentFile")
    values = shlex.join(rootfs.read(environment).splitlines())
    return (
        f"umask {setting(UNIT, 'UMask')}; exec setpriv --reuid {user} --regid {group} "
        f"--clear-groups --no-new-privs --bounding-set=-all env -i {values} {command}"
    )


def test_the_api_is_ready_on_its_machine_as_its_unit_starts_it(
    built: Built, tmp_path: Path, s3: str
) -> None:
    rootfs, port = built("api"), free_port()
    client = boto3.client(
        "s3", endpoint_url=s3, region_name=REGION,
        aws_access_key_id="testing", aws_secret_access_key="testing",  # noqa: S106 - of nobody
    )  # fmt: skip
    client.create_bucket(Bucket="images")
    with database_server(tmp_path) as uri:
        rootfs.write(
            "etc/cinema/environment",
            "".join(
                f"{name}={value}\n"
                for name, value in {
                    "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing",
                    "AWS_ENDPOINT_URL": s3, "AWS_REGION": REGION, "CINEMA_DATABASE_URI": uri,
                    "CINEMA_IMAGE_BUCKET": "images", "CINEMA_JWT_KEYS": KEY.replace(" ", "-"),
                    "CINEMA_PORT": port,
                }.items()
            ),
        )  # fmt: skip
        command = rootfs.command(started(rootfs), network=True)
        log = tmp_path / "log"
        with log.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
            try:
                answer = ready(f"http://127.0.0.1:{port}/readyz", process)
            finally:
                process.kill()  # `unshare` waits for what it started, whatever else it is told
                (rootfs.root / "etc/cinema/environment").unlink()
    assert answer is not None, log.read_text()
    assert answer.status_code == 200, (answer.text, log.read_text())
    assert answer.json()["ready"] is True


def ready(url: str, process: subprocess.Popen[bytes]) -> httpx.Response | None:
    """What /readyz says once it says yes, or at last."""
    answer = None
    with httpx.Client(trust_env=False) as http:
        for _ in range(240):
            if process.poll() is not None:
                break
            try:
                answer = http.get(url, timeout=30)
            except httpx.TransportError:
                time.sleep(0.25)
                continue
            if answer.status_code == 200:
                break
            time.sleep(0.25)
    return answer
