"""The Graph of a Pulumi program, by evaluating it: no CLI, no plugin, no credentials.

The program runs twice, in two processes side by side, each with its own kind of marker in place of
the outputs that only a deployment knows (see `recorder`). What the two declare in common is the
Graph; where they differ nothing is claimed.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from stackproof.model import Graph, Location, Resource, Unknown, Value
from stackproof.sources import project as projects
from stackproof.sources import undecided, wire
from stackproof.sources.children import Child, TimedOutError, run_all
from stackproof.sources.errors import SourceError

RECORDER = Path(__file__).with_name("recorder.py")
STACK_TYPE = "pulumi:pulumi:Stack"

UNDECIDED = undecided.TYPE

_HIDDEN_ENVIRONMENT = (
    "AWS_",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG",
    "PYTHONHASHSEED",
)


class Home(msgspec.Struct, frozen=True):
    """Where a project usually is whose copy is evaluated. All paths are absolute.

    Its interpreter is in the usual place; its own packages are in the copy.
    """

    python: Path
    usual: Path
    """The folder that was copied."""
    now: Path
    """The copy."""


def evaluate(  # noqa: PLR0913 - the last four have defaults
    directory: Path,
    stack: str,
    *,
    time_limit: float = 120,
    progress: Callable[[int], None] | None = None,
    home: Home | None = None,
    stopped: threading.Event | None = None,
) -> Graph:
    """Evaluate the Pulumi project in `directory` (or above it) for `stack`.

    `time_limit` is in seconds. `progress` is called with the number of resources so far. `home` is
    where the project usually is, when `directory` is a copy. `stopped`, when set, ends it with
    StoppedError.
    Raises SourceError with one message for people when there is nothing to evaluate or the
    program fails.
    """
    project = projects.find_project(directory)
    stack = stack.rpartition("/")[2]  # `organization/project/stack` is a way to name a stack, too
    hidden = projects.encrypted_keys(project, stack)
    python = projects.interpreter(project) if home is None else home.python
    moved = None if home is None else (str(home.usual), str(home.now))
    runs = [_Run(project, stack, hidden, number, moved) for number in (0, 1)]
    recorded = _run(runs, python, time_limit, progress, stopped)
    refusal = _refusal(runs, recorded, project)
    if refusal:
        runs[1].deploys = False
        recorded[1:] = _run(runs[1:], python, time_limit, None, stopped)
    for run, result in zip(runs, recorded, strict=True):
        if result["failure"]:
            raise SourceError(_explained(result["failure"], run, project))
        if result["strayed"]:
            raise SourceError(_stray(result["strayed"][0]))
    return _graph(project, stack, runs, recorded, refusal)


def _run(
    runs: Sequence[_Run],
    python: Path,
    time_limit: float,
    progress: Callable[[int], None] | None,
    stopped: threading.Event | None = None,
) -> list[dict[str, Any]]:
    """What each of `runs`, side by side, recorded or failed of."""
    with tempfile.TemporaryDirectory(prefix="stackproof-") as folder:
        commands = []
        look_at = time.time() + time_limit * 0.9
        for run in runs:
            job, result = Path(folder, f"job-{run.number}.json"), run.result(folder)
            within = {"stands": str(run.stands(folder)), "lookAt": look_at}
            job.write_bytes(msgspec.json.encode(run.job() | within))
            commands.append([str(python), str(RECORDER), str(job), str(result)])
        try:
            children = run_all(
                commands,
                cwd=runs[0].folder,
                environments=[run.environment(python) for run in runs],
                time_limit=time_limit,
                progress=progress,
                stopped=stopped,
            )
        except TimedOutError as error:
            raise SourceError(
                f"The program did not end within {time_limit:g} seconds"
                f"{_standing(runs, folder)}; find what it waits for, or give it longer: "
                f"--time-limit {time_limit * 2:g}.{_said(error.output)}"
            ) from error
        return [_recorded(run, child, folder) for run, child in zip(runs, children, strict=True)]


def _refusal(
    runs: Sequence[_Run], recorded: Sequence[Mapping[str, Any]], project: projects.Project
) -> str:
    """How the program refuses a deployment that it would preview; empty when it does not.

    A program that raises deploys nothing, so what it declares in a preview is all there is to
    judge: a missing build, say, must not keep anybody from reading the architecture.
    """
    preview, deployment = (result["failure"] for result in recorded)
    if preview or not deployment or deployment["kind"] not in {"raised", "exit"}:
        return ""
    return (
        "The program would refuse to be deployed as it stands, and is judged as in a preview: "
        f"{_explained(deployment, runs[1], project)}"
    )


class _Run:
    """One of the two evaluations: its markers, its placeholders for secrets."""

    def __init__(
        self,
        project: projects.Project,
        stack: str,
        hidden: Sequence[str],
        number: int,
        moved: tuple[str, str] | None = None,
    ) -> None:
        self.number = number
        self.moved = moved
        # What a program does in a preview only, or only in a deployment, shows as a difference.
        self.deploys = number == 1
        self.project = project
        self.stack = stack
        # Digits only, so that the program may read a secret as a text or as a number.
        self.placeholders = {
            key: f"{7310 + number}{4096 + number * 17:06d}{index:05d}"
            for index, key in enumerate(hidden)
        }
        self.config = projects.read_config(project, stack, self.placeholders)
        main = project.main
        self.folder = main if main.is_dir() else main.parent

    def result(self, folder: str) -> Path:
        return Path(folder, f"result-{self.number}.json")

    def stands(self, folder: str) -> Path:
        return Path(folder, f"stands-{self.number}.json")

    def job(self) -> dict[str, Any]:
        return {
            "project": self.project.name,
            "stack": self.stack,
            "root": str(self.project.root),
            "main": str(self.project.main),
            "directory": str(self.folder),
            "config": self.config.values,
            "secretKeys": self.config.secret_keys,
            "shape": wire.SHAPES[self.number],
            "dryRun": not self.deploys,
            "region": projects.region_of(self.config),
            "account": projects.account_of(self.config),
            "moved": self.moved,
        }

    def environment(self, python: Path) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_HIDDEN_ENVIRONMENT)}
        return kept | {
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "PATH": f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}",
            # What depends on the order of a set differs between the two, and so is noticed.
            "PYTHONHASHSEED": str(self.number),
        }


# ── what went wrong ─────────────────────────────────────────────────────────────────────────────


def _said(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip()][-5:]
    return " It printed last:\n  " + "\n  ".join(line[:200] for line in lines) if lines else ""


def _standing(runs: Sequence[_Run], folder: str) -> str:
    """The line at which a program stood shortly before its time was over, if it is known."""
    for run in runs:
        try:
            path, line = msgspec.json.decode(run.stands(folder).read_bytes(), type=tuple[str, int])
        except (OSError, msgspec.DecodeError):  # it wrote none, or was killed while writing it
            continue
        return f" (it stands at {path}:{line})"
    return ""


def _recorded(run: _Run, child: Child, folder: str) -> dict[str, Any]:
    path = run.result(folder)
    if not path.exists():
        raise SourceError(
            f"The program ended its process (status {child.status}) before it was done; a Pulumi "
            f"program must run to its end.{_said(child.output)}"
        )
    result: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    return result


def _stray(file: str) -> str:
    return (
        f"The program read {file}, which belongs to the working tree and not to this revision: the"
        " package is installed from there. Evaluate each revision in a clone with an environment of"
        " its own (`stackproof graph > FILE`), and compare the two files."
    )


def _at(place: Sequence[Any] | None) -> str:
    return f" at {place[0]}:{place[1]}" if place else ""


def _explained(  # noqa: PLR0911  one sentence for each kind
    failure: Mapping[str, Any], run: _Run, project: projects.Project
) -> str:
    kind = failure["kind"]
    if kind == "no-pulumi":
        return (
            f"The interpreter {failure['python']} has no `pulumi` package; install the program's "
            f"requirements there, or name its virtual environment in {project.file.name} "
            "(runtime: options: virtualenv)."
        )
    if kind == "duplicate":
        places = " and ".join(f"{path}:{line}" for path, line in failure["lines"][:2])
        return (
            f"Two resources have the same URN {failure['urn']} (declared at {places}); "
            "give one of them another name."
        )
    if kind == "remote":
        where = _at(failure["lines"][0] if failure["lines"] else None)
        return (
            f"The component '{failure['name']}' ({failure['type']}){where} is made by a plugin, "
            "not by this program, and cannot be evaluated; use --from with the output of "
            "`pulumi preview --json --show-sames`."
        )
    if kind == "asset":
        return f"The program gives a resource the file '{failure['path']}': {failure['error']}."
    if kind == "sid":
        return f"get_policy_document gets two statements with the sid '{failure['sid']}'."
    if kind == "exit":
        return (
            f"The program calls sys.exit({failure['code']}){_at(failure['at'])}; a Pulumi program "
            "must run to its end."
        )
    if failure["exception"] in {"ConfigMissingError", "ConfigTypeError"}:
        return _config_explained(failure, run)
    message = f": {failure['message']}" if failure["message"] else ""
    return f"The program raised {failure['exception']}{_at(failure['at'])}{message}"


def _config_explained(failure: Mapping[str, Any], run: _Run) -> str:
    first = re.split(" please set", failure["message"], flags=re.IGNORECASE)[0].rstrip(" .")
    key = next((word.strip("'\"") for word in first.split() if ":" in word), "KEY")
    return (
        f"{first} (asked for{_at(failure['at'])}); set it: "
        f"pulumi config set {key} VALUE --stack {run.stack}."
    )


# ── the graph ───────────────────────────────────────────────────────────────────────────────────


def _graph(
    project: projects.Project,
    stack: str,
    runs: Sequence[_Run],
    recorded: Sequence[Mapping[str, Any]],
    refusal: str,
) -> Graph:
    readers = [
        wire.Reader(wire.SHAPES[run.number][1], result["markers"], tuple(run.placeholders.values()))
        for run, result in zip(runs, recorded, strict=True)
    ]
    one, other = ({r["urn"]: r for r in result["resources"]} for result in recorded)
    if all(r["type"] == STACK_TYPE for r in one.values()):
        raise SourceError(
            f"The program of stack {stack} declares no resource: there is nothing to check."
        )
    frames = recorded[0]["frames"]
    resources = [
        _resource(raw, other[urn], readers, frames.get(urn, ()))
        for urn, raw in one.items()
        if urn in other and raw["type"] != STACK_TYPE
    ]
    resources = _with_regions(resources)
    assumptions = {*recorded[0]["assumptions"], *([refusal] if refusal else [])}
    assumptions |= {
        f"{r.name} ({r.type}) is read, not declared: only what the program says of it is known."
        for r in resources
        if r.external
    }
    notes = [(path, line, why) for path, line, why in recorded[0]["undecided"]]
    for urn in one.keys() ^ other.keys():
        path, line, _ = (recorded[0 if urn in one else 1]["frames"].get(urn) or [("", 0, "")])[0]
        type_ = urn.split("::")[2].rpartition("$")[2]
        notes.append((path, line, f"which {type_} is declared depends on {wire.NOT_YET}"))
    resources += undecided.resources(project.name, stack, notes)
    return Graph(
        project=project.name,
        stack=stack,
        source="program",
        resources=tuple(sorted(resources, key=lambda r: r.urn)),
        account=projects.account_of(runs[0].config),
        region=projects.region_of(runs[0].config),
        assumptions=tuple(sorted(assumptions)),
    )


def _resource(
    raw: Mapping[str, Any],
    twin: Mapping[str, Any],
    readers: Sequence[wire.Reader],
    frames: Sequence[Sequence[Any]],
) -> Resource:
    by_property = {k: tuple(v) for k, v in raw["propertyDependencies"].items()}
    inputs: dict[str, Value] = {}
    for key in sorted(raw["inputs"].keys() | twin["inputs"].keys()):
        depends_on = by_property.get(key, ())
        if key == "__provider":
            inputs[key] = Unknown("the code of a dynamic provider")
        elif key not in raw["inputs"] or key not in twin["inputs"]:
            inputs[key] = Unknown(wire.DIFFERS, depends_on)
        else:
            inputs[key] = wire.agreed(
                readers[0].value(raw["inputs"][key], depends_on),
                readers[1].value(twin["inputs"][key], depends_on),
                depends_on,
            )
    stack_frames = tuple(Location(path, line, function) for path, line, function in frames)
    parent = raw["parent"]
    return Resource(
        urn=raw["urn"],
        type=raw["type"],
        name=raw["name"],
        inputs=inputs,
        custom=raw["custom"],
        external=raw.get("external", False),
        parent=parent if parent and parent.split("::")[2] != STACK_TYPE else None,
        provider=raw["provider"] or None,
        dependencies=tuple(raw["dependencies"]),
        property_dependencies=by_property,
        location=stack_frames[0] if stack_frames else None,
        call_stack=stack_frames,
        protect=raw["protect"],
        ignore_changes=tuple(raw["ignoreChanges"]),
    )


def _with_regions(resources: Sequence[Resource]) -> list[Resource]:
    by_urn = {r.urn: r for r in resources}
    found = []
    for resource in resources:
        provider = by_urn.get(resource.provider or "")
        named = resource.inputs.get("region")
        if not isinstance(named, str) and provider is not None:
            named = provider.inputs.get("region")
        region = named if isinstance(named, str) else None
        found.append(msgspec.structs.replace(resource, region=region))
    return found
