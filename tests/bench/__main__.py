"""Every benchmark, one after the other: `make bench`."""

from __future__ import annotations

import sys

from tests.bench import check, evaluate

check.main()
print()  # noqa: T201  it is a script that prints tables
sys.exit(evaluate.main())
