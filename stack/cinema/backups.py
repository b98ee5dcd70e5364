"""Backups of the database: a snapshot of every member's volume, each night."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.config import Config
from cinema.names import Names

_MINUTES_TO_START, _MINUTES_TO_COMPLETE = 60, 480


@dataclass(frozen=True, kw_only=True)
class BackupSettings:
    """`days` is how long a backup is kept."""

    days: int
    protect: bool

    @classmethod
    def read(cls, config: Config) -> BackupSettings:
        """From `cinema:backupDays` and `cinema:protect`."""
        return cls(
            days=config.whole("cinema:backupDays", least=1, most=365),
            protect=config.flag("cinema:protect"),
        )


class Backups(pulumi.ComponentResource):
    """A vault of its own, a plan, and the role that AWS Backup acts as.

    Any member's snapshot restores the whole set: the journal lies on the same volume as the data
    (MongoDB Manual, "Back Up and Restore with Filesystem Snapshots").
    """

    def __init__(
        self,
        name: str,
        settings: BackupSettings,
        names: Names,
        volumes: Sequence[aws.ebs.Volume],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it. `volumes` are backed up as long as they have the tag of the stack."""
        super().__init__("cinema:backups:Backups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        vault = aws.backup.Vault(
            name,
            name=names.vault("database"),
            # AWS deletes no vault that holds anything, unless it is emptied first.
            force_destroy=not settings.protect,
            opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
        )
        if settings.protect:
            # Until its time no backup is deleted, neither by mistake nor by a thief of
            # credentials who may not also take the lock away.
            aws.backup.VaultLockConfiguration(
                name,
                backup_vault_name=vault.name,
                min_retention_days=settings.days,
                opts=child,
            )
        role = aws.iam.Role(
            name,
            name=names.role("backups"),
            description="Takes snapshots of the database's volumes",
            assume_role_policy=policies.backup_trust(names),
            opts=child,
        )
        policy = aws.iam.Policy(
            name,
            description="Snapshots of the database's volumes",
            policy=policies.back_up_volumes(names),
            opts=child,
        )
        attachment = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn=policy.arn, opts=child
        )
        plan = aws.backup.Plan(
            name,
            name=names.vault("database"),
            rules=[
                aws.backup.PlanRuleArgs(
                    rule_name="nightly",
                    target_vault_name=vault.name,
                    schedule="cron(0 5 * * ? *)",
                    start_window=_MINUTES_TO_START,
                    completion_window=_MINUTES_TO_COMPLETE,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=settings.days),
                )
            ],
            opts=child,
        )
        selection = aws.backup.Selection(
            name,
            name="database",
            plan_id=plan.id,
            iam_role_arn=role.arn,
            # What is named by ARN is backed up whatever the account has opted into (AWS Backup
            # Developer Guide, "Getting started 1: Service Opt-in").
            resources=[volume.arn for volume in volumes],
            conditions=[
                aws.backup.SelectionConditionArgs(
                    string_equals=[
                        aws.backup.SelectionConditionStringEqualArgs(
                            key=f"aws:ResourceTag/{policies.BACKUP_TAG}", value=names.prefix
                        )
                    ]
                )
            ],
            # AWS Backup tries the role when the selection is made.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[attachment]),
        )
        self.register_outputs({"vault": vault.name, "selection": selection.id})
