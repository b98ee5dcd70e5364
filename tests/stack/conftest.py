from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Pulumi puts the program's folder first on its path; the tests of the program do the same.
sys.path.insert(0, str(ROOT / "stack"))
# As stack/operations/rotate.py does.
sys.path.insert(1, str(ROOT / "stack/machines/database/files/opt/cinema/member"))
