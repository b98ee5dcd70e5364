"""The Graph that Pulumi's engine shows to a policy pack, and where it is not the program's.

The engine shows a resource three times: `Remediate` (inputs with the provider's note of which are
its defaults), `Analyze` (the inputs that will be used) and, at the end, `AnalyzeStack` (outputs,
dependencies). This joins them. Unknowns stay unknown: nothing here asks for their value.

Left out: source lines, which the engine does not show, and what assets hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from stackproof.model import Asset, Graph, Kinds, Reference, Resource, Template, Unknown, Value
from stackproof.sources.states import STACK_TYPE, is_default_provider
from stackproof.sources.undecided import TYPE as UNDECIDED
from stackproof.sources.wire import (
    ARCHIVE,
    ASSET,
    IS_SECRET,
    LATER,
    RESOURCE,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    whole,
)

DEFAULTS = "__defaults"
"""Where providers that bridge Terraform note which inputs they filled in themselves."""
_TAGS_ALL = "tagsAll"
"""What the AWS provider makes of `tags` and its default tags, without noting it."""
_PROVIDER = "pulumi:providers:"
_OWN_TYPES = ("pulumi:pulumi:StackReference", _PROVIDER)

Properties = Mapping[str, Any]
"""Of a resource, as JSON with Pulumi's signatures and the sentinel for unknowns."""


class Shown(msgspec.Struct, frozen=True):
    """One resource as the engine shows it, but for its inputs."""

    urn: str
    type: str
    name: str
    parent: str = ""
    provider: str = ""
    region: str | None = None
    """The region that its provider is configured for."""
    dependencies: tuple[str, ...] | None = ()
    """None where the engine does not show them: in `Analyze`."""
    property_dependencies: dict[str, tuple[str, ...]] = {}
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()


class Disagreement(msgspec.Struct, frozen=True, order=True):
    """Something that the engine shows differently than the program was evaluated."""

    urn: str
    what: str


# ── the engine's graph ──────────────────────────────────────────────────────────────────────────


def graph(
    project: str,
    stack: str,
    shown: Sequence[Shown],
    analyzed: Mapping[str, Properties],
    noted: Mapping[str, Properties],
) -> Graph:
    """Join what the engine showed: `analyzed` and `noted` are by URN, of Analyze and Remediate.

    What was never analyzed (a resource that is only read) is `external`. The stack itself and
    default providers are left out, as in every source.
    """
    resources = [
        _resource(s, analyzed.get(s.urn), noted.get(s.urn, {}))
        for s in shown
        if s.type != STACK_TYPE and not is_default_provider(s.urn)
    ]
    return Graph(
        project=project,
        stack=stack,
        source="pack",
        resources=tuple(sorted(resources, key=lambda r: r.urn)),
    )


def _resource(shown: Shown, analyzed: Properties | None, noted: Properties) -> Resource:
    given = _without_defaults(analyzed or {}, noted)
    by_property = {k: tuple(sorted(v)) for k, v in shown.property_dependencies.items() if v}
    inputs = {
        key: _value(given[key], by_property.get(key, ()))
        for key in sorted(given)
        if given[key] is not None and key != _TAGS_ALL
    }
    provider = None if is_default_provider(shown.provider) else shown.provider or None
    parent_is_stack = shown.parent.split("::")[2:3] == [STACK_TYPE]
    return Resource(
        urn=shown.urn,
        type=shown.type,
        name=shown.name,
        inputs=inputs,
        custom=bool(shown.provider) or shown.type.startswith(_OWN_TYPES),
        external=analyzed is None,
        parent=None if parent_is_stack else shown.parent or None,
        provider=provider,
        dependencies=tuple(sorted(shown.dependencies or ())),
        property_dependencies=by_property,
        region=shown.region,
        protect=shown.protect,
        ignore_changes=shown.ignore_changes,
    )


def _without_defaults(value: Any, noted: Any) -> Any:  # noqa: ANN401  JSON
    """`value` without the inputs that `noted`, of the same shape, marks as defaults."""
    if isinstance(value, Mapping):
        notes = noted if isinstance(noted, Mapping) else {}
        defaults = set(notes.get(DEFAULTS) or ())
        return {
            key: _without_defaults(item, notes.get(key))
            for key, item in value.items()
            if key not in defaults and key != DEFAULTS
        }
    if isinstance(value, list):
        alike = isinstance(noted, list) and len(noted) == len(value)
        return [
            _without_defaults(item, noted[n] if alike else None) for n, item in enumerate(value)
        ]
    return value


