"""Takes the pictures of the documentation: `make screenshots`.

Of the running product and of the architecture report; `python -m tests.browser.screenshots report`
takes the latter only.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, expect, sync_playwright

from cinema_local.running import running
from cinema_local.whole import Options
from tests.browser.conftest import PASSWORD, Visitor, launched
from tests.browser.reports import page_of
from tests.browser.settled import settled
from tests.local.conftest import ROOT
from tests.test_readme import project

PICTURES = ROOT / "docs" / "images"
SCREENS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {
        "viewport": {"width": 390, "height": 800},
        "device_scale_factor": 2,
        "color_scheme": "light",
        "is_mobile": True,
        "has_touch": True,
    },
}
# So many pictures as the documentation shows, and no more: each is in the history for ever.
KEPT = {
    "local-light",
    "login-light",
    *(f"{view}-{screen}" for view in ("movies", "movie", "images") for screen in SCREENS),
    "original-dark",
    "profile-phone",
}
REPORTS = (
    # (picture, whether of the bad change, screen, what is at its top)
    ("report-light", False, "light", ""),
    ("report-dark", False, "dark", "#diagram"),
    ("report-bad-light", True, "light", "#diagram"),
    ("report-bad-phone", True, "phone", ""),
)
POSTERS = ROOT / "service" / "cinema_api" / "seed" / "posters"
UPLOADED = 5


def main() -> None:
    """Write docs/images/*.webp."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    _reports()
    if "report" not in sys.argv[1:]:
        _product()


def _reports() -> None:
    """Of `prod`, and of `prod` with the bad change of the README."""
    with (
        tempfile.TemporaryDirectory() as made,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        pages = {}
        for bad in (False, True):
            root = project(Path(made), changed=True) if bad else ROOT
            pages[bad] = Path(made) / f"report-{bad}.html"
            pages[bad].write_text(page_of(root, "prod", "contract.yaml"), encoding="utf-8")
        for name, bad, screen, place in REPORTS:
            context = browser.new_context(reduced_motion="reduce", **_tall(SCREENS[screen]))
            page = context.new_page()
            page.goto(f"{pages[bad].as_uri()}{place}")
            _keep(page, name)
            context.close()


def _tall(screen: dict[str, Any]) -> dict[str, Any]:
    """The whole diagram fits."""
    return {**screen, "viewport": {**screen["viewport"], "height": 920}}


def _product() -> None:
    """Bring the product up and go through its views."""
    with (
        tempfile.TemporaryDirectory() as data,
        sync_playwright() as playwright,
        launched(playwright) as browser,
        running(Options(root=ROOT, site_port=0, api_port=0), kept_in=Path(data)) as whole,
    ):
        for number, (name, screen) in enumerate(SCREENS.items()):
            with _visitor(browser, screen, whole.site, whole.api, f"visitor{name}") as visitor:
                # What the first one uploads, the others see too.
                for view in _views(visitor, whole.landing, uploads=number == 0):
                    if f"{view}-{name}" in KEPT:
                        _keep(visitor.page, f"{view}-{name}")


@contextmanager
def _visitor(
    browser: Browser, screen: dict[str, Any], site: str, api: str, username: str
) -> Iterator[Visitor]:
    context = browser.new_context(reduced_motion="reduce", **screen)
    yield Visitor(context.new_page(), site, api, username, [])
    context.close()


def _views(visitor: Visitor, landing: str, *, uploads: bool) -> Iterator[str]:
    """Goes from view to view; each time it stops there is something to see."""
    page = visitor.page
    page.goto(landing)
    yield "local"
    visitor.open("#/login")
    settled(page)
    page.get_by_label("User name").fill(visitor.username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    yield "login"
    visitor.register()
    expect(page.get_by_role("link", name=re.compile("See the film"))).to_be_visible()
    settled(page)
    yield "movies"
    page.locator(".posters .card").first.get_by_role("link").click()
    settled(page)
    yield "movie"
    visitor.open("#/profile")
    settled(page)
    yield "profile"
    visitor.open("#/images")
    settled(page)
    if uploads:
        page.locator("input[type=file]").set_input_files(_originals(page))
    expect(page.locator("[data-name] img")).to_have_count(UPLOADED)
    expect(page.locator("[data-name] .making")).to_have_count(0)
    settled(page)
    yield "images"
    page.locator("[data-name]").first.get_by_role("link").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    yield "original"


def _originals(page: Page) -> list[FilePayload]:
    """Posters of ours, as photographs of them: what people upload is no SVG."""
    painter = page.context.new_page()
    taken = []
    for poster in sorted(POSTERS.glob("*.svg"))[:UPLOADED]:
        painter.set_content(f"<style>*{{margin:0}}</style>{poster.read_text(encoding='utf-8')}")
        data = painter.locator("svg").first.screenshot(type="jpeg")
        taken.append(FilePayload(name=f"{poster.stem}.jpg", mimeType="image/jpeg", buffer=data))
    painter.close()
    return taken


def _keep(page: Page, name: str) -> None:
    page.wait_for_function(
        "() => [...document.images].every("
        "(i) => i.complete || i.getBoundingClientRect().top > innerHeight)"
    )
    with Image.open(io.BytesIO(page.screenshot())) as picture:
        picture.thumbnail((1280, 1600))
        picture.save(PICTURES / f"{name}.webp", quality=80, method=6)
    sys.stdout.write(f"docs/images/{name}.webp\n")


if __name__ == "__main__":
    main()
