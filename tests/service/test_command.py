"""The command beside `serve`: it needs what it uses, and says in a line what is missing."""

from __future__ import annotations

import subprocess
import sys
import uuid
from typing import Any

from pymongo import MongoClient

from tests.service.neighbours import free_port

FILMS = 48


def cinema_api(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cinema_api", *words],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_seeding_needs_a_database_alone_and_may_be_done_again(database_uri: str) -> None:
    name = f"cinema-test-{uuid.uuid4().hex[:12]}"
    with MongoClient[dict[str, Any]](database_uri) as client:
        try:
            for _ in range(2):
                run = cinema_api(
                    "seed", CINEMA_DATABASE_URI=database_uri, CINEMA_DATABASE_NAME=name
                )
                assert (run.returncode, run.stderr) == (0, "")
                assert run.stdout == f"{FILMS} films are in the database\n"
                assert client[name]["movies"].count_documents({}) == FILMS
        finally:
            client.drop_database(name)


def test_seeding_without_its_database_says_so() -> None:
    run = cinema_api("seed", CINEMA_DATABASE_URI=f"mongodb://127.0.0.1:{free_port()}/")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "cinema-api: the database cannot be reached\n"


def test_a_setting_that_is_missing_is_named() -> None:
    for command in ("seed", "serve"):
        run = cinema_api(command)
        assert (run.returncode, run.stdout) == (2, "")
        assert run.stderr == (
            "cinema-api: CINEMA_DATABASE_URI: or CINEMA_DATABASE_HOSTS must be set\n"
        )
