"""Which callbacks may create a resource, as told from their code without running them."""

from __future__ import annotations

import functools
import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from stackproof.sources.recorder import may_create

Callback = Any
"""Of many kinds: functions, methods, classes."""


def topic(name: str) -> object:
    return aws.sns.Topic(name)


def text(name: str) -> str:
    return json.dumps({"Statement": name.strip()})


def document(name: str) -> object:
    return pulumi.Output.json_dumps({"Statement": [name]}).apply(lambda t: t.strip())


def late(name: str) -> object:
    from a_module_that_is_not_loaded import make  # type: ignore[import-not-found]  # noqa: PLC0415

    return make(name)


def by_name(name: str) -> object:
    return getattr(aws.sns, "Topic")(name)  # noqa: B009


class Maker:
    def make(self, name: str) -> object:
        return topic(name)

    def describe(self, name: str) -> str:
        return text(name)

    def callbacks(self) -> tuple[Callback, Callback]:
        return lambda name: [self.make(name)], lambda name: [self.describe(name)]


class Component(pulumi.ComponentResource):
    pass


MAKES, DESCRIBES = Maker().callbacks()
FACTORIES = {"topic": topic}

CREATE: dict[str, Callback] = {
    "a function": topic,
    "a lambda": lambda name: [topic(name)],
    "an inner function": lambda name: [topic(n) for n in name],
    "a class": aws.sns.Topic,
    "a component": Component,
    "a partial": functools.partial(topic),
    "a method": Maker().make,
    "a method through a closure": MAKES,
    "through a dictionary": lambda name: [FACTORIES["topic"](name)],
    "a default": lambda name, make=topic: [make(name)],
    "an import within": late,
    "by name": by_name,
}
NOT: dict[str, Callback] = {
    "a function": text,
    "a lambda": lambda name: [text(name)],
    "a method": Maker().describe,
    "a method through a closure": DESCRIBES,
    "a built-in": "".join,
    "an output": document,
    "arguments": lambda name: aws.ec2.InstanceMetadataOptionsArgs(http_tokens=name),
    "an index": lambda name: name[0],
}


@pytest.mark.parametrize("what", CREATE)
def test_what_creates_is_found(what: str) -> None:
    assert may_create(CREATE[what])  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("what", NOT)
def test_what_only_computes_is_not_suspected(what: str) -> None:
    assert not may_create(NOT[what])  # type: ignore[no-untyped-call]
