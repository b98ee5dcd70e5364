"""The files of the database's image agree with each other and with the members' program."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from cinema_member.__main__ import COMMANDS
from cinema_member.disk import LABEL, must_format
from cinema_member.files import AUTHORITIES, CERTIFICATE, FOLDER, KEYFILE
from cinema_member.member import MemberError
from tests.machines.database.conftest import ROOT
from tests.machines.database.members import ENVIRONMENT

MACHINE = ROOT / "stack/machines/database"
UNITS = MACHINE / "files/etc/systemd/system"


class Unit(dict[str, list[str]]):
    """The settings of one unit, each with all its values, by `Section.Key`."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        section = ""
        for line in path.read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif "=" in line and not line.startswith("#"):
                key, _, value = line.partition("=")
                self.setdefault(f"{section}.{key}", []).append(value)

    def words(self, key: str) -> set[str]:
        return {word for value in self.get(key, []) for word in value.split()}


def unit(name: str) -> Unit:
    return Unit(UNITS / name)


def units() -> Iterator[Path]:
    return UNITS.glob("*.service")


def test_mongod_reads_what_the_member_writes() -> None:
    settings = yaml.safe_load((MACHINE / "files/etc/mongod.conf").read_text())
    tls = settings["net"]["tls"]
    assert tls["mode"] == "requireTLS"
    assert tls["certificateKeyFile"] == str(FOLDER / CERTIFICATE)
    assert tls["CAFile"] == str(FOLDER / AUTHORITIES)
    assert settings["security"]["keyFile"] == str(FOLDER / KEYFILE)
    assert settings["security"]["authorization"] == "enabled"
    assert settings["net"]["port"] == int(ENVIRONMENT["CINEMA_DATABASE_SELF"].rpartition(":")[2])
    assert unit("cinema-fetch-secrets.service")["Service.RuntimeDirectory"] == [FOLDER.name]
    mount = unit("var-lib-mongo.mount")
    assert mount["Mount.Where"] == [settings["storage"]["dbPath"]]
    assert mount["Mount.What"] == [f"/dev/disk/by-label/{LABEL}"]


def test_the_volume_comes_first_then_the_secrets_then_mongod_then_the_set() -> None:
    order = [
        ("mongod.service", "var-lib-mongo.mount"),
        ("mongod.service", "cinema-fetch-secrets.service"),
        ("var-lib-mongo.mount", "cinema-prepare-disk.service"),
        ("cinema-join-set.service", "mongod.service"),
    ]
    for later, sooner in order:
        found = unit(later)
        assert sooner in found.words("Unit.After"), (later, sooner)
        # Without its volume mongod would begin an empty set on the root disk.
        assert sooner in found.words("Unit.Requires"), (later, sooner)
    assert "transparent-huge-pages.service" in unit("mongod.service").words("Unit.After")


def test_what_reads_user_data_waits_for_it() -> None:
    readers = [p for p in units() if "/etc/cinema/environment" in p.read_text()]
    assert len(readers) >= 6
    for path in readers:
        after = Unit(path).words("Unit.After")
        assert {"cloud-init.service", "mongod.service"} & after, path.name


def test_the_units_run_commands_that_there_are() -> None:
    named = set()
    for path in (*units(), *(MACHINE / "files/opt/cinema/bin").iterdir()):
        named |= set(re.findall(r"-m cinema_member ([a-z-]+)", path.read_text()))
    assert named == set(COMMANDS)


def test_what_a_person_must_see_is_not_tried_again_for_ever() -> None:
    for name in ("cinema-prepare-disk", "cinema-fetch-secrets", "cinema-join-set"):
        found = unit(f"{name}.service")
        assert found["Service.Restart"] == ["on-failure"]
        assert found["Service.RestartPreventExitStatus"] == ["2"]
        assert found["Unit.StartLimitIntervalSec"] == ["0"]


