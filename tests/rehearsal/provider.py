"""A **test double** of the AWS provider that really calls an emulator of AWS.

It answers Pulumi's protocol as `tests/engine/aws_double.py` does, of which it is a kind. For the
types in `services` it calls the emulator to create, read, update and delete, so that what AWS
would validate is validated by the emulator: as well as that does, and no better. Every other type
is echoed. Beyond its parent it knows:

- names that Pulumi makes: from the engine's random seed, and noted in `__defaults`;
- which inputs make another resource when they change, by type;
- deletion before replacement, where the name was given and so cannot be had twice.

What it does not know: the provider's own validation and defaults, waiting, and AWS's limits.
"""

from __future__ import annotations

import json
import os
import random
import threading
import traceback
from pathlib import Path
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from tests.engine.aws_double import AwsDouble, plain
from tests.engine.aws_outputs import computed
from tests.engine.serving import serve
from tests.rehearsal.aws import Aws, Properties
from tests.rehearsal.emulator import build
from tests.rehearsal.kinds import Kind
from tests.rehearsal.services import KINDS

ENDPOINT = "REHEARSAL_ENDPOINT"
"""Where the emulator is."""
JOURNAL = "REHEARSAL_JOURNAL"
"""A file to which a line is added for each thing that was done: what, and of which URN."""

REFUSED = "AWS refuses"


def kind_of(urn: str) -> Kind | None:
    """The kind of a resource, or None where it is only echoed."""
    return KINDS.get(urn.split("::")[2].rsplit("$", 1)[-1])


def _read(struct: struct_pb2.Struct) -> Properties:
    return dict(json_format.MessageToDict(struct))


def _struct(properties: Properties) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    # Times of AWS, and whatever else JSON does not have.
    made.update(json.loads(json.dumps(properties, default=str)))
    return made


