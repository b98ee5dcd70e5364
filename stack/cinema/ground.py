"""What every workload stands on."""

from __future__ import annotations

from dataclasses import dataclass

from cinema.names import Names
from cinema.network import Network
from cinema.security import SecurityGroups


@dataclass(frozen=True)
class Ground:
    """The network, what may pass in it, and the names of the stack."""

    names: Names
    network: Network
    security: SecurityGroups
