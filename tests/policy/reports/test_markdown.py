"""The comment on a pull request: strangers' text is only text in it, and it always fits."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from stackproof.check import Report, Summary
from stackproof.model import Claim, Evidence, Family, Hop, Location, NotModelled, Verdict
from stackproof.reports import markdown
from stackproof.reports.markdown import code, prose
from stackproof.reports.repository import Repository
from stackproof.reports.visible import visible
from tests.policy.reports.test_visible import is_harmless

REPOSITORY = Repository("https://github.com/owner/name", "0123456789")
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
APART = "\u200b"

# What GitHub makes of plain text (GitHub Flavored Markdown Spec, "Autolinks (extension)"; GitHub
# Docs, "Autolinked references and URLs", "Basic writing and formatting syntax").
ALIVE = re.compile(r"@\w|#\d|\bgh-\d|(https?|ftp)://|\bwww\.|:[a-z0-9_+-]+:", re.IGNORECASE)

NASTY = [
    "@everyone", "a@b.example", "https://evil.example/x", "www.evil.example", "#1 GH-2 o/n#3",
    ":white_check_mark:", "$x$ and $`y`$", "<script>alert(1)</script>", "<!-- -->", "</details>",
    "[click](https://evil.example)", "![](https://evil.example/x.png)", "`code`", "``", "| a | b |",
    "**bold** _it_ ~~gone~~", "- item", "1. item", "# heading", "> quote", "+", "=", "---", "\\",
    "&lt;b&gt;", "&#64;x", "a\x1b[2Jb\u202ec\r\nd", "[^1]", "- [ ] task", "    indented",
    "@\u200buser",
    "1) one", "```\nfence", "\u3000", "", " ", "`", "a`", "x" * 900, "|", "\\|", "a|b`c|d`",
]  # fmt: skip
TEXT = st.one_of(st.sampled_from(NASTY), st.text(), st.text("@#:/w.`|\\<>&[]()*_~$ -+=1g\n"))


def tokens(text: str) -> Iterator[Token]:
    for token in PARSER.parse(text):
        yield token
        yield from token.children or ()


def cut(text: str) -> str:
    return text if len(text) <= 600 else f"{text[:599]}…"


def shown(text: str) -> str:
    """What a reader must see of `text`."""
    return visible(cut(text)).strip() or "(empty)"


def words(found: list[Token]) -> str:
    """What a reader sees of the tokens."""
    return "".join(t.content for t in found if t.type in {"text", "code_inline"}).replace(APART, "")


@given(TEXT)
@example("1" * 12 + ".")
@pytest.mark.parametrize("frame", ["- **found** {}", "- {}", "{}", "| a |\n|---|\n| {} |"])
def test_prose_is_read_as_it_was_written_and_is_nothing_else(frame: str, text: str) -> None:
    found = list(tokens(frame.format(prose(text))))
    inline = [t for t in found if t.type in {"text", "code_inline", "html_inline"}]
    before = {"- **found** {}": "found ", "| a |\n|---|\n| {} |": "a"}.get(frame, "")
    assert words(inline) == before + shown(text)
    assert {t.content for t in inline if t.type == "html_inline"} <= {"<span>", "</span>"}
    blocks = {t.type for t in found if t.nesting >= 0 and t.type != "inline"}
    assert blocks <= {
        "bullet_list_open", "list_item_open", "paragraph_open", "strong_open", "text",
        "html_inline", "table_open", "thead_open", "tbody_open", "tr_open", "th_open", "td_open",
    }  # fmt: skip
    assert not ALIVE.search("\n".join(t.content for t in inline))
    assert "$" not in prose(text).replace("<span>$</span>", "")


@given(TEXT)
def test_code_is_one_span_of_what_was_written(text: str) -> None:
    (span,) = [
        t for t in tokens(f"- {code(text)} x") if t.type in {"code_inline", "html_inline"}
    ] or [Token("code_inline", "code", 0, content="(empty)")]
    expected = visible(cut(text))
    assert span.type == "code_inline"
    assert span.content.replace(APART, "") == (expected if expected.strip() else "(empty)")
    assert not re.search(r"@\w", span.content)


# ── the whole comment ───────────────────────────────────────────────────────────────────────────


def claim(text: str, verdict: Verdict, path: str = "stack/a.py") -> Claim:
    place = Location(path, 3)
    evidence = Evidence("witness", text, {text: [text]}, (Hop(text, location=place),))
    return Claim(
        text, Family.NETWORK, text, verdict, evidence, (text,), (place,), text, waiver=text
    )


def report(*claims: Claim, text: str = "shop") -> Report:
    count = [c.verdict for c in claims].count
    return Report(
        project=text, stack=text, source=text,
        summary=Summary(**{verdict.value: count(verdict) for verdict in Verdict}),
        claims=claims, assumptions=(text,),
        not_modelled=(NotModelled(text, text, Family.NETWORK, text),),
    )  # fmt: skip


def assert_only_ours(text: str) -> None:
    """No markup in the comment but what this project writes."""
    assert is_harmless(text.replace(APART, ""))
    for token in tokens(text):
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith(
                "https://github.com/owner/name/blob/0123456789/"
            )
        elif token.type == "html_inline":
            assert token.content in {"<span>", "</span>", "<br>"}
        elif token.type == "html_block":
            block = re.sub(r"<summary>[A-Z][a-z ]+: \d+</summary>", "", token.content)
            block = re.sub(r"<!-- stackproof (?:report|difference) [\w./-]*? -->", "", block)
            assert not set(block.split()) - {"<details>", "</details>"}
        elif token.type == "text":
            assert not ALIVE.search(token.content)
        assert token.type not in {"image", "blockquote_open", "hr", "code_block"}
        if token.type not in {"inline", "fence"}:
            assert not re.search(r"@\w", token.content)


@settings(max_examples=60, deadline=None)
@given(TEXT, st.sampled_from(Verdict), st.one_of(TEXT, st.just("stack/a b(1).py")))
def test_no_text_of_a_program_is_markup_in_the_comment(
    text: str, verdict: Verdict, path: str
) -> None:
    one = claim(text, verdict, path)
    found = report(one, text=text)
    assert_only_ours(markdown.render(found, repository=REPOSITORY, excerpt=lambda _: text))


def test_the_comments_of_real_programs_hold_nothing_else(bad: Report, prod: Report) -> None:
    for found in (bad, prod):
        assert_only_ours(markdown.render(found, repository=REPOSITORY))


@pytest.mark.parametrize("path", ["//evil.example/x", "/x", "../x", "javascript:alert(1)", "a\\b"])
def test_a_path_never_links_to_another_place(path: str) -> None:
    text = markdown.render(report(claim("a.b", Verdict.VIOLATED, path)))
    for href in (str(t.attrs["href"]) for t in tokens(text) if t.type == "link_open"):
        assert href.startswith("./")
        assert ".." not in href


def test_links_are_relative_until_repository_and_commit_are_known() -> None:
    one = report(claim("a.b", Verdict.VIOLATED))
    assert "(./stack/a.py#L3)" in markdown.render(one)
    gitlab = Repository("https://gitlab.com/o/n", "abc", "-/blob", "infra")
    text = markdown.render(one, repository=gitlab)
    assert "(https://gitlab.com/o/n/-/blob/abc/infra/stack/a.py#L3)" in text


def test_the_comment_begins_with_a_mark_of_its_own_stack() -> None:
    first = markdown.render(report()).splitlines()[0]
    assert first == "<!-- stackproof report shop/shop -->"
    strange = markdown.render(report(text="a --> <b>\n")).splitlines()[0]
    assert strange == "<!-- stackproof report a___b_n/a___b_n -->"


def test_unproven_claims_of_one_reason_are_one_entry(bad: Report) -> None:
    text = markdown.render(bad)
    unproven = text.partition("### Unproven")[2].partition("<details>")[0]
    assert unproven.count("#### ?") < bad.summary.unproven / 4
    for one in bad.claims:
        if one.verdict is Verdict.UNPROVEN:
            assert f"`{one.id}`" in unproven


# ── it always fits ──────────────────────────────────────────────────────────────────────────────


def many(violated: int, unproven: int, waived: int, proven: int, text: str) -> Report:
    counts = zip(
        (Verdict.VIOLATED, Verdict.UNPROVEN, Verdict.WAIVED, Verdict.PROVEN),
        (violated, unproven, waived, proven),
        strict=True,
    )
    claims = [
        msgspec.structs.replace(claim(f"{text}{n}", verdict), id=f"network.flow.{verdict}-{n}")
        for verdict, count in counts
        for n in range(count)
    ]
    return report(*claims, text=text)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 120), st.integers(0, 120), st.integers(0, 60), st.integers(0, 160),
    st.one_of(TEXT, st.just("😀\U000e0041`" * 200)), st.integers(16_000, markdown.LIMIT),
)  # fmt: skip
def test_it_fits_whatever_was_found(  # noqa: PLR0913, PLR0917
    violated: int, unproven: int, waived: int, proven: int, text: str, limit: int
) -> None:
    found = many(violated, unproven, waived, proven, text)
    comment = markdown.render(found, repository=REPOSITORY, limit=limit)
    assert len(comment.encode()) <= limit
    assert_only_ours(comment)
    assert comment.count("<details>") == comment.count("</details>")


def test_the_least_important_is_left_out_first_and_the_comment_says_so() -> None:
    found = many(20, 20, 5, 400, "what was found")
    whole = markdown.render(found, limit=10**7)
    assert "Left out" not in whole

    comment = markdown.render(found, limit=len(whole.encode()) - 10_000)
    kept = comment.count("`network.flow.proven-")
    assert 0 < kept < 400
    assert f"limit: {400 - kept} of the proven claims. `stackproof check` shows all._" in comment
    assert comment.count("#### ✗") == 20

    small = markdown.render(found, limit=6_000)
    assert "`network.flow.proven-" not in small
    assert "400 of the proven claims" in small
    assert "the details of " in small
    for number in range(20):
        assert f"`network.flow.violated-{number}`" in small


def test_a_report_of_thousands_fits_too() -> None:
    comment = markdown.render(many(5000, 5000, 100, 20_000, "x"))
    assert len(comment.encode()) <= markdown.LIMIT
