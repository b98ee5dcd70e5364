"""A **test double** of AWS: a Pulumi resource provider that makes nothing.

It answers Pulumi's protocol as the real AWS provider would where the tests look:

- Check returns the inputs with what the real provider adds: `region`, `tagsAll` and `__defaults`,
  which stays empty.
- Create and Update in a preview return the inputs; outputs that AWS computes are unknown.
- Create in an update invents ids, ARNs and names in AWS's formats, the same for the same URN.
- Diff compares inputs by equality. A change of a property that is part of the identity
  (`IDENTITY` in `aws_outputs.py`) replaces; any other updates in place.
- Read returns the state that it is given; for a bare id, the id alone.
- Invoke answers who, where and which zones; anything else is refused by name.

What it does not do: it has no schema and no defaults, validates nothing that AWS would refuse,
enforces no dependency between resources, keeps no state between runs, knows no eventual
consistency and no limits. A test that passes against it says nothing of AWS.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tests.engine.aws_outputs import IDENTITY, Account, computed, identity
from tests.engine.serving import serve

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 -- Pulumi's mark, not a secret
SIGNATURE = "4dabf18193072939515e22adb298388d"

Properties = dict[str, Any]


def plain(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """`value` without the wrappers of secrets; they stay in what is echoed."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def _read(struct: struct_pb2.Struct) -> Properties:
    return dict(json_format.MessageToDict(struct))


def _struct(properties: Properties) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]


def _returning(answer: Properties) -> provider_pb2.InvokeResponse:
    response = provider_pb2.InvokeResponse()
    getattr(response, "return").update(answer)  # the field's name is a keyword of Python
    return response


class AwsDouble(provider_pb2_grpc.ResourceProviderServicer):
    """The protocol of `pulumi/provider.proto`, as far as the engine asks it of a provider."""

    def __init__(self) -> None:
        self._account = Account()

    def Handshake(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        del request, context
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    def GetPluginInfo(  # noqa: N802 -- gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        del request, context
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi-aws"))

    def GetSchema(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.GetSchemaRequest, context: grpc.ServicerContext
    ) -> provider_pb2.GetSchemaResponse:
        del request, context
        return provider_pb2.GetSchemaResponse(schema='{"name": "aws", "version": "7.0.0"}')

    def CheckConfig(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    def DiffConfig(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        del request, context
        return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

    def Configure(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        del context
        self._account = Account.of(plain(_read(request.args)))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    def Check(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        del context
        inputs = _read(request.news)
        inputs |= {"__defaults": [], **self._account.filled_in(_type(request.urn), inputs)}
        return provider_pb2.CheckResponse(inputs=_struct(inputs))

    def Diff(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        del context
        old, new = _read(request.old_inputs), _read(request.news)
        changed = sorted(
            key
            for key in old.keys() | new.keys()
            if old.get(key) != new.get(key) and key not in request.ignoreChanges
        )
        if not changed:
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME,
            diffs=changed,
            replaces=[key for key in changed if key in IDENTITY],
            deleteBeforeReplace=any(key in IDENTITY for key in changed),
        )

    def _outputs(self, urn: str, inputs: Properties, *, preview: bool) -> tuple[str, Properties]:
        known = plain(inputs)
        made = computed(_type(urn), urn, known, self._account)
        if preview:
            return "", {**dict.fromkeys(made, UNKNOWN), **inputs}
        return identity(_type(urn), urn, known, self._account), {**made, **inputs}

    def Create(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        del context
        inputs = _read(request.properties)
        id_, outputs = self._outputs(request.urn, inputs, preview=request.preview)
        return provider_pb2.CreateResponse(id=id_, properties=_struct(outputs))

    def Update(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        del context
        old = _read(request.olds)
        computed_before = {key: old[key] for key in old.keys() - _read(request.old_inputs).keys()}
        return provider_pb2.UpdateResponse(
            properties=_struct({**computed_before, **_read(request.news)})
        )

    def Read(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        del context
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Delete(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        del request, context
        return empty_pb2.Empty()

    def Invoke(  # noqa: N802 -- gRPC's name
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        account = self._account
        answers: dict[str, Callable[[], Properties]] = {
            "aws:index/getCallerIdentity:getCallerIdentity": account.caller,
            "aws:index/getRegion:getRegion": account.where,
            "aws:index/getPartition:getPartition": account.partition,
            "aws:index/getAvailabilityZones:getAvailabilityZones": account.zones,
        }
        answer = answers.get(request.tok)
        if answer is None:
            context.abort(
                grpc.StatusCode.UNIMPLEMENTED, f"the AWS test double does not answer {request.tok}"
            )
            raise AssertionError  # abort does not return
        return _returning(answer())

    def Cancel(  # noqa: N802 -- gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        del request, context
        return empty_pb2.Empty()


def main() -> None:
    """Serve one engine."""
    double = AwsDouble()
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(double, server))


if __name__ == "__main__":
    main()
