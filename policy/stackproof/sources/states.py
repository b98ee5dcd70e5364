"""Resources as the engine writes them, in previews and in exported deployments.

Both are the engine's view, in which outputs stand as plain text or as nothing. They are read back
so that they say what the program said: an input that is the id of another resource is a Reference
to it, and what the provider filled in is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from stackproof.model import Asset, Location, Reference, Resource, Template, Unknown, Value
from stackproof.sources import wire
from stackproof.sources.errors import SourceError
from stackproof.sources.references import lone_reference

STACK_TYPE = "pulumi:pulumi:Stack"
MASKED = "[secret]"
_PROVIDER = "pulumi:providers:"
_POSITION = re.compile(r"^project:///(?P<path>.+?)#(?P<line>\d+)(?:,\d+)?$")
_DISTINCTIVE = re.compile(r"^arn:|^https?://|-[0-9a-f]{7,}$|[0-9a-f]{12,}|\d{6,}")
"""What cannot stand in a text by chance: ARNs, URLs, AWS's ids, names with a random suffix."""


class State(msgspec.Struct, frozen=True, rename="camel"):
    """The part of the engine's resource (apitype.ResourceV3) that a Graph needs."""

    urn: str
    type: str
    custom: bool = False
    delete: bool = False
    pending_replacement: bool = False
    external: bool = False
    protect: bool = False
    id: str = ""
    parent: str = ""
    provider: str = ""
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...] | None] = {}
    ignore_changes: tuple[str, ...] = ()
    source_position: str = ""
    stack_trace: tuple[dict[str, str], ...] = ()
    view_of: str = ""


class Described(msgspec.Struct, frozen=True):
    """What a set of states says."""

    project: str
    stack: str
    resources: tuple[Resource, ...]
    account: str | None
    region: str | None
    assumptions: tuple[str, ...]


def read(raw: Any, place: str) -> State:  # noqa: ANN401  JSON
    """One state from its JSON. Raises SourceError naming the place."""
    try:
        return msgspec.convert(raw, State)
    except msgspec.ValidationError as error:
        raise SourceError(f"the resource at {place} is malformed: {error}.") from error


def describe(states: Sequence[State]) -> Described:
    """Turn states, without those that are about to be deleted, into what the program declared."""
    kept = [s for s in states if not (s.delete or s.pending_replacement or s.view_of)]
    declared = [s for s in kept if s.type != STACK_TYPE and not is_default_provider(s.urn)]
    if not declared:
        raise SourceError("it has no resource: there is nothing to check.")
    known = _Outputs(kept)
    resources = tuple(sorted((known.resource(s) for s in declared), key=lambda r: r.urn))
    pieces = declared[0].urn.split("::")
    if len(pieces) < 4:  # noqa: PLR2004  stack, project, type, name
        raise SourceError(f"'{declared[0].urn}' is not a URN.")
    return Described(
        project=pieces[1],
        stack=pieces[0].removeprefix("urn:pulumi:"),
        resources=resources,
        account=_account(kept),
        region=_region(kept),
        assumptions=tuple(
            f"{r.name} ({r.type}) is read, not declared: only what the program says of it is known."
            for r in resources
            if r.external
        ),
    )


def left_over(states: Iterable[State]) -> list[tuple[str, int, str]]:
    """A note for each custom resource that is there no more, or not for long.

    A deployment that was interrupted leaves them. They are not declared, and nothing can be proven
    of what is deployed in spite of them.
    """
    return [_left_over(s) for s in states if s.custom and (s.delete or s.pending_replacement)]


def _left_over(state: State) -> tuple[str, int, str]:
    where = location(state.source_position)
    path, line = (where.path, where.line) if where else ("", 0)
    what = f"{state.urn.split('::', 3)[-1]} ({state.type})"
    if state.delete:
        return path, line, f"{what} awaits its deletion and is still there; run `pulumi up`"
    return path, line, f"{what} is deleted and awaits its replacement; run `pulumi up`"


def is_default_provider(urn: str) -> bool:
    """True for the providers that the engine makes by itself."""
    type_, _, name = urn.split("::", 2)[-1].partition("::")
    return type_.rpartition("$")[2].startswith(_PROVIDER) and name.startswith("default")