def _value(raw: Any, depends_on: tuple[str, ...]) -> Value:  # noqa: ANN401  JSON
    if raw == UNKNOWN:
        return Unknown(LATER, depends_on)
    if isinstance(raw, Mapping):
        signature = raw.get(SIGNATURE)
        if signature is None:
            return {key: _value(item, depends_on) for key, item in raw.items()}
        return _signed(str(signature), raw, depends_on)
    if isinstance(raw, list):
        return [_value(item, depends_on) for item in raw]
    return whole(raw)


def _signed(signature: str, raw: Mapping[str, Any], depends_on: tuple[str, ...]) -> Value:
    if signature in {ASSET, ARCHIVE}:
        kind = "archive" if signature == ARCHIVE else "file" if raw.get("path") else "text"
        return Asset(kind, str(raw.get("path") or ""), str(raw.get("hash") or ""))
    if signature == RESOURCE:
        urn = str(raw["urn"])
        return Reference(urn, "id") if "id" in raw else urn
    return Unknown(IS_SECRET if signature == SECRET else LATER, depends_on)


# ── agreement ───────────────────────────────────────────────────────────────────────────────────


def disagreements(program: Graph, engine: Graph) -> tuple[Disagreement, ...]:
    """What the engine deploys is what was proven.

    Only the policy pack decides it, inside `pulumi preview` and `pulumi up`: the resources that
    the engine shows are compared with the evaluated program's. A value that the engine does not
    know agrees with a reference to what it depends on.

    ## What AWS does

    Nothing: this is about the program. One that asks a clock, the network or the environment
    may declare something else in each run.

    ## Fails

    Anything of this kind.

    ```text
    port = int(os.environ.get("PORT", "5432"))
    ```

    ## Mend

    Let the program read its configuration from the stack's file alone.
    """
    declared = {r.urn: r for r in program.resources if r.type != UNDECIDED}
    shown = engine.by_urn()
    found = [
        Disagreement(
            urn,
            "the program declares it and the engine does not show it (a preview does not show what"
            " is made inside an `apply` of an output that is not known yet)",
        )
        for urn in declared.keys() - shown.keys()
    ]
    for urn, resource in shown.items():
        found += _disagreements(declared.get(urn), resource)
    return tuple(sorted(found))


def disagreements_of(
    program: Graph, shown: Shown, analyzed: Properties, noted: Properties
) -> tuple[Disagreement, ...]:
    """The same for one resource that the engine is about to make."""
    if shown.type == STACK_TYPE or is_default_provider(shown.urn):
        return ()
    declared = program.by_urn().get(shown.urn)
    if declared is not None and shown.dependencies is None:
        # What it depends on is not shown here: take the program's word for it.
        shown = msgspec.structs.replace(
            shown,
            dependencies=declared.dependencies,
            property_dependencies=declared.property_dependencies,
        )
    return tuple(sorted(_disagreements(declared, _resource(shown, analyzed, noted))))


def _disagreements(ours: Resource | None, theirs: Resource) -> Iterator[Disagreement]:
    if ours is None:
        what = "the engine shows it and the evaluated program does not declare it"
        yield Disagreement(theirs.urn, what)
        return
    for what in _differences(ours, theirs):
        yield Disagreement(theirs.urn, what)


def _differences(ours: Resource, theirs: Resource) -> Iterator[str]:
    if ours.external != theirs.external:
        kind = "read" if theirs.external else "declared"
        yield f"the engine shows it as {kind} and the evaluated program does not"
    if ours.external or theirs.external:
        return
    for name in ("parent", "provider", "protect"):
        one, other = getattr(ours, name), getattr(theirs, name)
        if one != other:
            yield f"its {name} is {_short(one)} in the program and {_short(other)} in the engine"
    if set(ours.ignore_changes) != set(theirs.ignore_changes):
        yield (
            f"it ignores changes of {_short(list(ours.ignore_changes))} in the program and of "
            f"{_short(list(theirs.ignore_changes))} in the engine"
        )
    missing = set(ours.dependencies) - set(theirs.dependencies)
    if missing:
        yield f"the engine does not make it wait for {_names(missing)}"
    if ours.custom:
        yield from _inputs(ours, theirs)


