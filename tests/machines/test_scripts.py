"""The scripts that make machines, run on a bare one as bad as a base image can be."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.machines.building import fetch, settings, steps
from tests.machines.conftest import Built, made
from tests.machines.rootfs import Rootfs
from tests.stack.engine_double import ROOT

MACHINES = ROOT / "stack" / "machines"

# They take turns with one machine each, so that it is built once.
pytestmark = pytest.mark.xdist_group("machines")


def programs() -> list[Path]:
    files = (path for path in MACHINES.rglob("*") if path.is_file())
    return sorted(path for path in files if path.read_bytes().startswith(b"#!"))


# ── as they are written ─────────────────────────────────────────────────────────────────────────


def test_shellcheck_has_nothing_to_say_of_any_script() -> None:
    scripts = [path for path in programs() if b"bash" in path.read_bytes().splitlines()[0]]
    assert len(scripts) >= 15
    done = subprocess.run(
        ["shellcheck", "--norc", *scripts], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_every_script_is_a_program_and_stops_at_the_first_failure() -> None:
    for path in MACHINES.rglob("*.sh"):
        first, *lines = path.read_text().splitlines()
        assert first == "#!/usr/bin/env bash", path
        # What runs all checks goes on after one that failed.
        wanted = "set -uo pipefail" if path.name == "check.sh" else "set -euo pipefail"
        assert wanted in lines, path


def test_install_and_check_scripts_are_numbered() -> None:
    for part in MACHINES.iterdir():
        if part.is_dir():
            for folder in ("install", "check"):
                for path in (part / folder).glob("*"):
                    assert re.fullmatch(r"\d\d-[a-z-]+\.sh", path.name), path


# ── as they run ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(params=["api", "bastion"])
def machine(request: pytest.FixtureRequest, built: Built) -> tuple[str, Rootfs]:
    return request.param, built(request.param)


def test_a_machine_that_is_built_passes_its_checks(machine: tuple[str, Rootfs]) -> None:
    name, rootfs = machine
    done = rootfs.run(steps(name, settings(name))["validate"])
    assert done.returncode == 0, done.stdout
    assert "FAILED" not in done.stdout
    assert done.stdout.count("ok      ") >= 3


def test_a_built_machine_carries_no_key_no_password_and_no_identity(
    machine: tuple[str, Rootfs],
) -> None:
    _, rootfs = machine
    assert not list(rootfs.root.glob("home/*/.ssh/authorized_keys"))
    assert not (rootfs.root / "root/.ssh/authorized_keys").exists()
    assert not list(rootfs.root.glob("etc/ssh/ssh_host_*"))
    assert rootfs.read("etc/machine-id") == ""
    assert not (rootfs.root / "etc/cinema/environment").exists()
    for line in rootfs.read("etc/shadow").splitlines():
        assert line.split(":")[1][:1] in {"!", "*"}, line
    assert "cloud-init clean --logs" in rootfs.told
    assert not (rootfs.root / "var/tmp/cinema").exists()


def test_a_machine_is_patched_whatever_release_its_base_is_locked_to(
    machine: tuple[str, Rootfs],
) -> None:
    _, rootfs = machine
    assert next(line for line in rootfs.told if line.startswith("dnf")) == (
        "dnf --assumeyes --quiet --releasever=latest upgrade"
    )


def test_only_what_has_units_sends_their_log(built: Built) -> None:
    enabled = "systemctl enable cinema-journal.service cinema-agent.service"
    assert [line for line in built("api").told if line.startswith(enabled)]
    assert "systemctl enable cinema-api.service" in built("api").told
    assert not [line for line in built("bastion").told if line.startswith("systemctl enable")]
    assert "systemctl disable amazon-cloudwatch-agent.service" in built("bastion").told


@pytest.mark.parametrize(
    ("check", "sabotage", "back"),
    [
        (
            "common-10-login",
            "mkdir -p /home/x/.ssh; echo 'ssh-ed25519 AAAA' >/home/x/.ssh/authorized_keys",
            "rm -r /home/x",
        ),
        (
            "common-10-login",
            "cp /etc/shadow /s; sed -i 's/^root:[^:]*/root:$6$a$b/' /etc/shadow",
            "mv /s /etc/shadow",
        ),
        ("common-10-login", "cp /etc/shadow /s; echo 'x::1::::::' >>/etc/shadow",
         "mv /s /etc/shadow"),
        (
            "common-10-login",
            "echo 'PasswordAuthentication yes' >/etc/ssh/sshd_config.d/00-first.conf",
            "rm /etc/ssh/sshd_config.d/00-first.conf",
        ),
        ("common-20-settings",
         "sed -i 's/^fs.suid_dumpable.*/fs.suid_dumpable = 1/' /doubles/kernel",
         "cp /etc/sysctl.d/90-cinema.conf /doubles/kernel"),
        ("common-30-units", "chmod o+w /opt/cinema/bin/journal",
         "chmod o-w /opt/cinema/bin/journal"),
        (
            "common-30-units",
            "mv /opt/cinema/bin/journal /j",
            "mv /j /opt/cinema/bin/journal",
        ),
        (
            "common-30-units",
            "echo 'ProtectSistem=strict' >>/etc/systemd/system/cinema-journal.service",
            "sed -i '$d' /etc/systemd/system/cinema-journal.service",
        ),
        ("api-10-service", "usermod --shell /bin/bash cinema-api",
         "usermod --shell /usr/sbin/nologin cinema-api"),
        ("api-10-service", "mv /opt/cinema/api/bin/cinema-api /c",
         "mv /c /opt/cinema/api/bin/cinema-api"),
    ],
)  # fmt: skip
def test_a_check_finds_what_is_amiss(built: Built, check: str, sabotage: str, back: str) -> None:
    rootfs = built("api")
    assert rootfs.run(sabotage).returncode == 0
    try:
        done = rootfs.run(f"bash /opt/cinema/check/{check}.sh")
    finally:
        assert rootfs.run(back).returncode == 0
    assert done.returncode != 0


def test_one_failed_check_does_not_hide_the_others_and_fails_the_build(built: Built) -> None:
    rootfs = built("bastion")
    rootfs.write("opt/cinema/check/00-no.sh", "exit 1\n")
    try:
        done = rootfs.run("bash /opt/cinema/check.sh")
    finally:
        (rootfs.root / "opt/cinema/check/00-no.sh").unlink()
    assert done.returncode == 1
    assert "FAILED  00-no\n" in done.stdout
    assert done.stdout.count("ok      ") == 3


def test_an_archive_that_was_changed_on_its_way_builds_nothing(tmp_path: Path) -> None:
    rootfs, what = made(tmp_path), settings("bastion")
    fetch(rootfs, what)
    assert rootfs.run(
        "cd /var/tmp/cinema && mkdir -p common/install && echo 'touch /owned' "
        ">common/install/99.sh && python3 -c \"import zipfile; zipfile.ZipFile('bastion.zip', "
        "'a').write('common/install/99.sh')\""
    ).returncode == 0  # fmt: skip
    assert rootfs.run(steps("bastion", what)["build"]).returncode != 0
    assert not (rootfs.root / "owned").exists()
    assert not (rootfs.root / "opt/cinema").exists()


def test_a_failing_install_script_fails_the_build(tmp_path: Path) -> None:
    rootfs, what = made(tmp_path), settings("bastion")
    fetch(rootfs, what)
    rootfs.double("dnf", "exit 1")
    assert rootfs.run(steps("bastion", what)["build"]).returncode != 0
    assert not (rootfs.root / "opt/cinema/check/common-10-login.sh").exists()


# ── what the machine runs of ours ───────────────────────────────────────────────────────────────


def test_the_agent_is_told_the_log_group_of_the_environment(built: Built) -> None:
    rootfs = built("api")
    done = rootfs.run("CINEMA_LOG_GROUP=/cinema/prod/api /opt/cinema/bin/agent-configuration")
    assert done.returncode == 0, done.stdout
    file = "opt/aws/amazon-cloudwatch-agent/etc/amazon-cloudwatch-agent.d/cinema.json"
    (entry,) = json.loads(rootfs.read(file))["logs"]["logs_collected"]["files"]["collect_list"]
    assert entry == {
        "file_path": "/var/log/cinema/journal.log",
        "log_group_name": "/cinema/prod/api",
        "log_stream_name": "{instance_id}",
    }


@pytest.mark.parametrize("name", ["", 'a", "x": "', "a b", "$(reboot)"])
def test_nothing_but_a_name_becomes_one(built: Built, name: str) -> None:
    done = built("api").run(f"CINEMA_LOG_GROUP='{name}' /opt/cinema/bin/agent-configuration")
    assert done.returncode != 0
    assert "CINEMA_LOG_GROUP" in done.stdout


def test_the_journal_of_the_units_becomes_a_file(built: Built) -> None:
    rootfs = built("api")
    rootfs.double("journalctl", 'echo \'{"event": "hello"}\'')
    done = rootfs.run(
        "setpriv --reuid cinema-log --regid cinema-log --init-groups /opt/cinema/bin/journal"
    )
    assert done.returncode == 0, done.stdout
    assert rootfs.read("var/log/cinema/journal.log") == '{"event": "hello"}\n'
    (asked,) = [line for line in rootfs.told if line.startswith("journalctl")]
    assert asked.endswith("--unit=cinema-api.service")
