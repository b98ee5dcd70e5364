"""Secrets, as places without a value: what is put into them, Pulumi never sees.

The members of the database make every first value when they first boot, and the first one wins
(stack/machines/database). A value that Pulumi made would be in its state.
"""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from cinema.keys import Keys
from cinema.names import Names

_DESCRIPTIONS = {
    "session-keys": "Keys that sign the API's sessions, one a line; the first one signs",
    "database-credentials": "The database user of the API, as JSON",
    "database-admin": "The database user that administers it, as JSON",
    "database-keyfile": "What the members of the replica set know each other by",
    "database-authority": "The key that signs the members' certificates",
    "database-ca": "The certificates of that key: whom the database's clients believe",
}

_DAYS_TO_REGRET = 30


class SecretStore(pulumi.ComponentResource):
    """Every secret of the stack. `secrets` holds them by name."""

    def __init__(
        self,
        name: str,
        names: Names,
        keys: Keys,
        *,
        protect: bool,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("cinema:secretstore:SecretStore", name, None, opts)
        self.secrets = {
            part: aws.secretsmanager.Secret(
                part,
                name=names.secret(part),
                description=description,
                kms_key_id=keys.arn("credentials"),
                # Without it the name stays taken for a month after `pulumi destroy`.
                recovery_window_in_days=_DAYS_TO_REGRET if protect else 0,
                opts=pulumi.ResourceOptions(parent=self, protect=protect),
            )
            for part, description in _DESCRIPTIONS.items()
        }
        self.register_outputs({part: secret.arn for part, secret in self.secrets.items()})
