"""What CloudFront is told of the site and the API, as data: paths, files, headers.

Pure functions and tables, so that each can be held against the site and the API that it speaks of.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

API_PATHS: Final = (
    "/facets",
    "/healthz",
    "/images",
    "/images/*",
    "/login",
    "/movies",
    "/movies/*",
    "/readyz",
    "/schema",
    "/schema/*",
    "/users",
    "/users/*",
)
"""What the API answers, and CloudFront never keeps. All else is the site's. `/metrics` is neither:
it is for the inside."""

POSTERS: Final = "/posters/*"
"""The API's too. They are public and never change, so CloudFront keeps them as long as they say."""

CONFIGURATION: Final = "/config.json"
"""The one file of the site that is not named by its content: it holds the address of the whole."""

# The managed policies' ids are the same in every account (CloudFront Developer Guide, "Use managed
# cache policies", "Use managed origin request policies").
CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER: Final = "216adef6-5c7f-47e4-b989-5492eafa07d3"

_FUNCTION_LIMIT: Final = 10_240
"""Bytes of a function's code (CloudFront Developer Guide, "Quotas", "CloudFront Functions")."""


def key_of(folder: Path, file: str) -> str:
    """The key of a file of the site: a hash of its content, and its own name behind.

    Another content is another key. So a cache may keep an object for ever, what did not change
    stays where it is, and the whole site changes at the moment when the function does.
    """
    return f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()[:16]}/{file}"


def function_code(source: str, keys: Mapping[str, str]) -> str:
    """The edge function with the key of each file in it. Raises ValueError when it is too long."""
    table = {f"/{file}": f"/{key}" for file, key in sorted(keys.items())}
    table["/"] = table["/index.html"]
    code = f"const FILES = {json.dumps(table, indent=1)};\n\n{source}"
    if len(code.encode()) > _FUNCTION_LIMIT:
        raise ValueError(f"{len(keys)} files make a function of more than {_FUNCTION_LIMIT} bytes")
    return code


class _Policy(HTMLParser):
    """The policy that a page gives itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: str | None = None

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "meta" and (named.get("http-equiv") or "").lower() == "content-security-policy":
            self.found = named.get("content")


def site_policy(page: str) -> str:
    """The site's own Content Security Policy, as a header that says a little more.

    The page cannot know where its API is, and admits any address; here it is the same origin.
    Who may frame the page can be said in a header only (Content Security Policy Level 3, 3.3).
    """
    parser = _Policy()
    parser.feed(page)
    if parser.found is None:
        raise ValueError("the page has no Content-Security-Policy")
    directives = []
    for directive in parser.found.split(";"):
        words = [word for word in directive.split() if word not in {"http:", "https:"}]
        directives.append(" ".join(words))
    return "; ".join([*directives, "frame-ancestors 'none'", "upgrade-insecure-requests"])
