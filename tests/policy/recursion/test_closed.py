"""A key that starts something undeclared is found exactly when there is one."""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackproof.contract import Events, Trigger
from stackproof.model import Verdict
from tests.policy.graphs import graph, ref, resource, urn
from tests.policy.recursion.stacks import (
    BUCKET,
    FUNCTION,
    GROUPS,
    IMAGE_BUCKET,
    QUEUE,
    THUMBNAILER,
    admit,
    decide,
    notify,
    seed,
)

KEYS = ["".join(k) for n in range(1, 7) for k in product("ab", repeat=n)]
"""Every key that filters and globs of at most two letters can tell apart."""

ENDS = st.sampled_from(["", "a", "b", "ab", "ba"])
GLOBS = st.sampled_from(["*", "a*", "*b", "ab*", "*ba", "a*b", "?", "??*", "b"])
FILTERS = st.lists(st.tuples(ENDS, ENDS), min_size=1, max_size=2)


def starts(key: str, filters: list[tuple[str, str]]) -> bool:
    return any(key.startswith(prefix) and key.endswith(suffix) for prefix, suffix in filters)


def declared(key: str, globs: list[str]) -> bool:
    return any(fnmatchcase(key, glob) for glob in globs)


def events(globs: list[str]) -> Events:
    return Events(triggers=tuple(Trigger(f"images/{glob}", "thumbnailer") for glob in globs))


@given(filters=FILTERS, globs=st.lists(GLOBS, max_size=2, unique=True))
def test_no_more_starts_the_function_than_is_declared(
    filters: list[tuple[str, str]], globs: list[str]
) -> None:
    of = graph(
        IMAGE_BUCKET,
        *THUMBNAILER,
        *(notify(f"n{i}", p, filterSuffix=s) for i, (p, s) in enumerate(filters)),
    )
    excess = [key for key in KEYS if starts(key, filters) and not declared(key, globs)]
    decision = decide(of, "events.closed", events=events(globs))

    assert decision.verdict is (Verdict.VIOLATED if excess else Verdict.PROVEN)
    if excess:
        key = str(decision.evidence.witness["key"])
        assert starts(key, filters)
        assert not declared(key, globs)


@given(filters=FILTERS.filter(lambda f: len(f) == 1), glob=GLOBS)
def test_no_less_starts_the_function_than_is_declared(
    filters: list[tuple[str, str]], glob: str
) -> None:
    ((prefix, suffix),) = filters
    of = seed(admit(), notification=notify(prefix=prefix, filterSuffix=suffix))
    missing = [key for key in KEYS if declared(key, [glob]) and not starts(key, filters)]
    (declaration,) = events([glob]).triggers
    claim = f"events.trigger.{slug(declaration.source)}-to-thumbnailer"
    decision = decide(of, claim, events=events([glob]))

    assert decision.verdict is (Verdict.VIOLATED if missing else Verdict.PROVEN)
    if missing:
        key = str(decision.evidence.witness["key"])
        assert declared(key, [glob])
        assert not starts(key, filters)


def slug(source: str) -> str:
    """`images/a*b` as it stands in the id of a claim."""
    words = "".join(c if c.isalnum() else " " for c in source).split()
    return "-".join(words)


@pytest.mark.parametrize(
    ("prefix", "verdict"), [("orig/logs/", Verdict.UNPROVEN), ("logs/", Verdict.PROVEN)]
)
def test_logs_that_land_where_a_trigger_listens(prefix: str, verdict: Verdict) -> None:
    balancer = resource(
        "aws:lb/loadBalancer:LoadBalancer",
        "api",
        accessLogs={"bucket": ref(BUCKET, "images"), "prefix": prefix, "enabled": True},
    )

    assert decide(seed(admit(), balancer), "events.cycles").verdict is verdict


def test_a_version_of_a_function_is_the_function() -> None:
    of = seed(
        admit(),
        notification=notify(
            lambdaFunctionArn="arn:aws:lambda:us-east-1:123456789012:function:thumbnailer:7"
        ),
    )

    assert decide(of, "events.closed", groups=GROUPS).verdict is Verdict.PROVEN
    unqualified = decide(of, "events.closed", events=Events())
    assert urn(FUNCTION, "thumbnailer") in unqualified.resources


@pytest.mark.parametrize(
    ("prefix", "events", "refused"),
    [
        ("orig/", ["s3:ObjectCreated:*"], True),
        ("orig/a", ["s3:ObjectCreated:Put"], True),
        ("", ["s3:ObjectRemoved:*", "s3:ObjectCreated:Copy"], True),
        ("orig/", ["s3:ObjectRemoved:*"], False),
        ("thumbnails/", ["s3:ObjectCreated:*"], False),
    ],
)
def test_configurations_of_one_bucket_that_overlap_are_refused_by_s3(
    prefix: str,
    events: list[str],
    refused: bool,  # noqa: FBT001 - what varies
) -> None:
    queue = resource(QUEUE, "log", name="log")
    both = notify()
    both.inputs["queues"] = [
        {"queueArn": ref(QUEUE, "log", "arn"), "events": list(events), "filterPrefix": prefix}
    ]
    decision = decide(seed(admit(), queue, notification=both), "events.notification.images")
    assert decision.verdict is (Verdict.VIOLATED if refused else Verdict.PROVEN)
    if refused:
        assert str(decision.evidence.witness["key"]).startswith("orig/")