def _default_inputs(states: Iterable[State]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for state in states:
        if state.type == _PROVIDER + "aws" and is_default_provider(state.urn):
            found.update(state.inputs)
    return found


def _region(states: Iterable[State]) -> str | None:
    region = _default_inputs(states).get("region")
    return region if isinstance(region, str) else None


def _account(states: Iterable[State]) -> str | None:
    return only_account(_default_inputs(states).get("allowedAccountIds"))


def only_account(accounts: Any) -> str | None:  # noqa: ANN401  JSON, or JSON text
    """The account, when a provider allows exactly one."""
    if isinstance(accounts, str):
        try:
            accounts = msgspec.json.decode(accounts)
        except msgspec.DecodeError:
            return None
    return str(accounts[0]) if isinstance(accounts, list) and len(accounts) == 1 else None


def location(position: str) -> Location | None:
    """A position of the engine (`project:///stack/network.py#12`), when it is in the project."""
    match = _POSITION.match(position)
    if match is None or "site-packages" in match["path"] or match["path"].startswith("../"):
        return None
    return Location(match["path"], int(match["line"]))


class _Outputs:
    """Knows which text is which output of which resource."""

    def __init__(self, states: Sequence[State]) -> None:
        self.by_urn = {s.urn: s for s in states}
        self._texts: dict[str, dict[str, str]] = {}

    def of(self, urn: str) -> dict[str, str]:
        """The texts that `urn` put out, and the name of the output: the id's comes first."""
        if urn not in self._texts:
            state = self.by_urn.get(urn)
            texts: dict[str, str] = {}
            if state is not None and state.custom:
                given = _without_defaults(state.inputs)
                # Where the id is an ARN, programs say `arn`. The id of what is read is no output:
                # the program gave it, as text.
                names = ["arn", "id", *sorted(state.outputs.keys() - {"arn", "id"})]
                if state.external:
                    names.remove("id")
                for name in names:
                    text = state.id if name == "id" else state.outputs.get(name)
                    computed = name in {"id", "arn"} or name not in given
                    if isinstance(text, str) and text and text != wire.UNKNOWN and computed:
                        texts.setdefault(text, name)
            self._texts[urn] = texts
        return self._texts[urn]

    def resource(self, state: State) -> Resource:
        by_property = {k: tuple(sorted(v)) for k, v in state.property_dependencies.items() if v}
        inputs = {}
        for key, raw in sorted(_without_defaults(state.inputs).items()):
            depends_on = by_property.get(key, ())
            inputs[key] = self._input(state.type, key, raw, depends_on)
        if state.external and state.id:
            inputs["id"] = state.id
        frames = tuple(
            found
            for frame in state.stack_trace
            if (found := location(frame.get("sourcePosition", ""))) is not None
        )
        where = location(state.source_position) or (frames[0] if frames else None)
        provider = state.provider.rpartition("::")[0]
        parent = self.by_urn.get(state.parent)
        is_top = not state.parent or (parent is not None and parent.type == STACK_TYPE)
        return Resource(
            urn=state.urn,
            type=state.type,
            name=state.urn.split("::", 3)[-1],
            inputs=inputs,
            custom=state.custom,
            external=state.external,
            parent=None if is_top or f"::{STACK_TYPE}::" in state.parent else state.parent,
            provider=provider if provider and not is_default_provider(provider) else None,
            dependencies=tuple(sorted(state.dependencies)),
            property_dependencies=by_property,
            location=where,
            call_stack=frames or ((where,) if where else ()),
            region=self._region(state, provider),
            protect=state.protect,
            ignore_changes=state.ignore_changes,
        )

    def _region(self, state: State, provider: str) -> str | None:
        named = _without_defaults(state.inputs).get("region")
        explicit = self.by_urn.get(provider)
        if not isinstance(named, str) and explicit and not is_default_provider(provider):
            named = explicit.inputs.get("region")
        return named if isinstance(named, str) and named != wire.UNKNOWN else None

    def _input(
        self,
        type_: str,
        key: str,
        raw: Any,  # noqa: ANN401  JSON
        depends_on: tuple[str, ...],
    ) -> Value:
        texts: dict[str, Reference | None] = {}
        for urn in depends_on:
            for text, name in self.of(urn).items():
                # The same text from two resources says nothing about which one was meant.
                texts[text] = None if text in texts else Reference(urn, name)
        value = _value(raw, {t: r for t, r in texts.items() if r is not None}, depends_on)
        return lone_reference(type_, key, value, depends_on)


def _without_defaults(inputs: Mapping[str, Any]) -> dict[str, Any]:
    filled = inputs.get("__defaults")
    hidden = set(filled) if isinstance(filled, list) else set()
    return {k: v for k, v in inputs.items() if k not in hidden and k != "__defaults"}


def _value(  # noqa: PLR0911  one case for each kind
    raw: Any,  # noqa: ANN401  JSON
    texts: Mapping[str, Reference],
    depends_on: tuple[str, ...],
) -> Value:
    if isinstance(raw, str):
        return _text(raw, texts, depends_on)
    if isinstance(raw, list):
        return [_value(item, texts, depends_on) for item in raw]
    if not isinstance(raw, dict):
        return wire.whole(raw)
    signature = raw.get(wire.SIGNATURE)
    if signature is None:
        return {k: _value(v, texts, depends_on) for k, v in _without_defaults(raw).items()}
    if signature in {wire.ASSET, wire.ARCHIVE}:
        return _asset(raw)
    if signature == wire.RESOURCE:
        urn = str(raw.get("urn"))
        return Reference(urn, "id") if "id" in raw else urn
    return Unknown(wire.IS_SECRET if signature == wire.SECRET else wire.LATER, depends_on)


def _asset(raw: Mapping[str, Any]) -> Asset:
    digest = str(raw.get("hash", ""))
    if "uri" in raw:
        return Asset("remote", str(raw["uri"]), digest)
    archive = raw[wire.SIGNATURE] == wire.ARCHIVE
    if "path" in raw:
        path = str(raw["path"])
        # An absolute path is of the machine that deployed.
        shown = path.rpartition("/")[2] if path.startswith("/") else path
        return Asset("archive" if archive else "file", shown, digest)
    return Asset("archive" if archive else "text", "", digest)


def _text(raw: str, texts: Mapping[str, Reference], depends_on: tuple[str, ...]) -> Value:
    if raw == wire.UNKNOWN:
        return Unknown(wire.LATER, depends_on)
    if raw == MASKED:
        return Unknown(wire.IS_SECRET, depends_on)
    if raw in texts:
        return texts[raw]
    distinctive = sorted((t for t in texts if _DISTINCTIVE.search(t)), key=lambda t: (-len(t), t))
    present = [t for t in distinctive if t in raw]
    if not present:
        return raw
    pieces = re.split("(" + "|".join(map(re.escape, present)) + ")", raw)
    parts = tuple(texts.get(p, p) for p in pieces if p)
    return Template(parts)
