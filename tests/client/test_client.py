"""The site's own logic under node, and that its files are whole."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SITE = HERE.parents[1] / "client_dist"
MODULES = sorted(SITE.rglob("*.js"))


class _Page(HTMLParser):
    """The elements of the page, with their attributes and the text inside of each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if self.elements:
            tag = self.elements[-1][0]
            self.texts[tag] = self.texts.get(tag, "") + data.strip()

    def all(self, tag: str, **wanted: str) -> Iterator[dict[str, str]]:
        for name, attributes in self.elements:
            if name == tag and wanted.items() <= attributes.items():
                yield attributes


@pytest.fixture(scope="module")
def page() -> _Page:
    return _Page((SITE / "index.html").read_text())


def imports(module: Path, *, dynamic: bool = False) -> set[Path]:
    pattern = r'import\("(\.[^"]+)"\)' if dynamic else r'from "(\.[^"]+)"'
    found = re.findall(pattern, module.read_text())
    return {(module.parent / name).resolve() for name in found}


def closure(module: Path) -> set[Path]:
    found: set[Path] = set()
    waiting = [module.resolve()]
    while waiting:
        for other in imports(waiting.pop()) - found:
            found.add(other)
            waiting.append(other)
    return found


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda path: path.name)
def test_under_node(file: Path) -> None:
    run = subprocess.run(
        ["node", "--test", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_everything_that_the_page_and_its_modules_name_is_there(page: _Page) -> None:
    named = {SITE / attributes["href"] for attributes in page.all("link")}
    named |= {SITE / attributes["src"] for attributes in page.all("script")}
    for module in MODULES:
        named |= imports(module) | imports(module, dynamic=True)
    main = (SITE / "main.js").read_text()
    named |= {SITE / name for name in re.findall(r'styles: "([^"]+)"', main)}
    assert {SITE / "main.js", SITE / "css" / "base.css", SITE / "css" / "door.css"} <= named
    assert not {str(path) for path in named if not path.is_file()}


def test_no_module_is_there_for_nothing() -> None:
    main = SITE / "main.js"
    used = {main.resolve()} | closure(main)
    for view in imports(main, dynamic=True):
        used |= {view} | closure(view)
    assert {module.resolve() for module in MODULES} == used


def test_what_the_first_view_needs_is_asked_for_at_once(page: _Page) -> None:
    preloaded = {SITE / attributes["href"] for attributes in page.all("link", rel="modulepreload")}
    assert preloaded == closure(SITE / "main.js")


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SITE)))
def test_no_module_makes_markup_or_code_of_a_string(module: Path) -> None:
    forbidden = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment"
        r"|setHTMLUnsafe|\beval\(|new Function|\.style\b|cssText"
    )
    assert not re.search(forbidden, module.read_text())


def test_the_page_has_a_policy_that_admits_its_own_files_alone(page: _Page) -> None:
    (policy,) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    directives = dict(directive.strip().split(" ", 1) for directive in policy["content"].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert directives["style-src"] == "'self'"
    assert directives["trusted-types"] == "'none'"
    assert "unsafe" not in policy["content"]


def test_the_policy_comes_before_anything_that_it_is_about(page: _Page) -> None:
    order = [
        "policy" if "http-equiv" in attributes else tag
        for tag, attributes in page.elements
        if tag in {"link", "script"} or "http-equiv" in attributes
    ]
    assert order[0] == "policy"
    assert {"link", "script"} <= set(order)


def test_the_page_has_neither_code_nor_style_inside(page: _Page) -> None:
    assert not page.texts.get("script")
    assert not list(page.all("style"))
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag


def test_the_page_loads_its_files_from_beside_it_whatever_the_path(page: _Page) -> None:
    loaded = [attributes["href"] for attributes in page.all("link")]
    loaded += [attributes["src"] for attributes in page.all("script")]
    assert not [name for name in loaded if re.match(r"/|[a-z]+:", name)]


def test_the_files_do_not_bring_the_configuration_that_is_generated() -> None:
    assert not (SITE / "config.json").exists()
