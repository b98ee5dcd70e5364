"""A test double of Pulumi's engine: it runs the program and writes down what it registers.

It knows nothing of AWS. Outputs that the program did not give as inputs are made up.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import runpy
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks
from pulumi.runtime.proto import resource_pb2

ROOT = Path(__file__).parents[2]

_PROCESSES = get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.stack.warm"])


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
    warnings: list[str] = field(default_factory=list)
    """What Pulumi logged: its SDK warns of every argument that is deprecated."""
    refusal: str = ""
    """Why the program gave up, in its own words."""

    def of(self, type_: str) -> dict[str, Registered]:
        """The resources of a type by logical name."""
        return {r.name: r for r in self.resources if r.type == type_}


class _Mocks(mocks.Mocks):
    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], None]:
        raise AssertionError(f"the program asks AWS for {args.token}")

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        made_up = {
            "arn": f"arn-of:{args.name}",
            "arnSuffix": f"suffix-of:{args.name}",
            "name": f"name-of-{args.name}",
            "dnsName": f"{args.name}.example",
            "domainName": f"{args.name}.example",
            "publicIp": "198.51.100.1",
            "prefixListId": "pl-1",
            "latestVersion": 1,
            "allocationId": f"eipalloc-{args.name}",
            "outputResources": [{"amis": [{"image": f"ami-of-{args.name}"}]}],
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
    return as_pulumi_hands_it(yaml.safe_load(text)["config"])


def as_pulumi_hands_it(config: Mapping[str, Any]) -> dict[str, str]:
    """Everything as text, structures as JSON."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}


class _Listening(logging.Handler):
    def __init__(self, world: World) -> None:
        super().__init__(logging.WARNING)
        self._world = world

    def emit(self, record: logging.LogRecord) -> None:
        self._world.warnings.append(record.getMessage())


def run(stack: str, *, dry_run: bool = True, **changes: str) -> World:
    """Run the program for a stack, with `cinema:` keys changed; an empty text removes one."""
    config = configuration(stack) | {f"cinema:{key}": value for key, value in changes.items()}
    return run_with(config, stack, dry_run=dry_run)


def run_with(config: Mapping[str, str], stack: str = "prod", *, dry_run: bool = True) -> World:
    """Run the program with a configuration as Pulumi hands it over.

    In a process of its own: Pulumi's state is global, and its threads leave event loops behind.
    """
    with ProcessPoolExecutor(max_workers=1, mp_context=_PROCESSES) as pool:
        return pool.submit(_run, stack, config, dry_run=dry_run).result()


def _run(stack: str, config: Mapping[str, str], *, dry_run: bool) -> World:
    world = World()
    asyncio.set_event_loop(asyncio.new_event_loop())
    mocks.set_mocks(
        _Mocks(), project="cinema", stack=stack, preview=dry_run, monitor=_Monitor(world)
    )
    pulumi.runtime.set_all_config({key: value for key, value in config.items() if value})
    # As Pulumi runs it: from the program's folder, which is first on the path.
    os.chdir(ROOT / "stack")
    sys.path.insert(0, str(ROOT / "stack"))
    logging.getLogger().addHandler(_Listening(world))

    def program() -> None:
        runpy.run_path(str(ROOT / "stack"), run_name="__main__")

    try:
        mocks.test(program)()  # type: ignore[no-untyped-call]
    except pulumi.RunError as refusal:
        world.refusal = str(refusal)
    return world
