"""Exact reachability: which packets pass between which ends of the network."""

from stackproof.proofs.reach.claims import KINDS, obligations
from stackproof.proofs.reach.passages import Passage, passages
from stackproof.proofs.reach.possible import flow_exists
from stackproof.proofs.reach.questions import explain

__all__ = ["KINDS", "Passage", "explain", "flow_exists", "obligations", "passages"]
