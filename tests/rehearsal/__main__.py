"""`python -m tests.rehearsal [STACK...]`: rehearse stacks, and print what was found.

Exit codes: 0 all green; 1 something is not; 2 it could not begin.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from stackproof.sources.errors import SourceError
from tests.engine.install import REPOSITORY, NotInstallableError, install
from tests.rehearsal.rehearsal import rehearse, rehearsing
from tests.rehearsal.table import lines


def _stacks() -> list[str]:
    return sorted(file.name.split(".")[1] for file in REPOSITORY.glob("Pulumi.*.yaml"))


def _say(text: str) -> None:
    sys.stderr.write(f"  {text} ...\n")


def main(arguments: list[str]) -> int:
    """Rehearse each stack that is named; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.rehearsal", description=__doc__)
    parser.add_argument("stack", nargs="*", default=["prod"], help="prod, dev or seed")
    stacks = parser.parse_args(arguments).stack
    if strangers := sorted(set(stacks) - set(_stacks())):
        known = ", ".join(_stacks())
        sys.stderr.write(f"there is no stack {', '.join(strangers)}; there are {known}\n")
        return 2
    code = 0
    for stack in stacks:
        with tempfile.TemporaryDirectory(prefix="cinema-rehearsal-") as scratch:
            bin_ = Path(scratch) / "bin"
            bin_.mkdir()
            try:
                installation = install(bin_, provider="tests.rehearsal.provider")
                with rehearsing(stack, installation, Path(scratch), say=_say) as rehearsal:
                    findings = rehearse(rehearsal)
            except (NotInstallableError, SourceError, RuntimeError) as error:
                sys.stderr.write(f"the rehearsal of {stack} could not begin: {error}\n")
                return 2
        for line in lines(findings):
            sys.stdout.write(f"{line}\n")
        code |= bool(findings.problems)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
