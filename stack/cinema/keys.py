"""Keys of our own, one for each class of data, where the configuration wants them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.config import Config
from cinema.names import Names

KeyName: TypeAlias = Literal["images", "logs", "database", "credentials", "messages"]

_DAYS_TO_REGRET = 30


@dataclass(frozen=True, kw_only=True)
class KeySettings:
    """`customer`: keys of our own; else AWS's, which cost nothing and say nothing of who may."""

    customer: bool
    protect: bool

    @classmethod
    def read(cls, config: Config) -> KeySettings:
        """From `cinema:keys` and `cinema:protect`."""
        return cls(
            customer=config.choice("cinema:keys", "customer", "aws") == "customer",
            protect=config.flag("cinema:protect"),
        )


class Keys(pulumi.ComponentResource):
    """The keys. `arn(NAME)` is None where AWS's own are used; `ready` is all that users wait for.

    Each is turned over by AWS once a year, and keeps what it encrypted readable. Policies name
    them by alias, because a key's id is not known before it exists.
    """

    def __init__(
        self,
        name: str,
        settings: KeySettings,
        names: Names,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:keys:Keys", name, None, opts)
        self.customer = settings.customer
        self._keys: dict[KeyName, aws.kms.Key] = {}
        self.ready: list[pulumi.Resource] = []
        documents = _documents(names) if settings.customer else {}
        for part, document in documents.items():
            key = aws.kms.Key(
                part,
                description=f"{names.prefix}: {part}",
                policy=document,
                enable_key_rotation=True,
                # What it encrypted is lost with it: the longest time to find that out in.
                deletion_window_in_days=_DAYS_TO_REGRET,
                tags={"Name": f"{names.prefix}-{part}"},
                opts=pulumi.ResourceOptions(parent=self, protect=settings.protect),
            )
            alias = aws.kms.Alias(
                part,
                name=names.key_alias(part),
                target_key_id=key.key_id,
                opts=pulumi.ResourceOptions(parent=self),
            )
            self._keys[part] = key
            self.ready += [key, alias]
        self.register_outputs({part: key.arn for part, key in self._keys.items()})

    def arn(self, part: KeyName) -> pulumi.Output[str] | None:
        """The ARN of the key for a class of data."""
        return self._keys[part].arn if self.customer else None


def _documents(names: Names) -> Mapping[KeyName, str]:
    """Whom each key serves, besides the account's administrators."""
    return {
        "images": policies.key(names, via=["s3"]),
        "logs": policies.key(
            names,
            via=["s3"],
            services=[policies.key_for_logs(names), *policies.keys_for_records(names)],
        ),
        "database": policies.key(names, via=["ec2"], grants=True),
        # Lambda keeps the variables of a function under it as well.
        "credentials": policies.key(names, via=["secretsmanager", "lambda"], grants=True),
        "messages": policies.key(names, via=["sqs"], services=policies.key_for_alarms(names)),
    }
