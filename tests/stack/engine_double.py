"""A test double of Pulumi's engine: it runs the program and writes down what it registers.

It knows nothing of AWS. Outputs that the program did not give as inputs are made up.
"""

from __future__ import annotations

import asyncio
import json
import os
import runpy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Registered:
    """One registration: `needs` are the URNs of everything that it waits for."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    custom: bool
    parent: str
    protect: bool
    ignore_changes: tuple[str, ...]
    needs: frozenset[str]


@dataclass
class World:
    """Everything that one run of the program registered."""

    resources: list[Registered] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def of(self, type_: str) -> dict[str, Registered]:
        """The resources of a type by logical name."""
        return {r.name: r for r in self.resources if r.type == type_}


class _Mocks(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"the program asks AWS for {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made_up = {
            "arn": f"arn-of:{args.name}",
            "name": f"name-of-{args.name}",
            "dnsName": f"{args.name}.example",
            "publicIp": "198.51.100.1",
            "prefixListId": "pl-1",
            "latestVersion": 1,
            "allocationId": f"eipalloc-{args.name}",
        }
        return f"id-of:{args.typ}:{args.name}", {**made_up, **args.inputs}


class _Monitor(mocks.MockMonitor):
    def __init__(self, world: World) -> None:
        super().__init__(_Mocks())
        self._world = world

    def RegisterResource(  # noqa: N802 - gRPC's spelling
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        response: resource_pb2.RegisterResourceResponse = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        needs = set(request.dependencies)
        for dependencies in request.propertyDependencies.values():
            needs.update(dependencies.urns)
        self._world.resources.append(
            Registered(
                urn=response.urn,
                type=request.type,
                name=request.name,
                inputs=pulumi.runtime.rpc.deserialize_properties(request.object),
                custom=request.custom,
                parent=request.parent,
                protect=request.protect,
                ignore_changes=tuple(request.ignoreChanges),
                needs=frozenset(needs),
            )
        )
        return response


def configuration(stack: str) -> dict[str, str]:
    """The configuration of a stack as Pulumi hands it to a program: structures as JSON."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text()
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in yaml.safe_load(text)["config"].items()
    }


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(stack: str, *, dry_run: bool = True, **changes: str) -> World:
    """Run the program for a stack, with `cinema:` keys changed; an empty text removes one."""
    world = World()
    config = configuration(stack) | {f"cinema:{key}": value for key, value in changes.items()}
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(
        _Mocks(), project="cinema", stack=stack, preview=dry_run, monitor=_Monitor(world)
    )
    pulumi.runtime.set_all_config({key: value for key, value in config.items() if value})

    def program() -> None:
        runpy.run_path(str(ROOT / "stack"), run_name="__main__")

    with _inside(ROOT / "stack"):
        mocks.test(program)()  # type: ignore[no-untyped-call]
    return world
