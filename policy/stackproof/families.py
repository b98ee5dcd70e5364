"""The families of proof: which section of the contract each decides, and from which facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stackproof.contract import Contract
from stackproof.model import Family, Graph, NotModelled, Obligation
from stackproof.selection import Members


@dataclass(frozen=True)
class World:
    """What there is to prove about. Facts are read when first asked for, and once."""

    graph: Graph
    contract: Contract
    members: Mapping[str, Members]


@dataclass(frozen=True)
class Proved:
    """The obligations of one family, and what its facts left out or took for granted."""

    obligations: list[Obligation]
    not_modelled: tuple[NotModelled, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """One family of proof."""

    family: Family
    section: str
    """The key of the contract that claims it; without it nothing is decided."""
    facts_claim: str
    """The id of the claim that stands for all others when its facts cannot be read."""
    prove: Callable[[World], Proved]


FAMILIES: tuple[Proof, ...] = ()
