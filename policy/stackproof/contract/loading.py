"""A contract from its file, with the contracts that it extends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from stackproof.contract.errors import ContractError, Key, Place, Problem, dotted
from stackproof.contract.meaning import contradictions
from stackproof.contract.shape import misfits
from stackproof.contract.source import Node, parse
from stackproof.contract.vocabulary import Contract


class Located(msgspec.Struct, frozen=True):
    """A contract, and where each of its keys and list items stands, in whichever file."""

    contract: Contract
    places: dict[Key, Place]

    def place(self, *key: str | int) -> Place:
        """Where `key` stands, or else the nearest key around it."""
        while key not in self.places:
            key = key[:-1]
        return self.places[key]


def load(path: Path) -> Contract:
    """The contract in the YAML file `path`. Raises ContractError naming line and column."""
    return read(path).contract


def read(path: Path) -> Located:
    """As `load`, and keeps where everything stands, so that later findings can say it too."""
    root = _extended(path, ())
    problems = list(misfits(root))
    if not problems:
        contract = msgspec.convert(root.plain(), Contract)
        places = dict(_places(root, ()))
        located = Located(contract, places)
        problems = [
            Problem(located.place(*key), dotted(key), message)
            for key, message in contradictions(contract)
        ]
    if problems:
        raise ContractError(problems)
    return located


def _extended(path: Path, seen: tuple[Path, ...]) -> Node:
    """The tree of `path` laid over the tree of what it extends."""
    node = parse(path)
    if not isinstance(node.value, dict):
        message = "a contract is a mapping that begins with 'groups:'"
        raise ContractError([Problem(node.place, "", message)])
    base = node.value.pop("extends", None)
    if base is None:
        return node
    if not isinstance(base.value, str):
        message = "expected the path of a contract, relative to this one"
        raise ContractError([Problem(base.place, "extends", message)])
    below = Path(os.path.normpath(path.parent / base.value))
    here = path.resolve()
    if below.resolve() in {*seen, here}:
        message = f"'{base.value}' extends this contract in turn; remove one of the two"
        raise ContractError([Problem(base.place, "extends", message)])
    if not below.is_file():
        message = f"there is no file '{below}'; the path is relative to this contract"
        raise ContractError([Problem(base.place, "extends", message)])
    return _merged(_extended(below, (*seen, here)), node, ())


def _merged(base: Node, over: Node, key: Key) -> Node:
    """Mappings merge, `null` deletes a key, everything else replaces.

    Waivers are added, and so are flows, but for those that speak of the same two groups; one that
    allows `null` takes them away.
    """
    if isinstance(base.value, list) and isinstance(over.value, list):
        if key == ("waivers",):
            return Node([*base.value, *over.value], over.place, over.key)
        if key == ("network", "flows"):
            return Node(_flows(base.value, over.value, key), over.place, over.key)
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    merged = dict(base.value)
    for name, value in over.value.items():
        if value.value is not None:
            below = merged.get(name)
            merged[name] = value if below is None else _merged(below, value, (*key, name))
        elif merged.pop(name, None) is None:
            message = "null deletes a key of the contract below, which has no such key"
            raise ContractError([Problem(value.key, dotted((*key, name)), message)])
    return Node(merged, over.place, over.key)


def _flows(base: list[Node], over: list[Node], key: Key) -> list[Node]:
    spoken = {_ends(flow) for flow in over}
    kept = [flow for flow in base if _ends(flow) not in spoken]
    known = {_ends(flow) for flow in base}
    for place, flow in enumerate(over):
        if _deletes(flow) and _ends(flow) not in known:
            message = "null deletes a flow of the contract below, which has none between the two"
            raise ContractError([Problem(flow.place, dotted((*key, place)), message)])
    return [*kept, *(flow for flow in over if not _deletes(flow))]


def _deletes(flow: Node) -> bool:
    return (
        isinstance(flow.value, dict) and "allow" in flow.value and flow.value["allow"].value is None
    )


def _ends(flow: Node) -> tuple[str, ...]:
    """The two groups of a flow; what is no flow is refused later."""
    if not isinstance(flow.value, dict):
        return ()
    return tuple(str(flow.value[end].value) for end in ("from", "to") if end in flow.value)


def _places(node: Node, key: Key) -> Iterator[tuple[Key, Place]]:
    yield key, node.key
    if isinstance(node.value, dict):
        for name, value in node.value.items():
            yield from _places(value, (*key, name))
    elif isinstance(node.value, list):
        for index, value in enumerate(node.value):
            yield from _places(value, (*key, index))
