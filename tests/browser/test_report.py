"""The architecture report in a real browser: by mouse, keyboard, touch and on paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from stackproof.reports import html
from tests.browser.conftest import PATIENCE_MS
from tests.browser.reports import page_of
from tests.browser.test_quality import SCREENS, faults
from tests.local.conftest import ROOT
from tests.policy.reports.test_html import HOSTILE, overview_of, report_of
from tests.test_readme import project

pytestmark = pytest.mark.xdist_group("report")


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The report of `prod`, of its bad change, of `dev` with its waivers, and of a hostile one."""
    folder = tmp_path_factory.mktemp("reports")
    changed = project(tmp_path_factory.mktemp("changed"), changed=True)
    hostile = "".join(HOSTILE)
    texts = {
        "prod": page_of(ROOT, "prod", "contract.yaml"),
        "bad": page_of(changed, "prod", "contract.yaml"),
        "dev": page_of(ROOT, "dev", "contract.dev.yaml"),
        "hostile": html.render(report_of(hostile), overview_of(hostile), excerpt=lambda _: hostile),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, pages: dict[str, Path]) -> Iterator[Open]:
    """Opens a report from disk; the browser must find nothing to say about it."""
    contexts = []
    said: list[str] = []

    def opened(name: str, fragment: str = "", **options: object) -> Page:
        context = browser.new_context(**options)  # type: ignore[arg-type] # as playwright names them
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
        page.on("request", lambda request: said.append(f"asked for {request.url}"))
        page.goto(f"{pages[name].as_uri()}{fragment}")
        said[:] = [line for line in said if not line.startswith("asked for file:")]
        said[:] = [line for line in said if line != "asked for data:,"]
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def flow(page: Page, name: str) -> Locator:
    return page.locator(f'a.flow[aria-label^="{name}"]')


# Axe takes its time for pages of this size: each kind of page once, and one on every screen.
@pytest.mark.parametrize(
    ("name", "screen"),
    [*(("bad", screen) for screen in SCREENS), ("dev", "dark"), ("hostile", "phone")],
)
def test_everybody_can_use_the_report(open_page: Open, name: str, screen: str) -> None:
    page = open_page(name, reduced_motion="reduce", **SCREENS[screen])
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert faults(page) == []


def test_an_open_card_is_as_usable(open_page: Open) -> None:
    page = open_page("hostile", reduced_motion="reduce")
    page.locator("a.flow").first.focus()
    page.keyboard.press("Tab")
    expect(page.locator("#card")).to_be_visible()
    assert faults(page) == []


def test_the_bad_change_is_what_one_sees_first(open_page: Open) -> None:
    page = open_page("bad")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"^\d+ violated of \d+"))
    first = page.locator(".finding").first
    expect(first).to_contain_text("network.closed.vpc-to-database")
    expect(first).to_contain_text("stack/cinema/security.py")
    expect(flow(page, "vpc to database")).to_have_class(re.compile("excess"))
    expect(flow(page, "vpc to database")).to_contain_text("✗ tcp/27017")


def test_the_keyboard_reaches_every_flow_and_shows_its_rules_and_lines(open_page: Open) -> None:
    page = open_page("prod")
    page.locator(".diagram .canvas").focus()
    card = page.locator("#card")
    seen = set()
    everything = page.locator(".diagram .canvas a").count()
    for _ in range(everything):
        page.keyboard.press("Tab")
        expect(card).to_be_visible()
        seen.add(card.locator("h3").inner_text())
    assert len(seen) == everything
    flow(page, "api to database").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(card.locator("h3")).to_contain_text("api → database")
    expect(card).to_contain_text("egress rule api-to-database-27017")
    expect(card).to_contain_text(re.compile(r"stack/cinema/security\.py:\d+"))
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_the_mouse_shows_a_flow_while_it_is_there_and_a_click_keeps_it(open_page: Open) -> None:
    page = open_page("prod")
    label = flow(page, "load-balancer to api").locator("text")
    card = page.locator("#card")
    label.hover()
    expect(card).to_contain_text("tcp/8081")
    expect(page.locator("a.flow.near")).to_have_count(1)
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()
    label.click()
    page.mouse.move(5, 5)
    expect(card).to_contain_text("tcp/8081")
    page.get_by_role("heading", level=1).click()
    expect(card).to_be_hidden()


def test_a_group_shows_its_members_and_all_its_flows(open_page: Open) -> None:
    page = open_page("prod")
    page.locator('a.group[aria-label^="database"]').hover()
    card = page.locator("#card")
    expect(card).to_contain_text("database-us-east-1b")
    expect(page.locator("a.flow.near")).to_have_count(6)


def width(page: Page) -> float:
    box = page.locator(".diagram .picture").bounding_box()
    assert box is not None
    return box["width"]


