"""The contract: what the architecture must do, and by omission what it must not do.

`vocabulary` has the classes, one to one with the YAML; `source` reads YAML and keeps where every
key stands; `shape` holds it against the classes; `meaning` against itself.
"""

from __future__ import annotations

from stackproof.contract.errors import ContractError, Key, Place, Problem
from stackproof.contract.loading import Located, load, read
from stackproof.contract.vocabulary import (
    INTERNET,
    Accepted,
    Admission,
    Availability,
    Conditions,
    Contract,
    Events,
    Flow,
    FlowException,
    Grant,
    Group,
    Hardening,
    Identity,
    Keep,
    KeepFlows,
    Network,
    Never,
    Principal,
    Trigger,
    Trustee,
    Waiver,
)

__all__ = [
    "INTERNET",
    "Accepted",
    "Admission",
    "Availability",
    "Conditions",
    "Contract",
    "ContractError",
    "Events",
    "Flow",
    "FlowException",
    "Grant",
    "Group",
    "Hardening",
    "Identity",
    "Keep",
    "KeepFlows",
    "Key",
    "Located",
    "Network",
    "Never",
    "Place",
    "Principal",
    "Problem",
    "Trigger",
    "Trustee",
    "Waiver",
    "load",
    "read",
]
