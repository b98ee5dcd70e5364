"""What the emulator says of each resource, held against the Graph that stackproof proves.

The Graph gives every input, as the program declares it; references in it are resolved with the
ids and outputs of the state. What the Graph knows only after deployment is taken from the state:
then it is what the engine sent that is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from stackproof.model import Asset, Graph, Reference, Resource, Template, Unknown, Value
from tests.rehearsal.aws import Aws, Properties
from tests.rehearsal.kinds import ECHOED_ALWAYS, Kind


@dataclass(frozen=True)
class Deployed:
    """A resource in the state of a stack."""

    id: str
    inputs: Properties
    outputs: Properties


def deployed(exported: str) -> dict[str, Deployed]:
    """The resources of `pulumi stack export` that a provider made, by URN."""
    state = json.loads(exported)["deployment"].get("resources") or []
    return {
        one["urn"]: Deployed(one["id"], one.get("inputs") or {}, one.get("outputs") or {})
        for one in state
        if one.get("custom") and one.get("id") and not one["type"].startswith("pulumi:")
    }


class _Later:
    """A value that the Graph does not know."""


LATER = _Later()


def resolve(  # noqa: PLR0911 -- one for each kind of value
    value: Value, state: Mapping[str, Deployed]
) -> Any:  # noqa: ANN401 -- JSON, or LATER
    """`value` of the Graph with what its references stand for in the state."""
    if isinstance(value, Reference):
        there = state.get(value.urn)
        if there is None:
            return LATER
        return there.id if value.property == "id" else there.outputs.get(value.property, LATER)
    if isinstance(value, Unknown):
        return LATER
    if isinstance(value, Template):
        parts = [part if isinstance(part, str) else resolve(part, state) for part in value.parts]
        return LATER if LATER in parts else "".join(map(str, parts))
    if isinstance(value, Asset):
        # An archive is packed by the double in its own way.
        return None if value.kind == "archive" else value.sha256 or LATER
    if isinstance(value, list):
        return [resolve(item, state) for item in value]
    if isinstance(value, dict):
        return {key: resolve(item, state) for key, item in value.items()}
    return value


def _sent(value: Any, engine: Any) -> Any:  # noqa: ANN401 -- JSON
    """`value` with what the engine sent wherever the Graph knows nothing."""
    if value is LATER:
        return engine
    if isinstance(value, dict) and isinstance(engine, dict):
        return {key: _sent(item, engine.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(engine, list) and len(value) == len(engine):
        return [_sent(*pair) for pair in zip(value, engine, strict=True)]
    return value


# ── agreement ───────────────────────────────────────────────────────────────────────────────────


def _document(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """A policy or another JSON text as data, one way to write it: AWS respaces and reorders."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        try:
            return _document(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: _document(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        items = [_document(item) for item in value]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str))
    return value


def _number(value: Any) -> float | None:  # noqa: ANN401 -- JSON
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def _is_nothing(value: Any) -> bool:  # noqa: ANN401 -- JSON
    return value is None or value is False or value in ("", [], {})


def agrees(  # noqa: C901, PLR0911 -- one for each kind of value
    wanted: Any,  # noqa: ANN401 -- JSON
    said: Any,  # noqa: ANN401 -- JSON
) -> bool:
    """Whether AWS says what was wanted: of what it says besides, nothing matters here.

    Lists are sets to AWS; a block is a list of one. Nothing, `false` and an empty text are one.
    """
    if _is_nothing(wanted) and (_is_nothing(said) or said == "false"):
        return True
    if isinstance(wanted, str) and isinstance(said, dict | list):
        return bool(_document(wanted) == _document(said))
    if isinstance(wanted, dict):
        if isinstance(said, list) and len(said) == 1:
            return agrees(wanted, said[0])
        return isinstance(said, dict) and all(
            agrees(item, said.get(key)) for key, item in wanted.items() if item is not None
        )
    if isinstance(wanted, list):
        if not isinstance(said, list):
            return len(wanted) == 1 and agrees(wanted[0], said)
        left = list(said)
        for item in wanted:
            match = next((one for one in left if agrees(item, one)), None)
            if match is None:
                return False
            left.remove(match)
        return not left
    if isinstance(wanted, bool) or isinstance(said, bool):
        return str(wanted).lower() == str(said).lower()
    if (number := _number(wanted)) is not None and (other := _number(said)) is not None:
        return number == other
    return bool(wanted == said or _document(wanted) == _document(said))


_NAMES = ("name", "id", "originId", "sid", "key", "ruleName")


