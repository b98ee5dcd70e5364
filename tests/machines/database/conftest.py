from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# Where the machine finds it too, but under /opt.
sys.path.insert(0, str(ROOT / "stack/machines/database/files/opt/cinema/member"))