def test_only_the_disk_is_prepared_by_root() -> None:
    root = {p.name for p in units() if "Service.User" not in Unit(p)}
    assert root == {
        "cinema-prepare-disk.service",
        "transparent-huge-pages.service",
    }


def test_a_rehearsal_and_a_member_never_run_on_one_machine() -> None:
    for path in units():
        conditions = Unit(path).get("Unit.ConditionPathExists", [])
        if path.name in {"cinema-prepare-disk.service", "transparent-huge-pages.service"}:
            assert conditions == []
        elif path.name == "cinema-rehearsal.service":
            assert conditions == ["/etc/cinema/rehearsal"]
        else:
            assert conditions == ["!/etc/cinema/rehearsal"], path.name


def test_the_log_has_every_unit_that_says_something() -> None:
    listed = set((MACHINE / "files/etc/cinema/log-units").read_text().split())
    assert listed == {p.name for p in units()} - {"transparent-huge-pages.service"}


def test_mongodb_gets_what_its_production_notes_say() -> None:
    parser = configparser.ConfigParser(allow_no_value=True)
    text = (MACHINE / "files/etc/sysctl.d/95-mongodb.conf").read_text()
    parser.read_string(f"[sysctl]\n{text}")
    assert parser["sysctl"]["vm.swappiness"] == "1"
    mongod = unit("mongod.service")
    limits = {key.partition(".")[2]: value for key, value in mongod.items() if ".Limit" in key}
    # (MongoDB Manual 8.0, "UNIX ulimit Settings for Self-Managed Deployments").
    assert limits == {
        "LimitFSIZE": ["infinity"],
        "LimitCPU": ["infinity"],
        "LimitAS": ["infinity"],
        "LimitNOFILE": ["64000"],
        "LimitNPROC": ["64000"],
        "LimitMEMLOCK": ["infinity"],
    }
    pages = unit("transparent-huge-pages.service")["Service.ExecStart"]
    assert any("echo always " in command for command in pages)
    options = unit("var-lib-mongo.mount").words("Mount.Options")
    assert "noatime" in {o for each in options for o in each.split(",")}
    assert unit("var-lib-mongo.mount")["Mount.Type"] == ["xfs"]
    rules = (MACHINE / "files/etc/udev/rules.d/90-mongodb.rules").read_text()
    # 32 sectors of 512 bytes.
    assert f'ENV{{ID_FS_LABEL}}=="{LABEL}", ATTR{{bdi/read_ahead_kb}}="16"' in rules


def test_what_is_installed_is_pinned() -> None:
    script = (MACHINE / "install/10-mongodb.sh").read_text()
    assert re.search(r"^version=8\.0\.\d+$", script, re.MULTILINE)
    assert re.search(r"^fingerprint=[0-9A-F]{40}$", script, re.MULTILINE)
    assert "gpgcheck=1" in script
    for requirement in (MACHINE / "requirements.txt").read_text().replace("\\\n", "").splitlines():
        if "==" in requirement:
            assert "--hash=sha256:" in requirement, requirement[:40]


# ── the disk ────────────────────────────────────────────────────────────────────────────────────


def test_only_a_blank_disk_is_formatted() -> None:
    assert must_format("/dev/nvme1n1", [])
    assert not must_format("/dev/nvme1n1", [{"type": "xfs", "label": "mongodb"}])


@pytest.mark.parametrize(
    "signatures",
    [
        [{"type": "xfs", "label": None}],
        [{"type": "ext4", "label": "mongodb"}],
        [{"type": "gpt"}, {"type": "PMBR"}],
        [{"type": "xfs", "label": "mongodb"}, {"type": "LVM2_member"}],
    ],
)
def test_a_disk_with_anything_else_is_refused(signatures: list[dict[str, object]]) -> None:
    with pytest.raises(MemberError, match="is not this database's"):
        must_format("/dev/nvme1n1", signatures)
