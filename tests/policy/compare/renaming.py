"""Refactorings of a Graph that change no meaning: other names, wrapped in a component, moved."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from stackproof.model import Graph, Location
from stackproof.sources import graph_json

_URN = re.compile(r"urn:pulumi:test::test::([^\"]+?)::([^\"#]+)(?=\"|#)")


def renamed(graph: Graph, rename: Callable[[str], str], *, within: str = "") -> Graph:
    """The same graph in which every resource has another name, and perhaps a parent."""

    def urn(found: re.Match[str]) -> str:
        wrapped = f"{within}${found[1]}" if within else found[1]
        return f"urn:pulumi:test::test::{wrapped}::{rename(found[2])}"

    text = _URN.sub(urn, graph_json.encode(graph).decode())
    decoded = graph_json.decode(text)
    resources = [
        msgspec.structs.replace(r, name=r.urn.rpartition("::")[2], location=Location("other.py", 7))
        for r in decoded.resources
    ]
    return msgspec.structs.replace(decoded, resources=tuple(sorted(resources, key=lambda r: r.urn)))
