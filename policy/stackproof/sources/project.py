"""A Pulumi project as its YAML files describe it: its program, its interpreter, its config.

The rules are Pulumi's (Pulumi docs, "Pulumi project file reference" and "Configuration").
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import yaml

from stackproof.sources.errors import SourceError

_PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml")


class Project(msgspec.Struct, frozen=True):
    """`Pulumi.yaml`, as far as evaluating a program needs it. Paths are absolute."""

    name: str
    file: Path
    root: Path
    main: Path
    """The program: a folder with `__main__.py`, or a file."""
    toolchain: str
    virtualenv: str | None
    declared: dict[str, Any]
    """The `config` section: values, or declarations with type and default."""
    stack_folder: Path
    """Where the stacks' files are."""


class Config(msgspec.Struct, frozen=True):
    """A stack's configuration as the SDK reads it: objects are JSON text."""

    values: dict[str, str]
    secret_keys: tuple[str, ...]
    """Keys whose value is secret; where nothing is known of it, a placeholder stands in."""
    encrypted: tuple[str, ...]
    """Those of them that hold ciphertext."""


def find_project(directory: Path) -> Project:
    """Read the Pulumi.yaml of `directory` or of its nearest ancestor that has one."""
    start = directory.resolve()
    if not start.is_dir():
        raise SourceError(f"{directory} is not a folder; name the one that holds Pulumi.yaml.")
    for folder in (start, *start.parents):
        for name in _PROJECT_FILES:
            if (folder / name).is_file():
                return _read_project(folder / name)
    raise SourceError(
        f"No Pulumi.yaml in {directory} or above it; run this in a Pulumi project, "
        "or name its folder."
    )


_NEVER_PROJECTS = frozenset({"__pycache__", "node_modules", "site-packages"})


