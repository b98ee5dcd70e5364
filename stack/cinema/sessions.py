"""Sessions: how Session Manager opens a shell on a machine, and what is kept of it."""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

from cinema import policies
from cinema.keys import Keys
from cinema.logs import log_group
from cinema.names import Names

_IDLE_MINUTES, _LONGEST_MINUTES = 20, 120


class Sessions(pulumi.ComponentResource):
    """The preferences of sessions as a document, their log, and the right to start them.

    A document of our own: the account has one set of preferences, which other stacks may use.
    `starting` is a policy for the people who operate the stack; nobody has it until it is attached.
    """

    def __init__(
        self, name: str, names: Names, keys: Keys, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("cinema:sessions:Sessions", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log = log_group(name, names.log_group("sessions"), keys, child)
        document = aws.ssm.Document(
            name,
            name=names.session_document,
            document_type="Session",
            document_format="JSON",
            content=json.dumps(preferences(names, encrypted=keys.customer)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[log]),
        )
        self.starting = aws.iam.Policy(
            name,
            description="Start sessions on the machines of this stack",
            policy=policies.start_sessions(names),
            opts=child,
        )
        self.document = document.name
        self.register_outputs({"document": document.name})


def preferences(names: Names, *, encrypted: bool) -> dict[str, object]:
    """The content of the document (Systems Manager User Guide, "Session document schema").

    What is typed and shown goes to the log as it happens. TLS protects the session itself; a key of
    KMS on top of it (`kmsKeyId`) would need one more endpoint in each zone, for the database.
    """
    return {
        "schemaVersion": "1.0",
        "description": f"Sessions on the machines of {names.prefix}",
        "sessionType": "Standard_Stream",
        "inputs": {
            "cloudWatchLogGroupName": names.log_group("sessions"),
            # A session is refused, rather than logged in clear.
            "cloudWatchEncryptionEnabled": encrypted,
            "cloudWatchStreamingEnabled": True,
            "s3BucketName": "",
            "s3KeyPrefix": "",
            "s3EncryptionEnabled": True,
            "kmsKeyId": "",
            "idleSessionTimeout": str(_IDLE_MINUTES),
            "maxSessionDuration": str(_LONGEST_MINUTES),
            "runAsEnabled": False,
            "runAsDefaultUser": "",
            "shellProfile": {"linux": "", "windows": ""},
        },
    }
