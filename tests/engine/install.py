"""Put the real Pulumi engine, and the two parts that stand in for what is not installed, in place.

`python -m tests.engine.install` does it by hand and prints the folder to put on PATH. What is
found is used; what is missing is made:

- `pulumi`: from PATH, else built with Go from the module that `cli/go.mod` pins, once a version,
  into the user's cache.
- `pulumi-language-python`: from PATH, else `language_host.py`, with `pulumi-language-python-exec`
  from the Pulumi SDK of the same pinned version beside it.
- `pulumi-resource-aws`: always a **test double** of AWS, `aws_double.py` unless another is named.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

VERSION = "3.250.0"
"""As in `cli/go.mod`; `test_install.py` holds the two together."""

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
CLI = HERE / "cli"
STAMP = f"github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={VERSION}"

Say = Callable[[str], None]


def _stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


class NotInstallableError(Exception):
    """Neither `pulumi` nor Go is there, or Go could not build it. The message says which."""


@dataclass(frozen=True)
class Installation:
    """Where the engine is. `path` comes before everything else on PATH."""

    pulumi: Path
    path: tuple[Path, ...]
    official_host: bool
    """Whether Pulumi's own language host for Python runs, rather than `language_host.py`."""


def cache() -> Path:
    """The folder that keeps what was built, by version; `XDG_CACHE_HOME` is honoured."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "stackproof-engine" / VERSION


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process at a time build: parallel workers of pytest ask at the same moment."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _go(*arguments: str) -> str:
    done = subprocess.run(
        ["go", *arguments], cwd=CLI, check=False, capture_output=True, text=True, timeout=3000
    )
    if done.returncode:
        last = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise NotInstallableError(f"go {' '.join(arguments[:2])} failed:\n{last}")
    return done.stdout.strip()


def _place(source: Path, target: Path) -> None:
    """Copy `source` to the executable `target` in one step, so that no one runs a half of it."""
    handle, name = tempfile.mkstemp(dir=target.parent)
    os.close(handle)
    part = Path(name)
    try:
        shutil.copyfile(source, part)
        part.chmod(0o755)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _build(target: Path, say: Say) -> None:
    if shutil.which("go") is None:
        raise NotInstallableError(
            "neither pulumi nor Go is on PATH: install Pulumi (https://www.pulumi.com/docs/install/)"
            " or Go 1.25 or newer, with which the tests build it"
        )
    say(f"building pulumi {VERSION} with Go into {target.parent}: about five minutes, once")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        made = Path(scratch) / "pulumi"
        _go(
            "build", "-trimpath", "-ldflags", f"-s -w -X {STAMP}", "-o", str(made),
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        )  # fmt: skip
        _place(made, target)
    say("built pulumi")


def _exec_script(target: Path, say: Say) -> None:
    """Pulumi's own script that runs a Python program; it lies in the source of the SDK's module."""
    if shutil.which("go") is None:
        raise NotInstallableError(
            "pulumi is on PATH but pulumi-language-python is not, and without Go the script that"
            " it needs cannot be had: install the whole of Pulumi, or Go"
        )
    say("taking pulumi-language-python-exec from the Pulumi SDK")
    _go("mod", "download", "github.com/pulumi/pulumi/sdk/v3")
    module = _go("list", "-m", "-f", "{{.Dir}}", "github.com/pulumi/pulumi/sdk/v3")
    target.parent.mkdir(parents=True, exist_ok=True)
    script = "pulumi-language-python-exec"
    _place(Path(module) / "python" / "cmd" / script, target)


def _stub(target: Path, module: str) -> None:
    """Write an executable that runs `module` with this interpreter, which has Pulumi's protocol.

    The repository is on its path alone, not in the environment of what it starts.
    """
    start = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from {module} import main; main()"
    )
    target.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -u -c {shlex.quote(start)} "$@"\n'
    )
    target.chmod(0o755)


def install(
    stubs: Path, say: Say = _stderr, *, provider: str = "tests.engine.aws_double"
) -> Installation:
    """Find or make everything; `stubs` is an existing folder of the caller's for what is ours.

    `provider` is the module of the double that stands for AWS.

    Raises NotInstallableError. Makes in the cache only what Go builds: what belongs to this
    checkout and this interpreter goes to `stubs`.
    """
    found = shutil.which("pulumi")
    pulumi = Path(found) if found else cache() / "pulumi"
    if not pulumi.exists():
        with _alone():
            if not pulumi.exists():  # another process may have built it while this one waited
                _build(pulumi, say)
    host = shutil.which("pulumi-language-python")
    if host is None:
        script = cache() / "pulumi-language-python-exec"
        if not script.exists():
            _exec_script(script, say)
        _place(script, stubs / script.name)
        _stub(stubs / "pulumi-language-python", "tests.engine.language_host")
    _stub(stubs / "pulumi-resource-aws", provider)
    path = tuple(dict.fromkeys((stubs, pulumi.parent, *([Path(host).parent] if host else []))))
    return Installation(pulumi, path, host is not None)


def main() -> None:
    """Install into a folder of the cache and say how to use it."""
    stubs = cache() / "bin"
    stubs.mkdir(parents=True, exist_ok=True)
    try:
        done = install(stubs)
    except NotInstallableError as error:
        sys.exit(str(error))
    sys.stdout.write(os.pathsep.join(map(str, done.path)) + "\n")


if __name__ == "__main__":
    main()
