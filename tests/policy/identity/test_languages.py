"""The algebra of IAM globs, held against brute force over short texts and against z3."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import TypeAlias

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.aws.values import ATOM_CLOSE, ATOM_OPEN
from stackproof.proofs.languages import Language

TEXTS = ["".join(t) for n in range(6) for t in itertools.product("a/b", repeat=n)]
GLOBS = st.text("a/*?", max_size=6)
OPERATORS: list[Callable[..., object]] = [operator.and_, operator.or_, operator.sub]
Expression: TypeAlias = tuple[Language, frozenset[str], z3.ReRef]


def matches(pattern: str, text: str) -> bool:
    """The textbook definition of a glob, in no hurry."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return matches(pattern[1:], text) or (bool(text) and matches(pattern, text[1:]))
    return bool(text) and pattern[0] in {"?", text[0]} and matches(pattern[1:], text[1:])


@st.composite
def expressions(draw: st.DrawFn, depth: int = 3) -> Expression:
    """A random expression: as Language, as the set of short texts in it, as a z3 expression."""
    if depth == 0 or draw(st.booleans()):
        pattern = draw(GLOBS)
        regex = z3.Concat(z3.Re(""), z3.Re(""), *[_z3_piece(c) for c in pattern])
        return (
            Language.glob(pattern),
            frozenset(t for t in TEXTS if matches(pattern, t)),
            regex,
        )
    left, right = draw(expressions(depth - 1)), draw(expressions(depth - 1))
    op = draw(st.sampled_from(OPERATORS))
    z3_op = {operator.and_: z3.Intersect, operator.or_: z3.Union, operator.sub: _z3_minus}[op]
    return op(left[0], right[0]), op(left[1], right[1]), z3_op(left[2], right[2])


ANY = z3.AllChar(z3.ReSort(z3.StringSort()))


def _z3_piece(character: str) -> z3.ReRef:
    return {"*": z3.Star(ANY), "?": ANY}.get(character, z3.Re(character))


def _z3_minus(left: z3.ReRef, right: z3.ReRef) -> z3.ReRef:
    return z3.Intersect(left, z3.Complement(right))


@given(expressions())
def test_membership_is_that_of_the_sets_of_texts(
    expression: Expression,
) -> None:
    language, texts, _ = expression
    assert frozenset(t for t in TEXTS if t in language) == texts


@given(expressions())
def test_a_witness_is_a_shortest_member(expression: Expression) -> None:
    language, texts, _ = expression
    witness = language.witness()
    assert (witness is None) == language.is_empty()
    if witness is None:
        assert not texts
    else:
        assert witness in language
        assert all(len(witness) <= len(text) for text in texts)


@settings(max_examples=40, deadline=None)
@given(expressions(depth=2), expressions(depth=2))
def test_containment_agrees_with_z3(left: Expression, right: Expression) -> None:
    text = z3.String("text")
    solver = z3.Solver()
    solver.set("timeout", 5000)
    solver.add(z3.InRe(text, _z3_minus(left[2], right[2])))
    answer = solver.check()
    if answer != z3.unknown:
        assert left[0].issubset(right[0]) == (answer == z3.unsat)


@given(expressions(), expressions())
def test_what_looks_apart_has_nothing_in_common(left: Expression, right: Expression) -> None:
    if left[0].apart(right[0]):
        assert not left[1] & right[1]
        assert not left[0].overlaps(right[0])


def test_beginnings_tell_languages_apart() -> None:
    images = Language.any_of(["images/orig/*", "images/thumbnails/*"])
    assert images.apart(Language.glob("site/*"))
    assert (images - Language.glob("*.jpg")).apart(Language.literal("site/a"))
    assert not images.apart(Language.glob("*"))


@given(st.lists(st.text("a:*?", max_size=3), min_size=6, max_size=8))
def test_the_parts_of_an_arn_are_compared_one_by_one(parts: list[str]) -> None:
    pattern = ":".join(parts)
    language = Language.arn(pattern)
    first, last = pattern.split(":", 5)[:5], pattern.split(":", 5)[5]
    texts = ("", "a", "aa", ":")
    for given_ in itertools.product(texts[:3], repeat=5):
        for end in (*texts, "a:a"):
            expected = all(map(matches, first, given_)) and matches(last, end)
            assert (":".join((*given_, end)) in language) == expected


@given(GLOBS, GLOBS)
def test_equal_languages_are_equal_however_they_are_written(left: str, right: str) -> None:
    a, b = Language.glob(left), Language.glob(right)
    assert (a - b) | (a & b) == a
    assert ~(a | b) == ~a & ~b


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("arn:aws:s3:::images/orig/*", "arn:aws:s3:::images/*"),
        ("arn:aws:s3:::images/a/b/c", "arn:aws:s3:::*c"),
        ("secret:name-??????", "secret:name-*"),
        ("a", "*a*"),
    ],
)
def test_a_star_spans_slashes_and_colons(narrow: str, wide: str) -> None:
    assert Language.glob(narrow).issubset(Language.glob(wide))
    assert not Language.glob(wide).issubset(Language.glob(narrow))


def test_the_difference_of_two_prefixes_has_a_readable_witness() -> None:
    excess = Language.glob("images/*") - Language.any_of(["images/orig/*", "images/"])
    assert excess.witness() == "images/x"
    assert excess.witness(prefer=["images/orig/a", "images/thumbnails/a"]) == "images/thumbnails/a"


def test_escaped_wildcards_are_characters() -> None:
    assert "a*" in Language.glob("a${*}")
    assert "ab" not in Language.glob("a${*}")
    assert "$?" in Language.glob("${$}${?}")


def test_a_literal_has_no_wildcards() -> None:
    assert Language.literal("a*").issubset(Language.glob("a*"))
    assert "ab" not in Language.literal("a*")


def test_an_atom_equals_itself_only() -> None:
    one, other = (f"key/{ATOM_OPEN}{name}#id{ATOM_CLOSE}" for name in ("one", "other"))
    assert one in Language.glob(one)
    assert other not in Language.glob(one)
    assert Language.glob(one).issubset(Language.glob("key/*"))
    assert not Language.glob("key/*").issubset(Language.glob(one))
    assert (Language.glob(one) & Language.glob(other)).is_empty()
    assert not Language.glob(one).overlaps(Language.glob("key/#id"))


def test_many_patterns_with_common_prefixes_stay_small() -> None:
    many = Language.any_of(f"arn:aws:s3:::bucket-{n}/*/log" for n in range(200))
    assert many.issubset(Language.glob("arn:aws:s3:::bucket-*/log"))
    assert not Language.glob("arn:aws:s3:::bucket-*/log").issubset(many)
