"""Checkov's engine, in process: the only module that imports Checkov.

It is given what its parser would have read, so it parses no file; and it is not its command, so it
asks no platform and sends nothing. Its checks of single resources are run here, one by one, for
two reasons: what a check looks at shows whether it rests on an unknown value, and what it raises
becomes a finding where Checkov itself would drop it.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import count
from threading import Lock
from typing import Any, NamedTuple

import msgspec

from stackproof.hardening.reads import watched
from stackproof.hardening.terraform import (
    REFERENCE,
    UNKNOWN,
    Configuration,
    Entity,
    attributes,
)
from stackproof.model import Unknown, references

_scans = count()


def _file() -> str:
    """A file that does not exist, in which all resources stand: Checkov joins what is in a folder.

    Each scan has its own, because checks keep what they read of a policy by file, type and name.
    """
    return f"/stackproof/{next(_scans)}/main.tf"


class Outcome(StrEnum):
    """What a check said of a resource."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Check(msgspec.Struct, frozen=True, order=True):
    """One of Checkov's checks."""

    id: str
    name: str
    guide: str
    """Where it is written down: its source, in the version that ran."""


class Finding(msgspec.Struct, frozen=True):
    """What one check found of one resource, which `address` names as Terraform does."""

    check: Check
    address: str
    outcome: Outcome
    why: str = ""
    """What was not known; empty unless `outcome` is unknown."""


class Scan(msgspec.Struct, frozen=True):
    """Everything found, sorted by check and address; and how many checks speak of each type."""

    findings: tuple[Finding, ...]
    checks_by_type: dict[str, int]
    version: str


def is_installed() -> bool:
    """Whether the extra `stackproof[checkov]` is there."""
    return find_spec("checkov") is not None


def warm_up() -> None:
    """Import Checkov, which takes a second or two, while something else is waited for."""
    if is_installed():
        _checkov()


class _Checkov(NamedTuple):
    runner: Any
    key: Any
    resource_checks: Any
    value_check: Any
    negative_check: Any
    unroll: Any
    """Checkov's treatment of HCL's `dynamic` blocks, which every check expects to be done."""
    graph_checks: tuple[Any, ...]


_loading = Lock()


def _checkov() -> _Checkov:
    with _loading:  # `warm_up` may be at it in a thread
        return _loaded()


