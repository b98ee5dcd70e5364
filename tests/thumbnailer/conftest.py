from __future__ import annotations

import sys
from pathlib import Path

# Lambda puts the package's folder on the path; the tests of the function do the same.
sys.path.insert(0, str(Path(__file__).parents[2] / "thumbnailer"))
