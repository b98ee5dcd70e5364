"""Exact reachability: which packets pass between which ends of the network."""

from stackproof.proofs.reach.claims import KINDS, obligations
from stackproof.proofs.reach.possible import flow_exists
from stackproof.proofs.reach.questions import explain

__all__ = ["KINDS", "explain", "flow_exists", "obligations"]
