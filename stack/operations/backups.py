"""What the backup vault holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from operations.stacks import CannotError


@dataclass(frozen=True, order=True)
class Backup:
    """A snapshot of one member's volume."""

    at: dt.datetime
    snapshot: str


def newest(backup: Any, vault: str, before: dt.datetime | None = None) -> Backup:  # noqa: ANN401 - boto3 has no types
    """The newest whole backup, or the newest one before a moment; raises CannotError."""
    found = []
    for page in backup.get_paginator("list_recovery_points_by_backup_vault").paginate(
        BackupVaultName=vault
    ):
        for point in page["RecoveryPoints"]:
            if point.get("Status") == "COMPLETED":
                # Of a volume, a recovery point is the snapshot itself (AWS Backup Developer
                # Guide, "Recovery points").
                snapshot = point["RecoveryPointArn"].rpartition("/")[2]
                found.append(Backup(point["CreationDate"], snapshot))
    fitting = [each for each in found if before is None or each.at < before]
    if not fitting:
        raise CannotError(f"{vault} holds no backup" + (f" of before {before}" if before else ""))
    return max(fitting)
