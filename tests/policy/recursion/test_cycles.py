"""What can set itself off is found with a key, and what cannot is proven."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from stackproof.contract import Events, Trigger
from stackproof.model import Resource, Verdict
from stackproof.proofs.languages import Language
from tests.policy.graphs import graph, ref, resource, urn
from tests.policy.recursion.stacks import (
    BUCKET,
    DECLARED,
    FUNCTION,
    IMAGE_BUCKET,
    IMAGES,
    QUEUE,
    ROLE_URN,
    THUMBNAILER,
    Grants,
    admit,
    decide,
    function,
    notify,
    seed,
)

CYCLES = "events.cycles"


def test_a_function_that_may_write_what_starts_it() -> None:
    grants: Grants = {"thumbnailer": [("s3:PutObject", f"{IMAGES}/*")]}
    decision = decide(seed(admit()), CYCLES, grants=grants)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["key"] == "orig/x.jpg"
    assert decision.resources[0] == ROLE_URN
    assert ROLE_URN in {hop.urn for hop in decision.evidence.hops}


def test_a_write_that_is_not_known_to_be_permitted_leaves_the_claim_open() -> None:
    perhaps: Grants = {"thumbnailer": [("s3:PutObject", "*")]}
    decision = decide(seed(admit()), CYCLES, perhaps=perhaps)

    assert decision.verdict is Verdict.UNPROVEN
    assert decision.resources == (ROLE_URN,)


def test_a_function_that_may_change_what_starts_it_leaves_the_claim_open() -> None:
    rewires = {ROLE_URN: "s3:PutBucketNotification"}
    decision = decide(seed(admit()), CYCLES, rewires=rewires.get)

    assert decision.verdict is Verdict.UNPROVEN
    assert "s3:PutBucketNotification" in decision.evidence.summary
    assert decision.resources[0] == ROLE_URN


def test_whoever_nothing_starts_may_change_triggers() -> None:
    operator = function("operator")
    rewires = {operator[0].urn: "s3:PutBucketNotification"}
    decision = decide(seed(admit(), *operator), CYCLES, rewires=rewires.get)

    assert decision.verdict is Verdict.PROVEN


def test_an_emptied_prefix_closes_the_circle() -> None:
    decision = decide(seed(admit(), notification=notify(prefix="")), CYCLES)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["key"] == "thumbnails/x.jpg"


def test_a_write_that_iam_does_not_show_is_declared() -> None:
    events = Events(
        triggers=DECLARED.triggers, writes=(Trigger("thumbnailer", "images/orig/new/*"),)
    )
    decision = decide(seed(admit()), CYCLES, events=events)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["key"] == "orig/new/x.jpg"


def test_deleting_is_not_creating() -> None:
    grants: Grants = {"thumbnailer": [("s3:DeleteObject", f"{IMAGES}/orig/*")]}
    removed = notify(events=("s3:ObjectRemoved:*",))

    assert decide(seed(admit()), CYCLES, grants=grants).verdict is Verdict.PROVEN
    violated = decide(seed(admit(), notification=removed), CYCLES, grants=grants)
    assert violated.verdict is Verdict.VIOLATED


def test_a_function_that_may_invoke_itself() -> None:
    grants: Grants = {"thumbnailer": [("lambda:InvokeFunction", "*")]}

    assert decide(seed(admit()), CYCLES, grants=grants).verdict is Verdict.VIOLATED


def test_events_put_on_the_default_bus_come_back_by_a_rule() -> None:
    rule, target = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
    of = seed(
        admit(),
        resource(rule, "own", name="own", eventPattern='{"source": ["cinema"]}'),
        resource(
            target, "own", rule=ref(rule, "own", "name"), arn=ref(FUNCTION, "thumbnailer", "arn")
        ),
    )
    bus = "arn:aws:events:us-east-1:123456789012:event-bus/default"

    assert decide(of, CYCLES).verdict is Verdict.PROVEN
    puts: Grants = {"thumbnailer": [("events:PutEvents", bus)]}
    assert decide(of, CYCLES, grants=puts).verdict is Verdict.VIOLATED


def test_a_bucket_of_another_stack_is_known_by_its_name() -> None:
    other = resource(
        "aws:s3/bucketNotification:BucketNotification",
        "other",
        bucket="elsewhere",
        lambdaFunctions=[
            {
                "events": ["s3:ObjectCreated:*"],
                "lambdaFunctionArn": ref(FUNCTION, "thumbnailer", "arn"),
            }
        ],
    )
    grants: Grants = {"thumbnailer": [("s3:PutObject", "arn:aws:s3:::else*")]}
    decision = decide(seed(admit(), other), CYCLES, grants=grants)

    assert decision.verdict is Verdict.VIOLATED
    assert decision.evidence.witness["key"] == "x.jpg"


def test_a_role_that_may_be_assumed_leaves_the_claim_open() -> None:
    grants: Grants = {
        "thumbnailer": [("sts:AssumeRole", "*")],
        "helper": [("s3:PutObject", f"{IMAGES}/orig/*")],
    }
    decision = decide(seed(admit(), *function("helper")), CYCLES, grants=grants)

    assert decision.verdict is Verdict.UNPROVEN
    assert "helper" in decision.evidence.summary


def test_a_dead_letter_queue_that_starts_its_own_function() -> None:
    role, worker = THUMBNAILER
    inputs = worker.inputs | {"deadLetterConfig": {"targetArn": ref(QUEUE, "failed", "arn")}}
    of = graph(
        IMAGE_BUCKET,
        role,
        resource(FUNCTION, "thumbnailer", depends_on=(), **inputs),
        resource(QUEUE, "failed", name="failed"),
        resource(
            "aws:lambda/eventSourceMapping:EventSourceMapping",
            "again",
            eventSourceArn=ref(QUEUE, "failed", "arn"),
            functionName=ref(FUNCTION, "thumbnailer", "arn"),
        ),
        notify(),
    )

    assert decide(of, CYCLES, grants={}).verdict is Verdict.VIOLATED


def test_a_bucket_that_logs_its_own_requests_logs_for_ever() -> None:
    logging = resource(
        "aws:s3/bucketLogging:BucketLogging",
        "images",
        bucket=ref(BUCKET, "images"),
        targetBucket=ref(BUCKET, "images"),
        targetPrefix="log/",
    )
    decision = decide(seed(admit(), logging), CYCLES)

    assert decision.verdict is Verdict.VIOLATED
    assert urn("aws:s3/bucketLogging:BucketLogging", "images") in decision.resources


def test_a_role_of_another_stack_may_write_anything() -> None:
    worker = resource(FUNCTION, "thumbnailer", name="thumbnailer", role="arn:aws:iam::1:role/other")
    decision = decide(graph(IMAGE_BUCKET, worker, notify()), CYCLES)

    assert decision.verdict is Verdict.UNPROVEN


PREFIXES = st.sampled_from(["", "a", "b", "ab", "ba"])
SUFFIXES = st.sampled_from(["", "a", "b", "ab"])
GLOBS = st.sampled_from(["a*", "b*", "*a", "*b", "a?", "b", "?", "ab*", "*ba*"])
BUCKETS = ("x", "y")
FUNCTIONS = ("f", "g")
KEYS = ["".join(k) for n in range(1, 6) for k in product("ab", repeat=n)]
"""Longer keys add nothing: prefix, suffix and glob together speak about five characters."""


@given(
    filters=st.lists(
        st.tuples(st.sampled_from(BUCKETS), PREFIXES, SUFFIXES, st.sampled_from(FUNCTIONS)),
        max_size=3,
    ),
    writes=st.lists(
        st.tuples(st.sampled_from(FUNCTIONS), st.sampled_from(BUCKETS), GLOBS), max_size=3
    ),
)
def test_a_cycle_is_found_exactly_when_some_key_comes_back(
    filters: list[tuple[str, str, str, str]], writes: list[tuple[str, str, str]]
) -> None:
    resources: list[Resource] = [resource(BUCKET, b, bucket=b) for b in BUCKETS]
    resources += [r for f in FUNCTIONS for r in function(f)]
    resources += [
        notify(f"n{i}", prefix, bucket=b, to=f, filterSuffix=suffix)
        for i, (b, prefix, suffix, f) in enumerate(filters)
    ]
    grants: Grants = {
        f: [("s3:PutObject", f"arn:aws:s3:::{b}/{glob}") for g, b, glob in writes if f == g]
        for f in FUNCTIONS
    }

    written = {
        f: {(b, k) for g, b, glob in writes if f == g for k in KEYS if k in Language.glob(glob)}
        for f in FUNCTIONS
    }
    started = {
        (b, k): {
            f
            for c, prefix, suffix, f in filters
            if b == c and k.startswith(prefix) and k.endswith(suffix)
        }
        for b in BUCKETS
        for k in KEYS
    }
    onward = {f: {g for place in written[f] for g in started[place]} for f in FUNCTIONS}
    loops = any(f in onward[f] for f in FUNCTIONS) or all(
        other in onward[f] for f, other in (("f", "g"), ("g", "f"))
    )
    events = Events(triggers=())
    decision = decide(graph(*resources), CYCLES, grants=grants, events=events, groups={})

    assert decision.verdict is (Verdict.VIOLATED if loops else Verdict.PROVEN)
    if loops:
        key = str(decision.evidence.witness["key"])
        assert any(key in Language.glob(glob) for _, _, glob in writes)
        assert any(key.startswith(p) and key.endswith(s) for _, p, s, _ in filters)