def difference(wanted: Any, said: Any, path: str) -> tuple[str, Any, Any]:  # noqa: ANN401 -- JSON
    """Where two values that do not agree part: the deepest path, and what is there."""
    if isinstance(wanted, dict) and isinstance(said, dict):
        for key, value in wanted.items():
            if value is not None and not agrees(value, said.get(key)):
                return difference(value, said.get(key), f"{path}.{key}")
    if isinstance(wanted, list) and isinstance(said, list):
        for item in wanted:
            if isinstance(item, dict) and not any(agrees(item, one) for one in said):
                name = next((n for n in _NAMES if n in item), None)
                twins = [
                    o for o in said if name and isinstance(o, dict) and o.get(name) == item[name]
                ]
                if twins:
                    return difference(item, twins[0], f"{path}[{item[name]}]")
    return path, wanted, said


def silences(wanted: Any, said: Any, path: str) -> Iterator[str]:  # noqa: ANN401 -- JSON
    """The paths within `wanted` of which `said` has no word, in any item of a list."""
    many = said if isinstance(said, list) else [said]
    blocks = [one for one in many if isinstance(one, dict)]
    for item in wanted if isinstance(wanted, list) else [wanted]:
        for key, value in item.items() if isinstance(item, dict) and blocks else ():
            those = [one[key] for one in blocks if key in one]
            if not those and not agrees(value, None):
                yield f"{path}.{key}"
            if those and isinstance(value, dict | list):
                inner = [
                    one for that in those for one in (that if isinstance(that, list) else [that])
                ]
                yield from silences(value, inner, f"{path}.{key}")


# ── comparison ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, order=True)
class Mismatch:
    """One disagreement, with the line of the program that declared the resource."""

    where: str
    type: str
    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.type.rsplit(':', 1)[-1]} {self.name}: {self.what}"


@dataclass
class Comparison:
    """What was found of all resources of a type."""

    read: int = 0
    compared: int = 0
    """Attributes that agreed or did not."""
    unsaid: set[str] = field(default_factory=set)
    """Attributes of which the emulator says nothing."""
    echoed: set[str] = field(default_factory=set)
    """Attributes that no call took."""


def without(value: Any, paths: set[str], here: str = "") -> Any:  # noqa: ANN401 -- JSON
    """`value` without what lies at `paths`, which go through lists without a number."""
    if isinstance(value, dict):
        return {
            key: without(item, paths, f"{here}.{key}" if here else key)
            for key, item in value.items()
            if (f"{here}.{key}" if here else key) not in paths
        }
    if isinstance(value, list):
        return [without(item, paths, here) for item in value]
    return value


def _short(value: Any) -> str:  # noqa: ANN401 -- JSON
    text = json.dumps(value, default=str)
    return text if len(text) <= 320 else f"{text[:317]}..."


def _attributes(
    resource: Resource, kind: Kind, state: Mapping[str, Deployed], echoed: set[str]
) -> Iterator[tuple[str, Any]]:
    mine = state[resource.urn]
    for name, value in sorted(resource.inputs.items()):
        if name in ECHOED_ALWAYS - {"tags"} or name in kind.untold:
            continue
        if name in resource.ignore_changes:
            continue  # AWS's own mechanisms change it
        wanted = _sent(resolve(value, state), mine.inputs.get(name))
        if wanted is not None and name not in echoed:
            yield name, without(wanted, echoed, name)


def compare(
    graph: Graph, state: Mapping[str, Deployed], kinds: Mapping[str, Kind], aws: Aws
) -> tuple[dict[str, Comparison], list[Mismatch]]:
    """Ask the emulator for every resource of the Graph; by type, what was compared, and all
    that does not agree.
    """
    found: dict[str, Comparison] = {}
    wrong: list[Mismatch] = []
    for resource in graph.resources:
        kind = kinds.get(resource.type)
        if kind is None or not resource.custom:
            continue
        about = found.setdefault(resource.type, Comparison())

        def differs(what: str, one: Resource = resource) -> None:
            wrong.append(Mismatch(str(one.location), one.type, one.name, what))

        mine = state.get(resource.urn)
        if mine is None:
            differs("is not in the state")
            continue
        said = kind.read(aws, mine.id, {**mine.inputs, **mine.outputs})
        if said is None:
            differs("is not there: AWS does not know it")
            continue
        about.read += 1
        echoed = kind.echoed(aws, mine.inputs)
        about.echoed |= echoed
        for name, wanted in _attributes(resource, kind, state, echoed):
            if said.get(name) is None and not agrees(wanted, None):
                about.unsaid.add(name)
                continue
            silent = set(silences(wanted, said.get(name), name))
            about.unsaid |= silent
            about.compared += 1
            expected = without(wanted, silent, name)
            if not agrees(expected, said.get(name)):
                path, should, is_ = difference(expected, said.get(name), name)
                differs(f"{path} is {_short(is_)} and should be {_short(should)}")
    return found, sorted(wrong)
