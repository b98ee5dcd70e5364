"""The site's own logic under node, and that its page is whole."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SITE = HERE.parents[1] / "client_dist"


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_client_reads_the_api() -> None:
    run = subprocess.run(
        ["node", "--test", str(HERE / "api.test.mjs")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_everything_that_the_page_and_its_modules_name_is_there() -> None:
    page = (SITE / "index.html").read_text()
    named = set(re.findall(r'(?:href|src)="([^":]+)"', page))
    for module in SITE.glob("*.js"):
        named |= set(re.findall(r'from "\./([^"]+)"', module.read_text()))
    assert {"main.js", "api.js", "style.css"} <= named
    assert not {name for name in named if not (SITE / name).is_file()}


def test_the_page_lets_no_markup_in() -> None:
    for module in SITE.glob("*.js"):
        text = module.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text)


def test_the_files_do_not_bring_the_configuration_that_is_generated() -> None:
    assert not (SITE / "config.json").exists()