def projects_below(directory: Path) -> tuple[Path, ...]:
    """The folders with a Pulumi.yaml in `directory` and below it, sorted.

    Hidden folders, environments and what is installed in them are not looked into.
    """
    if not directory.is_dir():
        raise SourceError(f"{directory} is not a folder; name one that holds Pulumi projects.")
    found = []
    for folder, below, files in os.walk(directory):
        below[:] = [
            name
            for name in below
            if not name.startswith(".")
            and name not in _NEVER_PROJECTS
            and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        if any(name in files for name in _PROJECT_FILES):
            found.append(Path(folder))
    return tuple(sorted(found))


def runtime_of(root: Path) -> str | None:
    """The runtime that the project file in `root` names; None when that cannot be read."""
    path = next((root / name for name in _PROJECT_FILES if (root / name).is_file()), None)
    try:
        content = None if path is None else _load(path)
    except SourceError:
        return None
    runtime = content.get("runtime") if isinstance(content, dict) else None
    runtime = runtime.get("name") if isinstance(runtime, dict) else runtime
    return runtime if isinstance(runtime, str) else None


def _load(path: Path) -> Any:  # noqa: ANN401  YAML holds anything
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{path.name} is not UTF-8 text; save it as UTF-8.") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise SourceError(f"{path.name}{where} cannot be parsed: {problem}.") from error


def _read_project(path: Path) -> Project:
    content = _load(path)
    if not isinstance(content, dict) or not isinstance(content.get("name"), str):
        raise SourceError(f"{path.name} has no `name`; it is not a Pulumi project file.")
    runtime = content.get("runtime")
    options: dict[str, Any] = {}
    if isinstance(runtime, dict):
        options = runtime.get("options") or {}
        runtime = runtime.get("name")
    if runtime != "python":
        raise SourceError(
            f"{path.name} says runtime '{runtime}'; only Python programs can be evaluated. "
            "For others use --from with the output of `pulumi preview --json --show-sames`."
        )
    root = path.parent
    main = (root / str(content.get("main") or ".")).resolve()
    if not main.exists() or (main.is_dir() and not (main / "__main__.py").is_file()):
        raise SourceError(
            f"{path.name} says the program is in '{content.get('main') or '.'}', "
            "but there is no __main__.py there."
        )
    declared = content.get("config") or {}
    folder = content.get("stackConfigDir") or (declared if isinstance(declared, str) else "")
    return Project(
        name=content["name"],
        file=path,
        root=root,
        main=main,
        toolchain=str(options.get("toolchain") or "pip").lower(),
        virtualenv=options.get("virtualenv"),
        declared=declared if isinstance(declared, dict) else {},
        stack_folder=root / folder if folder else root,
    )


# ── configuration ───────────────────────────────────────────────────────────────────────────────


def stacks_of(project: Project) -> tuple[str, ...]:
    """The stacks that have a file here, sorted."""
    found = set()
    for pattern in ("Pulumi.*.yaml", "Pulumi.*.yml"):
        for path in project.stack_folder.glob(pattern):
            found.add(path.name.split(".", 1)[1].rsplit(".", 1)[0])
    return tuple(sorted(found))


def read_config(project: Project, stack: str, placeholders: dict[str, str]) -> Config:
    """The configuration of `stack`, with Pulumi.yaml's defaults.

    `placeholders` (key -> text) stands in for values that are encrypted.
    """
    names = stacks_of(project)
    if stack not in names:
        known = ", ".join(names) or "none"
        raise SourceError(
            f"There is no stack '{stack}' in project {project.name} (no Pulumi.{stack}.yaml); "
            f"stacks here: {known}."
        )
    path = project.stack_folder / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        path = path.with_suffix(".yml")
    content = _load(path) or {}
    section = content.get("config") if isinstance(content, dict) else None
    if section is not None and not isinstance(section, dict):
        raise SourceError(f"{path.name}: `config` must be a mapping of keys to values.")
    values: dict[str, str] = {}
    encrypted: set[str] = set()
    for key, value in (section or {}).items():
        name = _full_key(project, str(key))
        plain, hidden = _revealed(value, placeholders.get(name, ""))
        values[name] = _as_text(plain)
        if hidden:
            encrypted.add(name)
    secret = encrypted | _declare(project, stack, values)
    return Config(values, tuple(sorted(secret)), tuple(sorted(encrypted)))


def _declare(project: Project, stack: str, values: dict[str, str]) -> set[str]:
    """Add the defaults of Pulumi.yaml to `values`; the keys that it declares secret."""
    secret = set()
    for key, declaration in project.declared.items():
        name = _full_key(project, str(key))
        detailed = isinstance(declaration, dict) and bool(
            declaration.keys() & {"type", "default", "value", "secret", "description"}
        )
        if detailed and declaration.get("secret"):
            secret.add(name)
        if name in values:
            continue
        default = declaration
        if detailed:
            default = declaration.get("default", declaration.get("value"))
        if default is not None:
            values[name] = _as_text(default)
        elif detailed and "type" in declaration:
            raise SourceError(
                f"Stack {stack} has no value for '{name}', which {project.file.name} declares "
                f"without a default; set it: pulumi config set {name} VALUE --stack {stack}."
            )
    return secret


def encrypted_keys(project: Project, stack: str) -> tuple[str, ...]:
    """The keys of `stack` that hold ciphertext."""
    return read_config(project, stack, {}).encrypted


def _full_key(project: Project, key: str) -> str:
    return key if ":" in key else f"{project.name}:{key}"


def _revealed(value: Any, placeholder: str) -> tuple[Any, bool]:  # noqa: ANN401  as in YAML
    """`value` with ciphertext replaced, and whether there was any."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            return placeholder, True
        pairs = {k: _revealed(v, placeholder) for k, v in value.items()}
        return {k: v for k, (v, _) in pairs.items()}, any(h for _, h in pairs.values())
    if isinstance(value, list):
        items = [_revealed(v, placeholder) for v in value]
        return [v for v, _ in items], any(h for _, h in items)
    return value, False


def _as_text(value: Any) -> str:  # noqa: ANN401  as in YAML
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)
    return "" if value is None else str(value)


def account_of(config: Config) -> str | None:
    """The account, when `aws:allowedAccountIds` names exactly one."""
    text = config.values.get("aws:allowedAccountIds")
    if not text or "aws:allowedAccountIds" in config.encrypted:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = text
    accounts = found if isinstance(found, list) else [found]
    # YAML reads an unquoted account id as a number and so loses its leading zeros.
    return str(accounts[0]).zfill(12) if len(accounts) == 1 else None


def region_of(config: Config) -> str | None:
    """The default region."""
    return None if "aws:region" in config.encrypted else config.values.get("aws:region")


# ── the interpreter ─────────────────────────────────────────────────────────────────────────────


def interpreter(project: Project) -> Path:
    """The Python that Pulumi would run the program with."""
    folder = _virtualenv(project)
    if folder is not None:
        for python in _pythons(folder):
            if python.exists():
                return python
        install = {"uv": "uv sync", "poetry": "poetry install"}.get(
            project.toolchain, "pulumi install"
        )
        raise SourceError(
            f"The program's virtual environment {_shown(folder, project.root)} does not exist; "
            f"make it with `{install}`."
        )
    active = os.environ.get("VIRTUAL_ENV")
    for python in _pythons(Path(active)) if active else ():
        if python.exists():
            return python
    if importlib.util.find_spec("pulumi") is not None:
        return Path(sys.executable)
    found = os.environ.get("PULUMI_PYTHON_CMD") or shutil.which("python3") or shutil.which("python")
    if not found:
        raise SourceError("No Python was found on PATH to run the program with.")
    return Path(found)


def _pythons(environment: Path) -> tuple[Path, ...]:
    return environment / "bin" / "python", environment / "Scripts" / "python.exe"


def _virtualenv(project: Project) -> Path | None:
    if project.virtualenv:
        return (project.root / project.virtualenv).resolve()
    if project.toolchain == "uv":
        named = os.environ.get("UV_PROJECT_ENVIRONMENT")
        program = project.main if project.main.is_dir() else project.main.parent
        holders = [f for f in (program, *program.parents) if (f / "uv.lock").exists()] or [
            f for f in (program, *program.parents) if (f / "pyproject.toml").exists()
        ]
        holder = holders[0] if holders else project.root
        return holder / (named or ".venv")
    if project.toolchain == "poetry":
        inside = project.root / ".venv"
        poetry = shutil.which("poetry")
        if inside.exists() or poetry is None:
            return inside
        told = subprocess.run(  # noqa: S603  the user's own poetry, without a shell
            [poetry, "env", "info", "--path"],
            cwd=project.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return Path(told.stdout.strip()) if told.returncode == 0 else inside
    return None


def _shown(path: Path, root: Path) -> str:
    try:
        return str(path.relative_to(root))
    except ValueError:
        return str(path)
