"""How each resource is set up, judged by Checkov's checks, in process and without a network.

`naming` knows Terraform's names, `terraform` writes a Graph in them, `engine` has Checkov run its
checks on that, `reads` tells which values a check looked at, `questions` which of them a proof
answers better, and `claims` what all of it means.
"""

from __future__ import annotations

from stackproof.hardening import engine
from stackproof.hardening.claims import KINDS, Facts, assumptions, failing, obligations
from stackproof.hardening.engine import is_installed, warm_up
from stackproof.hardening.terraform import configuration
from stackproof.model import Graph

__all__ = [
    "KINDS",
    "Facts",
    "assumptions",
    "failing",
    "hardening_facts",
    "is_installed",
    "obligations",
    "warm_up",
]


def hardening_facts(graph: Graph) -> Facts:
    """`graph` in Terraform's words, and what Checkov finds in it when it is installed."""
    written = configuration(graph)
    return Facts(written, engine.scan(written) if is_installed() else None)
