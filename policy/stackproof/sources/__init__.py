"""The ways into a Graph: program, preview, export, the policy pack, and its own JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from stackproof.model import Graph
from stackproof.sources import export, graph_json, preview
from stackproof.sources.errors import SourceError

LARGEST = 64 * 1024 * 1024
"""Bytes. Pulumi's own state of some ten thousand resources is smaller."""

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)


def load(path: Path) -> Graph:
    """Read a graph, a preview or an export from a file; which of them, its content tells.

    `-` is the standard input. Raises SourceError for anything else.
    """
    text = _text(path)
    try:
        content = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise SourceError(
            f"{path} is not JSON, or was cut off: {error}. Write it again; "
            "nothing but the command's standard output belongs in it."
        ) from error
    except RecursionError as error:
        raise SourceError(f"{path} is nested too deeply to be a graph.") from error
    try:
        return graph_json.checked(_graph(content, text))
    except SourceError as error:
        raise SourceError(f"{path}: {error}") from error


def _text(path: Path) -> str:
    try:
        if path == Path("-"):
            data = sys.stdin.buffer.read(LARGEST + 1)
        else:
            with path.open("rb") as file:
                data = file.read(LARGEST + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    if len(data) > LARGEST:
        raise SourceError(f"{path} is larger than {LARGEST // 2**20} MB; no graph is: {_WANTED}.")
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path} is not UTF-8 text; save it as UTF-8.") from error


def _graph(content: Any, text: str) -> Graph:  # noqa: ANN401  JSON
    if isinstance(content, dict):
        if "deployment" in content:
            return export.graph(content)
        if "steps" in content or "changeSummary" in content:
            return preview.graph(content)
        if "resources" in content and "stack" in content:
            return graph_json.decode(text)
        for key, name in _FOREIGN.items():
            if key in content:
                raise SourceError(f"this is {name}, not Pulumi's; {_WANTED}.")
    raise SourceError(f"this JSON is of another tool; {_WANTED}.")


_WANTED = (
    "give the output of `stackproof graph`, `pulumi preview --json --show-sames` "
    "or `pulumi stack export`"
)
_FOREIGN = {
    "planned_values": "a plan of Terraform",
    "terraform_version": "a state of Terraform",
    "Resources": "a template of CloudFormation",
    "apiVersion": "a manifest of Kubernetes",
}
