"""The `stackproof` command: options in, bytes and an exit code out."""

from __future__ import annotations

from stackproof.cli.commands import main
from stackproof.cli.difference import diff

__all__ = ["main"]

main.add_command(diff)
