"""Exact reachability: which packets pass between which ends of the network."""

from stackproof.proofs.reach.claims import obligations
from stackproof.proofs.reach.possible import flow_exists

__all__ = ["flow_exists", "obligations"]
