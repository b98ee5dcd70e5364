"""The policy pack that `pulumi preview --policy-pack policy` and `pulumi up` run."""

from __future__ import annotations

from pathlib import Path

from stackproof.pack import serve

serve(Path(__file__).parent)
