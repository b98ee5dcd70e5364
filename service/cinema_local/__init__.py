"""Cinema.Database whole, on one machine, from what the Pulumi program declares.

`python -m cinema_local` evaluates the program, proves its architecture, and then brings up the
data plane from that same Graph. `docs/local.md` says what runs, what is a stand-in, and where
data lives. Not part of the service's wheel.
"""

from cinema_local.running import Instance, Running, running
from cinema_local.whole import Options

__all__ = ["Instance", "Options", "Running", "running"]
