"""Does a contract have the shape of the vocabulary? Every misfit at once, each at its place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from stackproof.contract.errors import Key, Problem, dotted, meant
from stackproof.contract.source import Node
from stackproof.contract.vocabulary import Contract


def misfits(root: Node) -> Iterator[Problem]:
    """Each value under `root` that the classes of the vocabulary do not admit."""
    yield from _misfits(root, inspect.type_info(Contract), ())


def _misfits(node: Node, wanted: inspect.Type, key: Key) -> Iterator[Problem]:
    match wanted:
        case inspect.StructType():
            yield from _struct(node, wanted, key)
        case inspect.DictType(value_type=item):
            yield from _mapping(node, item, key)
        case inspect.VarTupleType(item_type=item):
            yield from _list(node, item, key)
        case inspect.UnionType(types=types):
            yield from _union(node, types, key)
        case inspect.LiteralType(values=values):
            if node.value not in values:
                yield _expected(node, " or ".join(map(repr, values)), key)
        case _:
            yield from _scalar(node, wanted, key)


def _mapping(node: Node, item: inspect.Type, key: Key) -> Iterator[Problem]:
    if not isinstance(node.value, dict):
        yield _expected(node, "a mapping of names", key)
        return
    for name, value in node.value.items():
        yield from _misfits(value, item, (*key, name))


def _list(node: Node, item: inspect.Type, key: Key) -> Iterator[Problem]:
    if not isinstance(node.value, list):
        yield _expected(node, "a list", key)
        return
    for index, value in enumerate(node.value):
        yield from _misfits(value, item, (*key, index))


def _struct(node: Node, wanted: inspect.StructType, key: Key) -> Iterator[Problem]:
    if not isinstance(node.value, dict):
        names = ", ".join(field.encode_name for field in wanted.fields)
        yield _expected(node, f"a mapping with {names}", key)
        return
    fields = {field.encode_name: field for field in wanted.fields}
    for name, value in node.value.items():
        if name in fields:
            yield from _misfits(value, fields[name].type, (*key, name))
        else:
            message = f"unknown key{meant(name, tuple(fields))}"
            yield Problem(value.key, dotted((*key, name)), message)
    for name, field in fields.items():
        if field.required and name not in node.value:
            yield Problem(node.key, dotted(key), f"'{name}' is missing")


def _union(node: Node, types: tuple[inspect.Type, ...], key: Key) -> Iterator[Problem]:
    """Optional values (`X | None`), and text or a list of text."""
    choices = [kind for kind in types if not isinstance(kind, inspect.NoneType)]
    listed = [kind for kind in choices if isinstance(kind, inspect.VarTupleType)]
    if isinstance(node.value, list) and listed:
        yield from _misfits(node, listed[0], key)
    else:
        yield from _misfits(node, choices[0], key)


_SCALARS: tuple[tuple[Any, type, str], ...] = (
    (inspect.StrType, str, "text"),
    (inspect.BoolType, bool, "true or false"),
    (inspect.IntType, int, "a whole number"),
    (inspect.DateType, dt.date, "a date such as 2027-03-31"),
)


def _scalar(node: Node, wanted: inspect.Type, key: Key) -> Iterator[Problem]:
    kind, words = next((kind, words) for info, kind, words in _SCALARS if isinstance(wanted, info))
    # bool is an int, and datetime a date, to Python; not to a person.
    if type(node.value) is not kind:
        yield _expected(node, words, key)


def _expected(node: Node, words: str, key: Key) -> Problem:
    match node.value:
        case None:
            got = "nothing"
        case dict():
            got = "a mapping"
        case list():
            got = "a list"
        case str():
            got = f"'{node.value}'"
        case bool():
            got = str(node.value).lower()
        case _:
            got = str(node.value)
    if words == "text" and isinstance(node.value, bool | int | float | dt.date):
        words += f" ('{got}' in quotes)"
    if words == "a list" and isinstance(node.value, str):
        words += f" ([{node.value}])"
    return Problem(node.place, dotted(key), f"expected {words}, found {got}")
