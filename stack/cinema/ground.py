"""What every workload stands on."""

from __future__ import annotations

from dataclasses import dataclass

from cinema.keys import Keys
from cinema.names import Names
from cinema.network import Network
from cinema.security import SecurityGroups


@dataclass(frozen=True)
class Ground:
    """The names of the stack, its keys, the network, and what may pass in it."""

    names: Names
    keys: Keys
    network: Network
    security: SecurityGroups