def _inputs(ours: Resource, theirs: Resource) -> Iterator[str]:
    # The engine puts the deployed value in place of one whose changes are ignored.
    kept = {re.split(r"[.\[]", path, maxsplit=1)[0] for path in ours.ignore_changes}
    # After a transform it forgets of what each property is made, and knows it of the whole only.
    forgotten = not theirs.property_dependencies
    if "region" not in ours.inputs and theirs.inputs.get("region") == theirs.region:
        kept.add("region")  # the AWS provider fills in its own, without noting it
    for key in sorted((ours.inputs.keys() | theirs.inputs.keys()) - kept):
        one = set(ours.property_dependencies.get(key, ()))
        other = set(theirs.property_dependencies.get(key, ()))
        if one != other and not forgotten:
            made_of = f"{_names(one)} in the program and of {_names(other)} in the engine"
            yield f"{key} is made of {made_of}"
        depends_on = frozenset(theirs.dependencies if forgotten else other)
        yield from _unlike(key, ours.inputs.get(key), theirs.inputs.get(key), depends_on)


def _names(urns: Iterable[str]) -> str:
    return ", ".join(sorted(urn.rsplit("::", 1)[-1] for urn in urns)) or "no resource"


def _unlike(key: str, ours: Value, theirs: Value, depends_on: frozenset[str]) -> Iterator[str]:
    """How `theirs` contradicts `ours`, with the path to it; nothing when they agree."""
    if isinstance(ours, Unknown):
        return
    if isinstance(ours, Reference | Template):
        if not _may_be(ours, theirs, depends_on):
            yield f"{key} is {_short(ours)} in the program and {_short(theirs)} in the engine"
        return
    if isinstance(ours, Asset) and isinstance(theirs, Asset):
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for inner in sorted(ours.keys() | theirs.keys()):
            path = f"{key}.{inner}"
            yield from _unlike(path, ours.get(inner), theirs.get(inner), depends_on)
        return
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _unlike(f"{key}[{index}]", one, other, depends_on)
        return
    if not _same(ours, theirs):
        yield f"{key} is {_short(ours)} in the program and {_short(theirs)} in the engine"


def _may_be(ours: Reference | Template, theirs: Value, depends_on: frozenset[str]) -> bool:
    """Whether what the engine shows can be what the program refers to."""
    parts = ours.parts if isinstance(ours, Template) else (ours,)
    wanted = {part.urn for part in parts if isinstance(part, Reference)}
    if isinstance(theirs, Unknown):
        return wanted <= depends_on
    if isinstance(ours, Reference):
        return theirs is not None and (not isinstance(theirs, Reference) or theirs == ours)
    pattern = "".join(re.escape(part) if isinstance(part, str) else ".*" for part in parts)
    return isinstance(theirs, str) and re.fullmatch(pattern, theirs, re.DOTALL) is not None


def _same(ours: Value, theirs: Value) -> bool:
    """Equal, or equal once a provider has coerced text to number or truth, or respaced JSON."""
    if ours == theirs:
        return True
    if isinstance(ours, str) and isinstance(theirs, str):
        return _is_json(ours) and _is_json(theirs) and json.loads(ours) == json.loads(theirs)
    scalar = str | int | float | bool
    if isinstance(ours, scalar) and isinstance(theirs, scalar):
        return _text(ours) == _text(theirs)
    return False


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_json(text: str) -> bool:
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _short(value: Value) -> str:
    """`value` for a message, cut to a length that can be read."""
    if isinstance(value, Unknown):
        return "not known"
    if isinstance(value, Reference):
        return f"the {value.property} of {value.urn.rsplit('::', 1)[-1]}"
    if isinstance(value, Template):
        return "".join(p if isinstance(p, str) else f"<{_short(p)}>" for p in value.parts)[:120]
    if value is None:
        return "absent"
    text = json.dumps(msgspec.to_builtins(value), sort_keys=True)
    return text if len(text) <= 120 else f"{text[:117]}..."  # noqa: PLR2004  as above


KINDS: Kinds = {"contract.source": disagreements}
