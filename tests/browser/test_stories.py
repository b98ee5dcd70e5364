"""What people do with the product, each from the first click to what they see of it."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from cinema_local.running import Running
from tests.browser.conftest import PASSWORD, Visitor
from tests.local.client import picture

# The whole is brought up once, so one worker has all of these.
pytestmark = pytest.mark.xdist_group("browser")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")


def heading(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("heading", name=name, level=1)


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    page.locator("input[type=file]").set_input_files(
        [FilePayload(name=name, mimeType="", buffer=data) for name, data in files]
    )


def upload_of(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Uploads").get_by_role("listitem").filter(has_text=name)


def tile(page: Page, name: str) -> Locator:
    return page.locator(f"[data-name='{name}']")


# ── the door ────────────────────────────────────────────────────────────────────────────────────


def test_a_stranger_registers_and_is_in(visitor: Visitor) -> None:
    visitor.open()
    expect(heading(visitor.page, "Log in")).to_be_visible()
    visitor.page.get_by_role("link", name="Create an account").click()
    visitor.register()
    expect(visitor.page.get_by_role("link", name=visitor.username)).to_be_visible()
    assert visitor.said == []


def test_a_form_says_beside_the_field_what_is_wrong(visitor: Visitor) -> None:
    visitor.open("#/register")
    visitor.page.get_by_label("User name").fill("a b")
    visitor.page.get_by_role("button", name="Create account").click()
    name = visitor.page.get_by_label("User name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(visitor.page.locator("#field-Password-error")).to_contain_text("Enter your password.")


def test_a_name_that_is_taken_is_said_to_be(member: Visitor, visit: Callable[..., Visitor]) -> None:
    other = visit()
    other.username = member.username
    other.open("#/register")
    other.page.get_by_label("User name").fill(other.username)
    other.page.get_by_label("Password", exact=True).fill(PASSWORD)
    other.page.get_by_label("Email address").fill("other@example.com")
    other.page.get_by_role("button", name="Create account").click()
    expect(other.page.get_by_role("main")).to_contain_text(re.compile("already exists|taken"))


def test_who_comes_back_logs_in_and_out(member: Visitor) -> None:
    member.page.get_by_role("button", name="Log out").click()
    expect(heading(member.page, "Log in")).to_be_visible()
    expect(member.page.get_by_role("status").filter(has_text="logged out")).to_be_visible()
    member.fill_login("not the password")
    expect(member.page.get_by_role("alert")).to_contain_text(
        re.compile("not right|incorrect|wrong", re.IGNORECASE)
    )
    member.fill_login()
    expect(heading(member.page, "Movies")).to_be_visible()


def test_a_session_that_ended_leads_back_to_where_one_was(member: Visitor) -> None:
    member.open("#/movies?genre=Comedy")
    expect(member.page.get_by_label("Genre")).to_have_value("Comedy")
    claims = base64.urlsafe_b64encode(json.dumps({"exp": int(time.time()) - 1}).encode()).decode()
    session = {"token": f"e30.{claims.rstrip('=')}.x", "username": member.username}
    member.page.evaluate(
        "session => localStorage.setItem('cinema.session', session)", json.dumps(session)
    )
    member.page.reload()
    expect(member.page.get_by_text("Your session has ended")).to_be_visible()
    member.fill_login()
    expect(heading(member.page, "Movies")).to_be_visible()
    expect(member.page.get_by_label("Genre")).to_have_value("Comedy")


def test_a_token_that_the_api_does_not_take_ends_the_session(member: Visitor) -> None:
    session = {"token": "e30.e30.forged", "username": member.username}
    member.page.evaluate(
        "session => localStorage.setItem('cinema.session', session)", json.dumps(session)
    )
    member.page.reload()
    expect(member.page.get_by_text("Your session has ended")).to_be_visible()


# ── films ───────────────────────────────────────────────────────────────────────────────────────


def test_films_are_searched_filtered_and_turned_by_the_address(member: Visitor) -> None:
    page = member.page
    cards = page.locator(".posters .card")
    expect(cards.first).to_be_visible()
    first = cards.first.get_by_role("link").inner_text()
    page.get_by_role("link", name="Next").click()
    expect(page).to_have_url(re.compile(r"page=2"))
    expect(cards.first.get_by_role("link")).not_to_have_text(first)
    page.go_back()
    expect(cards.first.get_by_role("link")).to_have_text(first)

    page.get_by_label("Search titles").fill("nosfer")
    expect(page).to_have_url(re.compile(r"search=nosfer"))
    expect(cards).to_have_count(1)
    expect(cards.first).to_contain_text("Nosferatu")
    page.reload()
    expect(page.get_by_label("Search titles")).to_have_value("nosfer")
    expect(cards).to_have_count(1)

    page.get_by_role("link", name="Clear filters").click()
    page.get_by_label("Genre").select_option("Comedy")
    expect(page).to_have_url(re.compile(r"genre=Comedy"))
    expect(cards.first).to_contain_text("Comedy")
    page.get_by_label("Search titles").fill("there is no such film")
    expect(page.get_by_role("heading", name="No film is like that")).to_be_visible()
    assert member.said == []


def test_a_film_shows_its_director_and_its_genre_and_becomes_a_favourite(member: Visitor) -> None:
    page = member.page
    member.open("#/movies?search=The General")
    page.locator(".card").get_by_role("link", name="The General").click()
    expect(heading(page, "The General")).to_be_visible()
    expect(page.locator(".info").filter(has_text="The director")).to_contain_text("Buster Keaton")
    expect(page.locator(".info").filter(has_text="The genre")).to_contain_text("Comedy")
    expect(page.get_by_role("img", name="Poster of The General")).to_be_visible()
    page.get_by_role("button", name="Add to favourites").click()
    expect(page.get_by_role("button", name="In your favourites")).to_be_visible()

    page.get_by_role("link", name="Favourites", exact=True).click()
    expect(heading(page, "Favourites")).to_be_visible()
    expect(page.locator(".card")).to_have_count(1)
    page.reload()
    card = page.locator(".card:not([aria-hidden])")
    expect(card).to_contain_text("The General")
    page.get_by_role("button", name="Favourite: The General").click()
    expect(page.locator(".card")).to_have_count(0)
    assert member.said == []


def test_a_film_that_is_not_there_is_said_to_be_missing(member: Visitor) -> None:
    member.open("#/movies/No such film")
    expect(member.page.get_by_role("main")).to_contain_text(
        re.compile("nothing|not ", re.IGNORECASE)
    )
    member.open("#/nowhere")
    expect(heading(member.page, re.compile("."))).to_be_visible()


# ── the profile ─────────────────────────────────────────────────────────────────────────────────


def test_a_profile_is_edited_and_stays_so(member: Visitor) -> None:
    page = member.page
    member.open("#/profile")
    page.get_by_label("Email address").fill("new@example.com")
    page.get_by_label(re.compile("Birthday")).fill("1980-02-29")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your details are saved.")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Email address")).to_have_value("new@example.com")
    expect(page.get_by_label(re.compile("Birthday"))).to_have_value("1980-02-29")


def test_an_account_is_deleted_by_its_name_and_by_no_slip(member: Visitor) -> None:
    page = member.page
    member.open("#/profile")
    page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label(re.compile("to confirm")).fill(member.username)
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Your account is deleted.")).to_be_visible()
    member.fill_login()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(heading(page, "Log in")).to_be_visible()


# ── pictures ────────────────────────────────────────────────────────────────────────────────────


def test_a_picture_of_each_format_is_uploaded_and_gets_its_thumbnail(member: Visitor) -> None:
    page = member.page
    names = [f"{member.username}-{number}.{kind.lower()}" for number, kind in enumerate(FORMATS)]
    stored = [name.replace(".jpeg", ".jpeg") for name in names]
    page.get_by_role("link", name="Images", exact=True).click()
    choose(page, *((name, picture(kind)) for name, kind in zip(names, FORMATS, strict=True)))
    for name in names:
        expect(upload_of(page, name)).to_contain_text("Uploaded")
    for name in stored:
        # First the file itself with a note over it, then the thumbnail from the API.
        expect(tile(page, name).locator("img")).to_have_attribute(
            "src", re.compile(r"/images/thumbnails%2F")
        )
        expect(tile(page, name).get_by_text("Being made")).to_have_count(0)
        shown = tile(page, name).locator("img")
        expect(shown).to_have_js_property("naturalWidth", 320)
    assert member.said == []


def test_an_original_is_opened_turned_and_closed_by_keys(member: Visitor) -> None:
    page = member.page
    names = [f"{member.username}-{which}.png" for which in ("one", "two")]
    member.open("#/images")
    choose(page, *((name, picture("PNG")) for name in names))
    for name in names:
        expect(tile(page, name)).to_be_visible()
    first = page.locator("[data-name]").first
    shown = str(first.get_attribute("data-name"))
    first.get_by_role("link").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(shown)
    expect(dialog.get_by_role("img", name=shown)).to_have_js_property("naturalWidth", 640)
    expect(page).to_have_url(re.compile("open="))
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("strong")).not_to_have_text(shown)
    page.keyboard.press("ArrowLeft")
    expect(dialog.locator("strong")).to_have_text(shown)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page).not_to_have_url(re.compile("open="))
    assert member.said == []


def test_what_is_no_picture_is_refused_before_and_after_it_is_sent(member: Visitor) -> None:
    page = member.page
    member.open("#/images")
    damaged = picture("PNG")[:-40]
    choose(page, ("notes.txt", b"hello"), ("huge.png", b"\x89PNG\r\n\x1a\n" + bytes(11 * 2**20)))
    expect(upload_of(page, "notes.txt")).to_contain_text("no JPEG")
    expect(upload_of(page, "huge.png")).to_contain_text("10 MB is the most")
    choose(page, ("damaged.png", damaged))
    expect(upload_of(page, "damaged.png")).to_contain_text("damaged")
    expect(tile(page, "damaged.png")).to_have_count(0)


def test_a_picture_is_dropped_onto_the_page(member: Visitor) -> None:
    page = member.page
    member.open("#/images")
    name = f"{member.username}-dropped.png"
    transfer = page.evaluate_handle(
        """([name, text]) => {
            const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: "image/png" }));
            return transfer;
        }""",
        [name, base64.b64encode(picture("PNG")).decode()],
    )
    page.locator(".drop").dispatch_event("drop", {"dataTransfer": transfer})
    expect(upload_of(page, name)).to_contain_text("Uploaded")


def test_a_name_that_is_taken_gets_a_number(member: Visitor) -> None:
    page = member.page
    member.open("#/images")
    name = f"{member.username}.png"
    choose(page, (name, picture("PNG", "red")))
    expect(tile(page, name)).to_be_visible()
    choose(page, (name, picture("PNG", "blue")))
    expect(tile(page, f"{member.username}-2.png")).to_be_visible()


# ── when things fail ────────────────────────────────────────────────────────────────────────────


def test_an_api_that_is_down_is_said_to_be_and_found_again(member: Visitor) -> None:
    page = member.page
    expect(page.locator(".card").first).to_be_visible()
    page.route(f"{member.api}/**", lambda route: route.abort("connectionrefused"))
    page.reload()
    expect(heading(page, "No connection")).to_be_visible()
    page.unroute(f"{member.api}/**")
    page.get_by_role("button", name=re.compile("again", re.IGNORECASE)).click()
    expect(heading(page, "Movies")).to_be_visible()


def test_a_database_that_is_away_is_said_in_words_and_tried_again(
    member: Visitor, whole: Running
) -> None:
    page = member.page
    expect(page.locator(".card").first).to_be_visible()
    whole.stop("database")
    try:
        page.reload()
        again = page.get_by_role("button", name=re.compile("again", re.IGNORECASE))
        expect(again.first).to_be_visible()
    finally:
        whole.start("database")
    again.first.click()
    expect(page.locator(".card").first).to_be_visible()
