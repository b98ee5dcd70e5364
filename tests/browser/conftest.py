"""The whole product and a real browser before it."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from cinema_local.running import Running
from tests.local.conftest import UNLIMITED, Start, graph, start

__all__ = ["graph", "start"]

REQUIRED = "CINEMA_BROWSER"
"""Set to `required`, the absence of a browser fails instead of skipping."""
_BROWSERS = ("chromium", "google-chrome", "chromium-browser")
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # Chromium refuses its sandbox to root, as which containers run.
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
)
PASSWORD = "a sentence, not a word"  # noqa: S105 - of somebody made up
PATIENCE_MS = 15_000

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


class NoBrowserError(Exception):
    """None of the browsers that the tests can drive is installed."""


@contextmanager
def launched(playwright: Playwright) -> Iterator[Browser]:
    """The browser of this machine; raises NoBrowserError."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        raise NoBrowserError(f"none of {', '.join(_BROWSERS)} is installed")
    browser = playwright.chromium.launch(executable_path=found, args=list(_ARGUMENTS))
    yield browser
    browser.close()


# Not for the session: as long as Playwright runs, this thread has a running event loop, and a test
# of something else that comes after these on the same worker could not run one of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of this machine."""
    with ExitStack() as open_:
        try:
            browser = open_.enter_context(launched(open_.enter_context(sync_playwright())))
        except NoBrowserError as reason:
            if os.environ.get(REQUIRED) == "required":
                pytest.fail(f"{REQUIRED}=required: {reason}")
            pytest.skip(str(reason))
        yield browser


@pytest.fixture(scope="session")
def whole(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All of the product."""
    with start(tmp_path_factory.mktemp("whole"), environment=UNLIMITED) as everything:
        yield everything


@dataclass
class Visitor:
    """Somebody before the site, with a name and a tab."""

    page: Page
    site: str
    api: str
    username: str
    said: list[str]
    """What the browser wrote to its console: nothing, as long as all is well."""

    def open(self, place: str = "") -> None:
        """Go to a place of the site, as by typing its address."""
        self.page.goto(f"{self.site}{place}")

    def register(self) -> None:
        """Create an account, which logs in."""
        self.open("#/register")
        # The form before it may have fields of the same names.
        expect(self.page.get_by_role("heading", name="Create an account")).to_be_visible()
        self.page.get_by_label("User name").fill(self.username)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.get_by_label("Email address").fill(f"{self.username}@example.com")
        self.page.get_by_role("button", name="Create account").click()
        expect(self.page.get_by_role("heading", name="Movies", level=1)).to_be_visible()

    def fill_login(self, password: str = PASSWORD) -> None:
        """Fill and send the form that is shown."""
        self.page.get_by_label("User name").fill(self.username)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("button", name="Log in").click()


@pytest.fixture
def visit(browser: Browser, whole: Running) -> Iterator[Callable[..., Visitor]]:
    """Opens a tab for somebody new; options are those of a browser's context."""
    contexts = []

    def visitor(**options: object) -> Visitor:
        context = browser.new_context(**options)  # type: ignore[arg-type] # as playwright names them
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"uncaught: {error}"))
        return Visitor(page, whole.site, whole.api, f"user{uuid.uuid4().hex[:12]}", said)

    yield visitor
    for context in contexts:
        context.close()


@pytest.fixture
def visitor(visit: Callable[..., Visitor]) -> Visitor:
    """Somebody new."""
    return visit()


@pytest.fixture
def member(visitor: Visitor) -> Visitor:
    """Somebody who has just registered, before the movies."""
    visitor.register()
    return visitor
