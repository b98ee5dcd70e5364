from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.engine import install as installing
from tests.engine.install import CLI, VERSION, NotInstallableError, install

pytest_plugins = ["pytester"]


def test_the_stamped_version_is_the_one_that_go_builds() -> None:
    pinned = re.search(r"github\.com/pulumi/pulumi/pkg/v3 v(\S+)", (CLI / "go.mod").read_text())
    assert pinned is not None
    assert pinned[1] == VERSION


def test_without_pulumi_and_without_go_the_reason_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(NotInstallableError, match="neither pulumi nor Go is on PATH"):
        install(tmp_path)


def test_an_installation_of_the_users_own_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, stubs = tmp_path / "own", tmp_path / "stubs"
    own.mkdir()
    stubs.mkdir()
    for name in ("pulumi", "pulumi-language-python"):
        (own / name).write_text("#!/bin/sh\n")
        (own / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(own))
    done = install(stubs)
    assert done.pulumi == own / "pulumi"
    assert done.official_host
    assert {path.name for path in stubs.iterdir()} == {"pulumi-resource-aws"}


def test_what_go_builds_is_placed_whole_and_executable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sdk = tmp_path / "sdk"
    (sdk / "python" / "cmd").mkdir(parents=True)
    (sdk / "python" / "cmd" / "pulumi-language-python-exec").write_text("# Pulumi's own\n")

    def go(*arguments: str) -> str:
        if arguments[0] == "build":
            Path(arguments[arguments.index("-o") + 1]).write_text("#!/bin/sh\n")
        return str(sdk) if arguments[0] == "list" else ""

    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text("#!/bin/sh\n")
    (tools / "go").chmod(0o755)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(installing, "_go", go)
    said: list[str] = []
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    done = install(stubs, said.append)
    assert done.pulumi.stat().st_mode & stat.S_IXUSR
    assert {path.name for path in done.pulumi.parent.iterdir()} == {
        ".lock",
        "pulumi",
        "pulumi-language-python-exec",
    }
    assert any("building pulumi" in text for text in said)
    said.clear()
    install(stubs, said.append)
    assert said == []


@pytest.mark.parametrize(("required", "outcome"), [("", "skipped"), ("required", "failed")])
def test_without_an_engine_tests_are_skipped_unless_it_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, required: str, outcome: str
) -> None:
    monkeypatch.setenv("PATH", str(pytester.path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytester.path / "cache"))
    monkeypatch.setenv("STACKPROOF_ENGINE", required)
    pytester.makeconftest("from tests.engine.conftest import installation")
    pytester.makepyfile("def test_it(installation): pass")
    result = pytester.runpytest("-p", "no:cacheprovider", "-rs")
    counts = result.parseoutcomes()
    assert counts == ({"skipped": 1} if outcome == "skipped" else {"errors": 1})
    result.stdout.fnmatch_lines(["*neither pulumi nor Go is on PATH*"])
