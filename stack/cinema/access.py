"""How administrators get at machines: by SSH over a bastion, or by Session Manager."""

from __future__ import annotations

from cinema.config import Config


def by_session_manager(config: Config) -> bool:
    """From `cinema:access`: `session-manager`, or `bastion`.

    Without a bastion there is no key pair, and port 22 is open nowhere.
    """
    return config.choice("cinema:access", "bastion", "session-manager") == "session-manager"


def key_name(config: Config) -> str | None:
    """The EC2 key pair that instances admit, from `cinema:keyName`; None where nobody has one."""
    return None if by_session_manager(config) else config.text("cinema:keyName")
