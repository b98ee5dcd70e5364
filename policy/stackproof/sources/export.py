"""The Graph of `pulumi stack export`: what a stack deployed, as its state says.

State knows every output, so inputs hold plain ids and ARNs; those of a resource that the input
depends on are read back as References, so that verdicts are the same as the program's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackproof.model import Graph
from stackproof.sources import states, undecided
from stackproof.sources.errors import SourceError

_VERSIONS = (3, 4)


def graph(content: Mapping[str, Any]) -> Graph:
    """Read a deployment. Raises SourceError when it is of another version, malformed or empty."""
    if content.get("version") not in _VERSIONS:
        raise SourceError(
            f"the deployment has version {content.get('version')}; versions 3 and 4 can be read. "
            "Export it with a current Pulumi."
        )
    deployment = content["deployment"]
    raw = deployment.get("resources") if isinstance(deployment, dict) else None
    if raw is None:
        raise SourceError("the deployment has no resources: the stack was never deployed.")
    if not isinstance(raw, list):
        raise SourceError("`deployment.resources` must be a list.")
    read = [states.read(r, f"$.deployment.resources[{n}]") for n, r in enumerate(raw)]
    described = states.describe(read)
    interrupted = [
        ("", 0, f"a deployment was interrupted while {o.get('type', 'changing')} {_name(o)}")
        for o in deployment.get("pending_operations") or []
    ]
    notes = interrupted + states.left_over(read)
    extra = undecided.resources(described.project, described.stack, notes)
    return Graph(
        project=described.project,
        stack=described.stack,
        source="export",
        resources=tuple(sorted((*described.resources, *extra), key=lambda r: r.urn)),
        account=described.account,
        region=described.region,
        assumptions=described.assumptions,
    )


def _name(operation: Mapping[str, Any]) -> str:
    resource = operation.get("resource") or {}
    return str(resource.get("urn", "a resource")).split("::", 3)[-1]
