"""Documents of Systems Manager: which of them are more than words that somebody must ask for.

A document of type Session or Command does nothing by itself: who runs it must be allowed
`ssm:StartSession` or `ssm:SendCommand`, which is judged on principals, and associations and
maintenance windows that run one are types of their own (Systems Manager User Guide, "AWS Systems
Manager Documents"). Not modelled: types that act as a role or start other things (Automation,
ApplicationConfiguration and the like), and documents that are shared with other accounts.
"""

from __future__ import annotations

from collections.abc import Iterator

from stackproof.aws.values import Values
from stackproof.model import Graph, Resource

DOCUMENT = "aws:ssm/document:Document"
_WORDS = frozenset({"Session", "Command"})


def not_understood(graph: Graph) -> Iterator[tuple[Resource, str]]:
    """The documents that may be more, and why."""
    values = Values(graph)
    for document in graph.of_type(DOCUMENT):
        kind = values.text(document.inputs.get("documentType"))
        if kind not in _WORDS:
            yield document, f"a document of type {kind or 'that is not known'} may act by itself"
        elif document.inputs.get("permissions"):
            yield document, "it is shared with other accounts"
