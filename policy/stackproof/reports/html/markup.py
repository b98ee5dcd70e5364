"""HTML and SVG from parts. A text is escaped unless it is Markup already: nothing else can be."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TypeAlias, Union


class Markup(str):
    """Text that is HTML, because `tag` made it."""

    __slots__ = ()


Child: TypeAlias = Union[str, Markup, "Iterable[Child]", None]
Attribute: TypeAlias = str | float | bool | None

_EMPTY = frozenset({"br", "input", "link", "meta", "path", "rect", "circle", "polygon", "use"})


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Markup:
    """One element. `class_` is `class`, `data_x` is `data-x`; None and False are left out.

    Names of elements and attributes are this package's own, never somebody else's.
    """
    opening = name + "".join(
        f" {_spelt(key)}" if value is True else f' {_spelt(key)}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    if name in _EMPTY and not children:
        return Markup(f"<{opening}/>" if name not in _VOID else f"<{opening}>")
    return Markup(f"<{opening}>{join(children)}</{name}>")


_VOID = frozenset({"br", "input", "link", "meta"})


def join(children: Iterable[Child]) -> Markup:
    """Everything of `children`, one after the other."""
    return Markup("".join(map(_child, children)))


def _child(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Markup):
        return child
    if isinstance(child, str):
        return escape(child, quote=False)
    return join(child)


def _spelt(key: str) -> str:
    return key.removesuffix("_").replace("_", "-")


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return escape(value)
    return f"{value:g}" if isinstance(value, int) else f"{round(value, 1):g}"
