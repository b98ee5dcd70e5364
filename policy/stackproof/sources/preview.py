"""The Graph of `pulumi preview --json --show-sames`: what the engine is about to make.

Inputs only: outputs vary from run to run. What depends on a deployment is unknown there, and
becomes a Reference only where it can be nothing else (see `references`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackproof.model import Graph
from stackproof.sources import states
from stackproof.sources.errors import SourceError

_GONE = frozenset(
    {"delete", "delete-replaced", "read-discard", "discard-replaced", "remove-pending-replace"}
)


def graph(content: Mapping[str, Any]) -> Graph:
    """Read a preview. Raises SourceError when it failed or shows the changes only."""
    steps = content.get("steps") or []
    if not isinstance(steps, list) or not all(isinstance(s, dict) for s in steps):
        raise SourceError("`steps` of the preview must be a list of objects.")
    for diagnostic in content.get("diagnostics") or []:
        if isinstance(diagnostic, dict) and diagnostic.get("severity") == "error":
            message = " ".join(str(diagnostic.get("message", "")).split())[:300]
            raise SourceError(f"the preview failed, so that it is incomplete: {message}")
    summary = content.get("changeSummary") or {}
    unchanged = sum(step.get("op") == "same" for step in steps)
    if isinstance(summary, dict) and summary.get("same", 0) > unchanged:
        raise SourceError(
            f"the preview leaves out {summary['same'] - unchanged} resources that do not change; "
            "make it with `pulumi preview --json --show-sames`."
        )
    latest = {}
    for number, step in enumerate(steps):
        if step.get("newState") and step.get("op") not in _GONE:
            state = states.read(step["newState"], f"$.steps[{number}].newState")
            latest[state.urn] = state
    described = states.describe(tuple(latest.values()))
    config = content.get("config") or {}
    return Graph(
        project=described.project,
        stack=described.stack,
        source="preview",
        resources=described.resources,
        account=described.account or states.only_account(config.get("aws:allowedAccountIds")),
        region=described.region or config.get("aws:region"),
        assumptions=described.assumptions,
    )
