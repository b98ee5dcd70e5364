"""The guard: whatever key an event brings, nothing is written but the thumbnail of an original."""

from __future__ import annotations

from urllib.parse import quote, quote_plus, unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

import guard

# Pieces from which the spellings of a thumbnail's key are made.
_PIECES = st.sampled_from(
    [
        "orig", "thumbnails", "Thumbnails", "ORIG", "/", "//", "\\", ".", "..", "+", " ", "a.jpg",
        "%2F", "%2f", "%252F", "%25252F", "%2E%2E", "%5C", "t%68umbnails", "%74humbnails", "ü", "%",
    ]
)  # fmt: skip
_PLAIN = st.from_regex(r"orig/[a-z]{1,4}[a-z0-9+% é/.-]{0,6}[a-z]", fullmatch=True)
_KEYS = st.one_of(
    _PLAIN,
    st.lists(_PIECES, max_size=8).map("".join),
    st.text(max_size=30),
    st.lists(_PIECES, max_size=8).map(lambda parts: "orig/" + "".join(parts)),
)


def _key(encoded: str) -> str | None:
    try:
        return guard.thumbnail_key(encoded)
    except guard.RefusedError:
        return None


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("orig/poster.jpg", "thumbnails/poster.jpg"),
        ("orig/a+b.jpg", "thumbnails/a b.jpg"),
        ("orig/a%2Bb.jpg", "thumbnails/a+b.jpg"),
        ("orig%2Fposter.jpg", "thumbnails/poster.jpg"),
        ("orig/2026/fa%C3%A7ade.png", "thumbnails/2026/façade.png"),
        ("orig/100%2525.jpg", "thumbnails/100%25.jpg"),
        ("orig/my-thumbnails.jpg", "thumbnails/my-thumbnails.jpg"),
    ],
)
def test_an_original_has_its_thumbnail_under_the_same_name(encoded: str, expected: str) -> None:
    assert guard.thumbnail_key(encoded) == expected


@pytest.mark.parametrize(
    "encoded",
    [
        "thumbnails/poster.jpg",
        "thumbnails%2Fposter.jpg",
        "thumbnails%252Fposter.jpg",
        "%74humbnails/poster.jpg",
        "thumbnails/orig/poster.jpg",
        "orig/thumbnails/poster.jpg",
        "orig/thumbnails%2Fposter.jpg",
        "orig/thumbnails%252Fposter.jpg",
        "orig/thumbnails%25252Fposter.jpg",
        "orig/%2574humbnails/poster.jpg",
        "orig/+thumbnails/poster.jpg",
        "orig/thumbnails+/poster.jpg",
        "orig/Thumbnails/poster.jpg",
        "orig/../thumbnails/poster.jpg",
        "orig/%2E%2E/thumbnails/poster.jpg",
        "orig/%252E%252E%252Fthumbnails/poster.jpg",
        "orig/.%5Cthumbnails/poster.jpg",
        "orig//thumbnails/poster.jpg",
        "/orig/poster.jpg",
        "+orig/poster.jpg",
        "ORIG/poster.jpg",
        "orig",
        "orig/",
        "orig/folder/",
        "",
    ],
)
def test_every_other_spelling_is_refused(encoded: str) -> None:
    assert _key(encoded) is None


@given(_KEYS)
def test_nothing_but_a_thumbnail_of_an_original_is_ever_written(encoded: str) -> None:
    written = _key(encoded)
    if written is None:
        return
    assert written.startswith("thumbnails/")
    assert "orig/" + written.removeprefix("thumbnails/") == unquote_plus(encoded)


@given(_KEYS)
def test_what_was_written_never_leads_to_another_write(encoded: str) -> None:
    written = _key(encoded)
    if written is None:
        return
    # However often, and however, something encodes or decodes it on its way back.
    for spelling in (
        written,
        quote(written),
        quote_plus(written),
        quote(written, safe=""),
        quote(quote_plus(written)),
        unquote_plus(written),
        unquote_plus(unquote_plus(written)),
        "orig/" + written,
        "orig/" + quote_plus(written),
        "orig%2F" + quote_plus(quote_plus(written)),
        "orig/../" + written,
    ):
        assert _key(spelling) is None