def test_the_diagram_is_zoomed_by_buttons_and_keys_and_moved_by_keys_and_mouse(
    open_page: Open,
) -> None:
    page = open_page("prod")
    before = width(page)
    page.get_by_role("button", name="Zoom in").click()
    assert width(page) == pytest.approx(before * 1.25, rel=0.01)
    canvas = page.locator(".diagram .canvas")
    canvas.focus()
    page.keyboard.press("+")
    assert width(page) == pytest.approx(before * 1.25**2, rel=0.01)
    canvas.evaluate("(one) => one.scrollTo(0, 0)")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('.diagram .canvas').scrollLeft > 0")
    left = canvas.evaluate("(one) => one.scrollLeft")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 400, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 250, box["y"] + 12, steps=4)
    page.mouse.up()
    assert canvas.evaluate("(one) => one.scrollLeft") == pytest.approx(left + 150, abs=45)
    page.get_by_role("button", name="Fit").click()
    assert width(page) <= box["width"]
    page.keyboard.down("Control")
    fitted = width(page)
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.wheel(0, -120)
    page.keyboard.up("Control")
    page.wait_for_function(
        "(w) => document.querySelector('.diagram .picture').getBoundingClientRect().width > w",
        arg=fitted,
    )


def test_two_fingers_zoom_the_diagram(open_page: Open) -> None:
    page = open_page("prod", **SCREENS["phone"])
    page.locator(".diagram .canvas").scroll_into_view_if_needed()
    before = width(page)
    wire = page.context.new_cdp_session(page)
    box = page.locator(".diagram .canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + 150, box["y"] + 150

    def fingers(kind: str, apart: float) -> None:
        points = [{"x": x - apart, "y": y, "id": 1}, {"x": x + apart, "y": y, "id": 2}]
        touches = [] if kind == "touchEnd" else points
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    fingers("touchStart", 30)
    for apart in (40, 50, 60):
        fingers("touchMove", apart)
    fingers("touchEnd", 60)
    assert width(page) == pytest.approx(before * 2, rel=0.05)


def test_the_claims_can_be_filtered(open_page: Open) -> None:
    page = open_page("bad")
    rows = page.locator(".claims tbody tr:visible")
    total = rows.count()
    said = page.locator(".filter .shown")
    page.get_by_role("searchbox", name="Text").fill("database 27017")
    assert 0 < rows.count() < total
    expect(said).to_have_text(f"{rows.count()} of {total} claims")
    page.get_by_label("Family").select_option("placement")
    assert {rows.nth(n).get_attribute("data-family") for n in range(rows.count())} == {"placement"}
    page.get_by_role("searchbox", name="Text").fill("")
    page.get_by_label("Family").select_option("")
    page.get_by_role("checkbox", name="proven", exact=True).uncheck()
    page.get_by_role("checkbox", name="waived", exact=True).uncheck()
    expect(rows).to_have_count(1)
    page.get_by_role("checkbox", name="waived", exact=True).check()
    page.locator(".tile.is-proven").click()
    expect(rows.first).to_have_attribute("data-verdict", "proven")


def test_a_link_to_a_claim_leads_there_and_unfolds_it(open_page: Open) -> None:
    page = open_page("prod", "#claim.network.flow.api-to-database")
    row = page.locator('[id="claim.network.flow.api-to-database"]')
    expect(row).to_be_in_viewport()
    expect(row.locator("ol.hops")).to_be_visible()


@pytest.mark.parametrize("width_", [320, 390, 768, 1280])
@pytest.mark.parametrize("name", ["bad", "hostile"])
def test_the_report_is_never_wider_than_its_screen(open_page: Open, name: str, width_: int) -> None:
    page = open_page(name, viewport={"width": width_, "height": 800})
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    overflow = page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert overflow <= 0


def test_without_scripts_everything_is_there_and_links_lead_to_it(open_page: Open) -> None:
    page = open_page("bad", java_script_enabled=False)
    expect(page.locator(".claims tbody tr").last).to_be_visible()
    expect(page.locator(".filter")).to_be_hidden()
    flow(page, "api to database").focus()
    page.keyboard.press("Enter")
    expect(page.locator("article:target")).to_contain_text("egress rule api-to-database-27017")


def test_it_is_printed_without_what_only_a_screen_can_do(open_page: Open) -> None:
    page = open_page("bad")
    page.emulate_media(media="print")
    for hidden in ("nav", ".tools", ".filter", "#card"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator(".diagram .picture")).to_be_visible()
    expect(page.locator(".claims tbody tr").last).to_be_visible()


def test_the_page_of_prod_is_small(pages: dict[str, Path]) -> None:
    assert pages["prod"].stat().st_size < 600_000
