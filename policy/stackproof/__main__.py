"""`python -m stackproof`."""

from __future__ import annotations

from stackproof.cli import main

main(prog_name="stackproof")
