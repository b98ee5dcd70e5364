"""A restore, rehearsed: whether what lies on a volume is a database, and what it holds.

mongod runs alone here, for nobody but this machine, and changes nothing: with
`recoverFromOplogAsStandalone` it replays what the journal has, and is read-only then (MongoDB
Manual, "Restore a Self-Managed Replica Set from a MongoDB Backup").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pymongo import MongoClient

_OURS = "cinema"


def report(name: str, client: MongoClient[dict[str, Any]]) -> str:
    """One line of log: how many documents each collection holds, and until when the oplog goes."""
    database = client[_OURS]
    counts = {
        collection: database[collection].count_documents({})
        for collection in sorted(database.list_collection_names())
    }
    last = next(iter(client["local"]["oplog.rs"].find().sort("$natural", -1).limit(1)), None)
    return _line(name, counts, last)


def _line(name: str, counts: Mapping[str, int], last: Mapping[str, Any] | None) -> str:
    until = last["wall"].isoformat() if last and "wall" in last else None
    return json.dumps(
        {"event": "rehearsal", "name": name, "documents": dict(counts), "until": until}
    )
