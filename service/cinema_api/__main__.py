"""The command: `cinema-api serve` and `cinema-api seed`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys

from cinema_api import logs
from cinema_api.problems import UnavailableError
from cinema_api.seed.loader import load
from cinema_api.serving import serve
from cinema_api.settings import DatabaseSettings, Settings, SettingsError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="cinema-api", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="answer requests until told to stop")
    serving.add_argument("--workers", type=int, default=1, help="processes that answer (1)")
    commands.add_parser(
        "seed", help="load the films that come with the API; doing so twice is fine"
    )
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "seed":
            count = asyncio.run(load(DatabaseSettings.read(os.environ)))
            sys.stdout.write(f"{count} films are in the database\n")
            return 0
        settings = Settings.read(os.environ)
    except SettingsError as problem:
        sys.stderr.write(f"cinema-api: {problem}\n")
        return 2
    except UnavailableError as problem:
        sys.stderr.write(f"cinema-api: {problem}\n")
        return 1
    logs.configure(settings.log_level)
    serve(settings, workers=chosen.workers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
