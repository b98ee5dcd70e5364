"""YAML read into plain values that remember where they stand.

YAML's events are read directly rather than composed into nodes: this is where a file that expands
(aliases), nests without end, or says a key twice is refused, before any of it costs memory.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from stackproof.contract.errors import ContractError, Key, Place, Problem, dotted

MAX_BYTES = 1_000_000
"""A contract is read by people; what is larger than this is another file given by mistake."""

MAX_DEPTH = 20

Scalar: TypeAlias = str | int | float | bool | dt.date | None


class Node:
    """A value at its place. `key` is where the key or the list item begins."""

    __slots__ = ("key", "place", "value")

    def __init__(
        self, value: Scalar | list[Node] | dict[str, Node], place: Place, key: Place | None = None
    ) -> None:
        self.value = value
        self.place = place
        self.key = key or place

    def plain(self) -> object:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


# libyaml is ten times faster and not in every build of PyYAML.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Reader:
    """Turns the events of one file into Nodes."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = str(path)
        self._loader = _Loader(text)

    def document(self) -> Node:
        get, peek = self._loader.get_event, self._loader.peek_event
        get()  # the stream starts
        if isinstance(peek(), yaml.StreamEndEvent):
            start = Place(self._path, 1, 1)
            raise ContractError([Problem(start, "", "the contract is empty; it needs 'groups'")])
        get()  # the document starts
        node = self._node((), 0)
        get()  # the document ends
        if not isinstance(peek(), yaml.StreamEndEvent):
            raise self._error(peek(), (), "a contract is one YAML document; remove the second")
        return node

    def _place(self, event: Any) -> Place:  # noqa: ANN401 - yaml's events have no common typed base
        mark = event.start_mark
        return Place(self._path, mark.line + 1, mark.column + 1)

    def _error(self, event: Any, key: Key, message: str) -> ContractError:  # noqa: ANN401 - as above
        return ContractError([Problem(self._place(event), dotted(key), message)])

    def _node(self, key: Key, depth: int) -> Node:
        event = self._loader.get_event()
        if isinstance(event, yaml.AliasEvent):
            message = f"aliases (*{event.anchor}) are not read; write the value out"
            raise self._error(event, key, message)
        if event.tag is not None and event.tag != "!":
            raise self._error(event, key, f"tags ({event.tag}) are not read; remove it")
        if depth > MAX_DEPTH:
            raise self._error(event, key, f"nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return Node(self._mapping(key, depth), self._place(event))
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(self._loader.peek_event(), yaml.SequenceEndEvent):
                items.append(self._node((*key, len(items)), depth + 1))
            self._loader.get_event()
            return Node(items, self._place(event))
        return Node(self._scalar(event, key), self._place(event))

    def _mapping(self, key: Key, depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        while not isinstance(self._loader.peek_event(), yaml.MappingEndEvent):
            event = self._loader.get_event()
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, key, "a key must be plain text")
            # The text as it is written: a group may be called `no` or `2027`.
            name: str = event.value
            if name in found:
                line = found[name].key.line
                message = f"this key is already on line {line}; keep one of the two"
                raise self._error(event, (*key, name), message)
            found[name] = self._node((*key, name), depth + 1)
            found[name].key = self._place(event)
        self._loader.get_event()
        return found

    def _scalar(self, event: Any, key: Key) -> Scalar:  # noqa: ANN401 - as above
        if event.style in {"'", '"', "|", ">"}:
            return str(event.value)
        tag = self._loader.resolve(yaml.ScalarNode, event.value, (True, False))
        try:
            value = self._loader.construct_object(yaml.ScalarNode(tag, event.value))
        except (ValueError, yaml.YAMLError) as error:
            raise self._error(event, key, f"'{event.value}' cannot be read: {error}") from error
        if value is None or isinstance(value, str | bool | int | float | dt.date):
            return value
        raise self._error(event, key, f"'{event.value}' is not a plain value; quote it")


def parse(path: Path) -> Node:
    """The YAML of `path`. Raises ContractError for whatever is not plain, finite YAML."""
    start = Place(str(path), 1, 1)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ContractError([Problem(start, "", f"cannot be read: {reason}")]) from error
    if len(content) > MAX_BYTES:
        message = f"larger than {MAX_BYTES // 1_000_000} MB; is this the contract?"
        raise ContractError([Problem(start, "", message)])
    try:
        text = content.decode("utf-8-sig")
        return _Reader(path, text).document()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ContractError(
            [Problem(Place(str(path), line, 1), "", "not UTF-8 text; is this the contract?")]
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = start if mark is None else Place(str(path), mark.line + 1, mark.column + 1)
        said = " ".join(part for part in (error.context, error.problem) if part)
        raise ContractError([Problem(place, "", f"not YAML: {said}")]) from error
    except yaml.YAMLError as error:
        said = str(error).replace("\n", " ")
        raise ContractError([Problem(start, "", f"not YAML: {said}")]) from error
