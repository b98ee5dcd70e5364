"""What holds on every view: it can be used by everybody, and it is light."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.settled import settled
from tests.local.client import picture

# The whole is brought up once, so one worker has all of these.
pytestmark = pytest.mark.xdist_group("browser")

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES = 100_000
"""Of the first view, without posters (docs/site.md)."""

OUTSIDE = ("#/login", "#/register")
INSIDE = (
    "#/movies",
    "#/movies?search=nothing is like this",
    "#/movies/The General",
    "#/favourites",
    "#/profile",
    "#/images",
    "#/nowhere",
)
SCREENS: dict[str, dict[str, object]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}


def faults(page: Page) -> list[str]:
    found: dict[str, Any] = Axe().run(page, options={"runOnly": WCAG}).response
    assert found["passes"], "axe looked at nothing"
    return [
        f"{fault['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("screen", SCREENS)
def test_everybody_can_use_every_view(visit: Callable[..., Visitor], screen: str) -> None:
    somebody = visit(reduced_motion="reduce", **SCREENS[screen])
    page = somebody.page
    found: dict[str, list[str]] = {}
    for place in OUTSIDE:
        somebody.open(place)
        settled(page)
        found[place] = faults(page)
    somebody.register()
    for place in INSIDE:
        somebody.open(place)
        settled(page)
        found[place] = faults(page)
    somebody.open("#/images")
    files = [("wide.png", picture("PNG")), ("notes.txt", b"no picture")]
    page.locator("input[type=file]").set_input_files(
        [FilePayload(name=name, mimeType="", buffer=data) for name, data in files]
    )
    expect(page.get_by_text("Uploaded", exact=True)).to_be_visible()
    settled(page)
    found["uploads"] = faults(page)
    page.locator("[data-name]").first.get_by_role("link").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    settled(page)
    found["lightbox"] = faults(page)
    assert {place: each for place, each in found.items() if each} == {}


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_view_is_wider_than_its_screen(visit: Callable[..., Visitor], width: int) -> None:
    somebody = visit(viewport={"width": width, "height": 800})
    somebody.register()
    for place in INSIDE:
        somebody.open(place)
        settled(somebody.page)
        overflow = somebody.page.evaluate(
            "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, place


def test_the_first_view_is_light(visit: Callable[..., Visitor]) -> None:
    somebody = visit()
    wire = somebody.page.context.new_cdp_session(somebody.page)
    kinds: dict[str, str] = {}
    received: dict[str, float] = {}
    wire.on(
        "Network.responseReceived", lambda e: kinds.update({e["requestId"]: e["response"]["url"]})
    )
    wire.on(
        "Network.loadingFinished",
        lambda e: received.update({e["requestId"]: e["encodedDataLength"]}),
    )
    wire.send("Network.enable")
    somebody.register()
    kinds.clear()
    received.clear()
    somebody.page.reload()
    # As for the first time: nothing is kept.
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    kinds.clear()
    received.clear()
    somebody.page.reload()
    settled(somebody.page)
    counted = {
        kinds[request]: size
        for request, size in received.items()
        if "/posters/" not in kinds.get(request, "/posters/")
    }
    assert any(url.endswith("main.js") for url in counted)
    assert any("/movies" in url for url in counted)
    assert sum(counted.values()) < MOST_BYTES, sorted(counted.items(), key=lambda item: -item[1])


def test_the_site_can_be_used_by_keyboard_alone(member: Visitor) -> None:
    page = member.page
    expect(page.locator(".card").first).to_be_visible()
    page.reload()
    settled(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search titles")).to_be_focused()
    page.keyboard.type("metropolis")
    expect(page.locator(".card")).to_have_count(1)
    page.locator(".card a").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Metropolis", level=1)).to_be_focused()
