"""The `stackproof` command: options in, bytes and an exit code out."""

from __future__ import annotations

from stackproof.cli.commands import main

__all__ = ["main"]