class RehearsingDouble(AwsDouble):
    """The parent's protocol; one thing at a time, for the emulator has no locks."""

    def __init__(self, endpoint: str, journal: Path) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._journal = journal
        self._aws = Aws(endpoint, "us-east-1", "000000000000")
        self._one = threading.Lock()

    def Configure(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        answer = super().Configure(request, context)
        self._aws = Aws(self._endpoint, self._account.region, self._account.number)
        return answer

    def _built(self) -> list[Properties]:
        """An image that exists, for what is built is launched."""
        done = self._journal.read_text().count("aws:imagebuilder/image:Image")
        image = build(self._aws, done - 1)
        return [{"amis": [{"image": image, "region": self._aws.region}]}]

    def _note(self, done: str, urn: str) -> None:
        with self._journal.open("a") as journal:
            journal.write(json.dumps({"done": done, "urn": urn}) + "\n")

    def Check(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        answer = super().Check(request, context)
        kind = kind_of(request.urn)
        inputs = _read(answer.inputs)
        if kind and kind.named and not inputs.get(kind.named):
            before = _read(request.olds).get(kind.named)
            inputs[kind.named] = before or _name(request, kind)
            inputs["__defaults"] = [kind.named]
        return provider_pb2.CheckResponse(inputs=_struct(inputs))

    def Diff(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        kind = kind_of(request.urn)
        answer = super().Diff(request, context)
        if kind is None:
            return answer
        changed = [key for key in answer.diffs if key != "__defaults"]
        replaces = [key for key in changed if key in kind.replaces]
        if not changed:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        given = kind.named and kind.named not in _read(request.news).get("__defaults", [])
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            diffs=changed,
            replaces=replaces,
            # A name that Pulumi made is another for the next one; a given one is taken.
            deleteBeforeReplace=bool(replaces) and (bool(given) or not kind.named),
        )

    def Create(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        kind = kind_of(request.urn)
        if kind is None or request.preview:
            answer = super().Create(request, context)
            if not request.preview:
                self._note("echoed", request.urn)
                if request.urn.split("::")[2].endswith("$aws:imagebuilder/image:Image"):
                    answer.properties.update({"outputResources": self._built()})
            return answer
        inputs = _read(request.properties)
        given = plain(inputs)
        with self._one:
            try:
                id_ = kind.create(self._aws, given)
                kind.settle(self._aws, id_, given, frozenset({*given, "__new"}))
                said = kind.read(self._aws, id_, {**given, "id": id_})
            except Exception as error:
                raise self._refuse(context, error) from error
            if said is None:
                context.abort(
                    grpc.StatusCode.INTERNAL, f"AWS does not show {id_} after its creation"
                )
                raise AssertionError  # abort does not return
            self._note("created", request.urn)
        outputs = {
            **computed(kind.type, request.urn, given, self._account),
            **_outputs(said),
            **inputs,
        }
        return provider_pb2.CreateResponse(id=id_, properties=_struct(outputs))

    def Update(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        kind = kind_of(request.urn)
        if kind is None or request.preview:
            return super().Update(request, context)
        old, new = plain(_read(request.old_inputs)), plain(_read(request.news))
        changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        changed -= {"__defaults", *request.ignoreChanges}
        lost = changed - kind.settles - {"tagsAll", "tags"}
        if lost and "*" not in kind.settles:
            names = ", ".join(sorted(lost))
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED,
                f"the rehearsal cannot change {names} of {kind.type}: see tests/rehearsal",
            )
        with self._one:
            try:
                kind.settle(self._aws, request.id, new, frozenset(changed))
                said = kind.read(self._aws, request.id, {**plain(_read(request.olds)), **new})
            except Exception as error:
                raise self._refuse(context, error) from error
            self._note("updated", request.urn)
        outputs = {**_read(request.olds), **_outputs(said or {}), **_read(request.news)}
        return provider_pb2.UpdateResponse(properties=_struct(outputs))

    def Read(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        kind = kind_of(request.urn)
        if kind is None:
            return super().Read(request, context)
        state = plain(_read(request.properties))
        with self._one:
            try:
                said = kind.read(self._aws, request.id, state)
            except Exception as error:
                raise self._refuse(context, error) from error
        if said is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id, properties=_struct({**state, **_outputs(said)}), inputs=request.inputs
        )

    def Delete(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        kind = kind_of(request.urn)
        if kind is not None:
            state = plain(_read(request.properties))
            with self._one:
                try:
                    kind.delete(self._aws, request.id, state)
                except Exception as error:
                    raise self._refuse(context, error) from error
                self._note("deleted", request.urn)
        return empty_pb2.Empty()

    def _refuse(self, context: grpc.ServicerContext, error: Exception) -> AssertionError:
        """End the call with what the service said, without boto3's words around it."""
        if isinstance(error, ClientError):
            about = error.response.get("Error", {})
            said = f"{REFUSED}: {error.operation_name}: {about.get('Code')}: {about.get('Message')}"
        elif isinstance(error, ResponseParserError):
            said = "the emulator failed: its own words are in the log of the rehearsal"
        elif isinstance(error, BotoCoreError):
            said = f"{REFUSED}: {error}"
        else:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{Path(last.filename).name}:{last.lineno}"
            said = f"a fault of the rehearsal itself: {type(error).__name__}: {error} ({where})"
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, said)
        return AssertionError("abort does not return")


_STRUCTURED = frozenset({"nameServers", "domainValidationOptions"})
"""Outputs that are no scalars, and that a program may use."""


def _outputs(said: Properties) -> Properties:
    """What of AWS's description goes into the state: AWS's lists are not always the provider's."""
    return {
        key: value
        for key, value in said.items()
        if key in _STRUCTURED or not isinstance(value, list | dict)
    }


def _name(request: provider_pb2.CheckRequest, kind: Kind) -> str:
    """As Pulumi makes names: the logical name and seven hexadecimal digits."""
    digits = f"{random.Random(request.randomSeed).getrandbits(28):07x}"  # noqa: S311 -- as given
    return f"{request.urn.rsplit('::', 1)[-1][: kind.longest - 8]}-{digits}"


def main() -> None:
    """Serve one engine, which says where the emulator is."""
    double: Any = RehearsingDouble(os.environ[ENDPOINT], Path(os.environ[JOURNAL]))
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(double, server))


if __name__ == "__main__":
    main()
