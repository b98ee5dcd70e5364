"""The state of the set as one line of log, of which CloudWatch makes metrics.

The line is in the embedded metric format (Amazon CloudWatch User Guide, "Specification: Embedded
metric format"): the members need no way to CloudWatch but the one that their log takes.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, Final

_PRIMARY, _SECONDARY = 1, 2
NAMESPACE: Final = "Cinema/Database"
METRICS: Final = {"HealthyMembers": "Count", "MissingMembers": "Count", "ReplicationLag": "Seconds"}


def summary(status: Mapping[str, Any]) -> dict[str, float]:
    """Members that serve, members that do not, and how far the slowest is behind, in seconds.

    From the answer to `replSetGetStatus` (MongoDB Manual, "replSetGetStatus").
    """
    members = status["members"]
    serving = [m for m in members if m.get("health") == 1 and m["state"] in {_PRIMARY, _SECONDARY}]
    newest = max((m["optimeDate"] for m in serving), default=None)
    behind = [(newest - m["optimeDate"]).total_seconds() for m in serving if newest is not None]
    return {
        "HealthyMembers": len(serving),
        "MissingMembers": len(members) - len(serving),
        "ReplicationLag": max(behind, default=0),
    }


def line(stack: str, values: Mapping[str, float], now: dt.datetime) -> str:
    """One event of the log, with its metrics."""
    about = {
        "Timestamp": int(now.timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": NAMESPACE,
                "Dimensions": [["Stack"]],
                "Metrics": [{"Name": name, "Unit": unit} for name, unit in METRICS.items()],
            }
        ],
    }
    return json.dumps({"_aws": about, "event": "replica-set", "Stack": stack, **values})