@cache
def _loaded() -> _Checkov:
    with _quiet(), _streams_as_they_are():
        from checkov.terraform.checks.resource.base_resource_negative_value_check import (  # noqa: PLC0415 - two thousand modules, for one family
            BaseResourceNegativeValueCheck,
        )
        from checkov.terraform.checks.resource.base_resource_value_check import (  # noqa: PLC0415
            BaseResourceValueCheck,
        )
        from checkov.terraform.modules.module_objects import TFDefinitionKey  # noqa: PLC0415
        from checkov.terraform.parser_functions import handle_dynamic_values  # noqa: PLC0415
        from checkov.terraform.runner import Runner  # noqa: PLC0415

        runner = Runner()
        runner.graph_registry.load_checks()
        return _Checkov(
            Runner,
            TFDefinitionKey,
            runner.block_type_registries["resource"],
            BaseResourceValueCheck,
            BaseResourceNegativeValueCheck,
            handle_dynamic_values,
            tuple(c for c in runner.graph_registry.checks if _types_of(c)),
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Checkov's imports from warning, and its log from making itself a handler on stderr."""
    nowhere = logging.NullHandler()
    logging.getLogger().addHandler(nowhere)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger().removeHandler(nowhere)


@contextmanager
def _streams_as_they_are() -> Iterator[None]:
    """Keep Checkov's imports from wrapping stdout, which would take the colour out of a pipe."""
    colorama: Any = import_module("colorama")
    init, colorama.init = colorama.init, lambda **_: None
    try:
        yield
    finally:
        colorama.init = init


def scan(configuration: Configuration) -> Scan:
    """Run every check that speaks of a resource of `configuration`."""
    checkov = _checkov()
    with _quiet():
        runner, file = checkov.runner(), _file()
        resources = [
            {e.type: {e.name: {**e.configuration, "__start_line__": 1, "__end_line__": 1}}}
            for e in configuration.entities
        ]
        local = runner.graph_manager.build_graph_from_definitions(
            {checkov.key(file_path=file): {"resource": resources}}
        )
        graph = runner.graph_manager.save_graph(local)
        findings = [
            *_of_resources(file, local.vertices, graph, configuration.unknowns),
            *_of_graph(graph, configuration),
        ]
    return Scan(
        tuple(sorted(set(findings), key=lambda f: (f.check, f.address, f.outcome, f.why))),
        {kind: _speaking_of(kind) for kind in sorted({e.type for e in configuration.entities})},
        _version(),
    )


@cache
def _version() -> str:
    return metadata.version("checkov")


def _speaking_of(kind: str) -> int:
    checkov = _checkov()
    of_resources = {check.id for check in checkov.resource_checks.get_checks(kind)}
    of_graph = {check.id for check in checkov.graph_checks if kind in _types_of(check)}
    return len(of_resources | of_graph)


def _described(check: Any, path: str) -> Check:  # noqa: ANN401 - Checkov's classes
    where = f"https://github.com/bridgecrewio/checkov/blob/{_version()}/{path}"
    return Check(check.id, str(check.name).strip().rstrip("."), where)


# ── checks of single resources ──────────────────────────────────────────────────────────────────


def _of_resources(
    file: str, vertices: Sequence[Any], graph: object, unknowns: Sequence[Unknown]
) -> Iterator[Finding]:
    for vertex in vertices:
        ((kind, named),) = vertex.config.items()
        ((name, body),) = named.items()
        _checkov().unroll(body)
        for check in _checkov().resource_checks.get_checks(kind):
            check.graph, check.evaluated_keys, check.details = graph, [], []
            check.entity_path, check.entity_type = f"{file}:{kind}:{name}", kind
            outcome, why = _run(check, body, unknowns)
            if outcome is not None:
                path = f"{type(check).__module__.replace('.', '/')}.py"
                yield Finding(_described(check, path), f"{kind}.{name}", outcome, why)


def _run(
    check: Any,  # noqa: ANN401 - Checkov's class
    body: Mapping[str, Any],
    unknowns: Sequence[Unknown],
) -> tuple[Outcome | None, str]:
    """What `check` says; None where it does not apply."""
    texts = _texts(body)
    read: set[str] = set()
    conf = watched(body, lambda text: bool(UNKNOWN.search(text) or REFERENCE.search(text)), read)
    walked: set[str] = set()
    try:
        # Not `run`, nor `scan_entity_conf`: they log what is raised, and look at everything.
        with _apart(check, read, walked):
            result = check.scan_resource_conf(conf)
        raised = ""
    except Exception as error:  # noqa: BLE001 - whatever a check raises is a finding
        result = None
        raised = f"the check stopped with {type(error).__name__}: {' '.join(str(error).split())}"
    looked_at = sorted(read | _that_matter(check, walked))
    if why := _why(looked_at, texts, unknowns):
        return Outcome.UNKNOWN, why
    if raised:
        return Outcome.UNKNOWN, raised
    said = result[0] if isinstance(result, tuple) else result
    outcome = _OUTCOMES.get(getattr(said, "value", ""))
    if outcome is None and looked_at:
        return Outcome.UNKNOWN, f"{', '.join(looked_at)}: an output that is known once deployed"
    return outcome, ""


def _texts(body: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, text in attributes(body):
        found.setdefault(path, []).append(text)
    return found


_OUTCOMES = {"PASSED": Outcome.PASSED, "FAILED": Outcome.FAILED}


@contextmanager
def _apart(
    check: Any,  # noqa: ANN401 - Checkov's class
    read: set[str],
    walked: set[str],
) -> Iterator[None]:
    """Keep in `walked`, not in `read`, what Checkov's own scan for one value reads.

    It walks through everything on the way to it. A check may have a scan of its own around that,
    and whatever that one reads it reads on purpose.
    """
    base = _base(check)
    if base is None:
        yield
        return
    scan = base.scan_resource_conf

    def noting(self: Any, conf: Any) -> Any:  # noqa: ANN401 - Checkov's classes
        on_purpose = set(read)
        read.clear()
        try:
            return scan(self, conf)
        finally:
            walked.update(read)
            read.clear()
            read.update(on_purpose)

    base.scan_resource_conf = noting
    try:
        yield
    finally:
        base.scan_resource_conf = scan


def _base(check: Any) -> Any:  # noqa: ANN401 - Checkov's classes
    bases = (_checkov().value_check, _checkov().negative_check)
    return next((base for base in bases if isinstance(check, base)), None)


def _that_matter(check: Any, walked: set[str]) -> set[str]:  # noqa: ANN401 - Checkov's class
    """What of `walked` is on the way to the value that `check` is about."""
    if not walked:
        return set()
    keys = [check.get_inspected_key(), getattr(check, "get_excluded_key", lambda: None)()]
    wanted = [_names(key) for key in keys if key]
    return {path for path in walked if any(_on_one_path(_names(path), w) for w in wanted)}


def _names(path: str) -> list[str]:
    """A path in either spelling without its positions: `rule/[0]/days`, `rule.days`."""
    return [part for part in re.split(r"[/.]", path) if not re.fullmatch(r"\[?(\d+|\*)\]?", part)]


def _on_one_path(one: list[str], other: list[str]) -> bool:
    return all(a == b for a, b in zip(one, other, strict=False))


def _why(
    paths: Iterable[str], texts: Mapping[str, Sequence[str]], unknowns: Sequence[Unknown]
) -> str:
    """What is not known of the values at `paths`, and why; empty when all is known."""
    reasons = []
    for path in paths:
        numbers = [int(n) for text in texts.get(path, ()) for n in UNKNOWN.findall(text)]
        if numbers:
            because = "; ".join(dict.fromkeys(unknowns[n].reason for n in numbers))
            reasons.append(f"{path} is not known ({because})")
    return ", ".join(reasons)


# ── checks of how resources are connected ───────────────────────────────────────────────────────


def _of_graph(graph: object, configuration: Configuration) -> Iterator[Finding]:
    present = {entity.type for entity in configuration.entities}
    for check in _checkov().graph_checks:
        types = _types_of(check)
        if not types & present:
            continue
        described = _described(check, _path_of(check))
        try:
            passed, failed, unknown = check.run(graph)
        except Exception as error:  # noqa: BLE001 - as above
            said = f"the check stopped with {type(error).__name__}: {' '.join(str(error).split())}"
            for entity in configuration.entities:
                if entity.type in types:
                    address = f"{entity.type}.{entity.name}"
                    yield Finding(described, address, Outcome.UNKNOWN, said)
            continue
        why = _not_known_to(check, types, configuration)
        for outcome, vertices in ((Outcome.PASSED, passed), (Outcome.FAILED, failed)):
            for vertex in vertices:
                address = vertex["block_name_"]
                yield Finding(described, address, Outcome.UNKNOWN if why else outcome, why)
        for vertex in unknown:
            because = why or _outputs_named(check, vertex)
            if because:
                yield Finding(described, vertex["block_name_"], Outcome.UNKNOWN, because)


@cache
def _types_of(check: Any) -> frozenset[str]:  # noqa: ANN401 - Checkov's class
    """The types of AWS that a check speaks of, in any of its conditions."""
    found = {t for part in _parts(check) for t in _spoken(part)}
    return frozenset(t for t in found if isinstance(t, str) and t.startswith("aws_"))


def _parts(check: Any) -> Iterator[Any]:  # noqa: ANN401 - Checkov's solver trees
    """The check and the conditions that it is made of."""
    yield check
    for inner in getattr(check, "sub_checks", None) or []:
        yield from _parts(inner)


def _spoken(part: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    yield from getattr(part, "resource_types", None) or []
    yield from getattr(part, "connected_resources_types", None) or []


def _path_of(check: Any) -> str:  # noqa: ANN401 - as above
    return str(check.check_path or "").replace("\\", "/").rpartition("/site-packages/")[2]


def _not_known_to(check: Any, types: frozenset[str], configuration: Configuration) -> str:  # noqa: ANN401 - as above
    """The first unknown value that could turn what a check of connections says.

    That is one in an attribute that the check names; and, where it asks what is connected, one
    that may hold the name of what is at its other end.
    """
    named = {str(part.attribute).split(".")[0] for part in _parts(check) if part.attribute}
    joined = _joined_by(check)
    for entity in configuration.entities:
        if entity.type not in types:
            continue
        for path, text in attributes(entity.configuration):
            numbers = UNKNOWN.findall(text)
            if not numbers:
                continue
            unknown = configuration.unknowns[int(numbers[0])]
            if path.split(".")[0] in named or (
                entity.type in joined and _may_name(unknown, entity, joined, configuration)
            ):
                return f"{path} of {entity.type}.{entity.name} is not known ({unknown.reason})"
    return ""


def _outputs_named(check: Any, vertex: Mapping[str, Any]) -> str:  # noqa: ANN401 - as above
    """The attributes of a resource that `check` names and that are outputs of another one."""
    held = {
        name
        for part in _parts(check)
        if part.attribute and (name := str(part.attribute)) in vertex
        if isinstance(vertex[name], str) and REFERENCE.search(vertex[name])
    }
    return f"{', '.join(sorted(held))}: an output that is known once deployed" if held else ""


def _joined_by(check: Any) -> set[str]:  # noqa: ANN401 - as above
    """The types at either end of a connection that `check` asks about."""
    return {
        kind
        for part in _parts(check)
        if not part.sub_checks and part.connected_resources_types
        for kind in _spoken(part)
    }


def _may_name(
    unknown: Unknown, entity: Entity, types: set[str], configuration: Configuration
) -> bool:
    """Whether an unknown may be the name of a resource that `entity` does not refer to anyway."""
    if not unknown.depends_on:
        return True
    referred = {r.urn for value in entity.resource.inputs.values() for r in references(value)}
    others = {e.resource.urn for e in configuration.entities if e.type in types} - referred
    return bool(others.intersection(unknown.depends_on))
