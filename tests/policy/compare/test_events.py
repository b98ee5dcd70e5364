"""Triggers and cycles that are there now and were not."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from stackproof.compare import Change, Effect, Section, Side, compare
from stackproof.model import Graph, Resource, Unknown
from tests.policy.graphs import ref, resource
from tests.policy.identity.test_languages import matches
from tests.policy.identity.worlds import ROLE_POLICY, allow, document
from tests.policy.recursion.stacks import IMAGES, ROLE, admit, function, notify, seed

TODAY = dt.date(2026, 11, 26)


def triggers(base: Graph, head: Graph) -> list[Change]:
    found = compare(Side("base", base), Side("head", head), today=TODAY)
    return list(found.of(Section.TRIGGERS))


def writes(where: str) -> Resource:
    """The role of the function may write there."""
    policy = document(allow("s3:PutObject", f"{IMAGES}/{where}"))
    return resource(ROLE_POLICY, "writes", role=ref(ROLE, "thumbnailer", "name"), policy=policy)


def test_a_wider_key_filter_starts_more() -> None:
    (change,) = triggers(seed(), seed(notification=notify(prefix="")))
    assert (change.effect, change.word) == (Effect.WIDENED, "starts")
    assert change.subject == "images to thumbnailer"
    assert not str(change.witness["key"]).startswith("orig/")
    (back,) = triggers(seed(notification=notify(prefix="")), seed())
    assert (back.effect, back.word) == (Effect.NARROWED, "starts no longer")


def test_another_way_of_creating_an_object_that_starts_it_is_told() -> None:
    only_put = notify(events=("s3:ObjectCreated:Put",))
    (change,) = triggers(seed(notification=only_put), seed())
    assert change.witness["events"] == [
        "s3:ObjectCreated:CompleteMultipartUpload",
        "s3:ObjectCreated:Copy",
        "s3:ObjectCreated:Post",
    ]


def test_a_second_function_is_told() -> None:
    other = [*function("other"), notify("second", to="other")]
    (change,) = triggers(seed(), seed(*other))
    assert change.subject == "images to other"


def test_a_function_that_may_write_what_starts_it_sets_itself_off() -> None:
    before, after = seed(writes("thumbnails/*"), admit()), seed(writes("*"), admit())
    (change,) = triggers(before, after)
    assert (change.effect, change.word) == (Effect.WIDENED, "sets itself off")
    assert str(change.witness["key"]).startswith("orig/")
    assert change.hops
    (back,) = triggers(after, before)
    assert (back.effect, back.word) == (Effect.NARROWED, "ends")


def test_a_second_cycle_is_told_beside_a_first() -> None:
    first = seed(writes("*"), admit())
    other = [
        *function("other"),
        notify("second", prefix="new/", to="other"),
        resource(
            ROLE_POLICY,
            "other-writes",
            role=ref(ROLE, "other", "name"),
            policy=document(allow("s3:PutObject", f"{IMAGES}/new/*")),
        ),
    ]
    told = triggers(first, seed(writes("*"), admit(), *other))
    assert "other can set itself off for ever" in " ".join(c.what for c in told)


def test_a_key_filter_that_is_not_known_is_undecided_and_named() -> None:
    unknown = seed(notification=notify(filterPrefix=Unknown("from config")))
    told = triggers(seed(), unknown)
    assert {c.effect for c in told} == {Effect.UNDECIDED}
    assert any("images" in why for c in told for why in c.unknown)
    found = compare(Side("base", unknown), Side("head", unknown), today=TODAY)
    assert found.none
    assert found.unknown_alike


PREFIXES = st.sampled_from(["", "a", "a/", "ab", "b/", "a/b"])
KEYS = ("a", "ab", "a/x", "ab/x", "a/b", "b/x", "c", "a/bc")


@settings(max_examples=30, deadline=None)
@given(PREFIXES, PREFIXES)
def test_a_trigger_differs_exactly_where_some_key_does(before: str, after: str) -> None:
    told = triggers(
        seed(notification=notify(prefix=before)), seed(notification=notify(prefix=after))
    )
    for word, mine, theirs in (("starts", after, before), ("starts no longer", before, after)):
        keys = [c.witness["key"] for c in told if c.word == word]
        more = [k for k in KEYS if matches(f"{mine}*", k) and not matches(f"{theirs}*", k)]
        assert bool(keys) == bool(more)
        for key in keys:
            assert matches(f"{mine}*", str(key))
            assert not matches(f"{theirs}*", str(key))
