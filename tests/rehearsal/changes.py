"""Changes of a stack's configuration, and exactly what each may do to what is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.engine.engine import Outcome
from tests.rehearsal.emulator import OTHER_IMAGE

Steps = frozenset[tuple[str, str, str]]
"""(what the engine does, Pulumi's type, logical name), of what is not left as it is."""

_TEMPLATE = ("update", "aws:ec2/launchTemplate:LaunchTemplate", "api")
_GROUP = ("update", "aws:autoscaling/group:Group", "api")


@dataclass(frozen=True)
class Change:
    """`value` for a key of the configuration; it is rehearsed where the key is now like `when`."""

    name: str
    key: str
    value: Any
    steps: Steps
    when: type | tuple[type, ...] = str
    prefix: str = ""

    def fits(self, config: Mapping[str, Any]) -> bool:
        """Whether the stack has the key, with such a value, and not yet this one."""
        now = config.get(self.key)
        return isinstance(now, self.when) and str(now).startswith(self.prefix) and now != self.value


CHANGES = (
    Change(
        "a larger type of machine for the API is a new template version and a refresh",
        "cinema:apiInstanceType", "t4g.large", frozenset({_TEMPLATE, _GROUP}),
    ),
    Change(
        "another image for the API is a new template version and a refresh",
        "cinema:apiImage", OTHER_IMAGE, frozenset({_TEMPLATE, _GROUP}), prefix="ami-",
    ),
    Change(
        "another origin in the API's user data is a new template version and a refresh",
        "cinema:corsOrigins", ["https://elsewhere.example"], frozenset({_TEMPLATE, _GROUP}),
        when=list,
    ),
    Change(
        "another image for the database changes no member that runs",
        "cinema:databaseImage", OTHER_IMAGE, frozenset(), prefix="ami-",
    ),
    Change(
        "another image for the bastion replaces the bastion alone",
        "cinema:bastionImage", OTHER_IMAGE,
        frozenset({("replace", "aws:ec2/instance:Instance", "bastion")}), prefix="ami-",
    ),
    Change(
        "more concurrency for the thumbnails changes their function alone",
        "cinema:thumbnailConcurrency", 30,
        frozenset({("update", "aws:lambda/function:Function", "thumbnails")}), when=int,
    ),
)  # fmt: skip

LIFTED = frozenset({("delete", "aws:backup/vaultLockConfiguration:VaultLockConfiguration")})
"""What goes when protection is lifted, besides what is only updated."""

_PARTS_OF_A_REPLACEMENT = frozenset({"create-replacement", "delete-replaced"})


def steps(outcome: Outcome) -> Steps:
    """What the engine did, components and providers aside; a replacement is one step."""
    done = (event["resourcePreEvent"]["metadata"] for event in outcome.events
            if "resourcePreEvent" in event)  # fmt: skip
    return frozenset(
        (step["op"], step["type"], step["urn"].rsplit("::", 1)[-1])
        for step in done
        if step["type"].startswith("aws:")
        and step["op"] not in _PARTS_OF_A_REPLACEMENT | {"same", "read"}
    )
