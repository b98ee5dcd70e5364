"""The policy pack that `pulumi preview --policy-pack policy` and `pulumi up` run."""

from __future__ import annotations

import gc
from pathlib import Path

from stackproof.pack import serve

# Nearly everything made here lives to the end: looking for garbage often is in vain.
gc.set_threshold(200_000, 20, 100)
serve(Path(__file__).parent)
