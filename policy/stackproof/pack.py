"""The policy pack: the contract, held against the program by Pulumi's engine.

Pulumi's own SDK for policies lets a policy that touches a value not known yet end as 'can't run',
with an advisory, whatever its level. So this speaks the engine's protocol itself, where an unknown
is a value like another, and *fails closed*: whatever goes wrong is a mandatory violation.

What happens when:

- As soon as the engine says which stack it is about, the program is evaluated and proven, beside
  the engine's own run of it.
- In a preview every finding is reported at the end, each on the resource that is most to blame,
  together with whatever the engine's view and the evaluated program disagree on.
- In an update the end is too late: resources exist by then. The first resource that the engine
  shows is refused with every finding, and all others after it.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Sequence
from concurrent import futures
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NoReturn

import grpc
import msgspec
from google.protobuf import empty_pb2, json_format
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from stackproof import contract as contracts
from stackproof.check import check
from stackproof.contract import Contract, ContractError
from stackproof.model import Claim, Graph, Location, Verdict
from stackproof.selection import SelectorError
from stackproof.sources import pack as source
from stackproof.sources import program
from stackproof.sources.errors import SourceError
from stackproof.sources.project import find_project

NAME = "stackproof"
SOURCE = "contract.source"
"""The claim that what was proven is what the engine deploys."""
_MESSAGE_LIMIT = 256 * 1024 * 1024  # a stack of thousands of resources comes in one message


class Finding(msgspec.Struct, frozen=True, order=True):
    """One violation, as the engine will show it."""

    claim: str
    urn: str
    message: str
    mandatory: bool = True
    title: str = ""


class Proof(msgspec.Struct, frozen=True):
    """The program as evaluated, when it could be, and what was found of it."""

    graph: Graph | None
    contract: Contract | None
    findings: tuple[Finding, ...]


# ── from claims to findings ─────────────────────────────────────────────────────────────────────


def findings(claims: Sequence[Claim], contract: Contract) -> tuple[Finding, ...]:
    """Every claim that is not proven, sorted; a waived one is shown and stops nothing."""
    return tuple(
        sorted(
            Finding(
                claim=claim.id,
                urn=claim.resources[0] if claim.resources else "",
                message=message(claim),
                mandatory=claim.verdict is not Verdict.WAIVED and is_mandatory(claim.id, contract),
                title=claim.title,
            )
            for claim in claims
            if claim.verdict is not Verdict.PROVEN
        )
    )


def is_mandatory(claim: str, contract: Contract | None) -> bool:
    """What `levels` says of `claim`: the longest glob that fits it wins."""
    levels = contract.levels if contract else {}
    fitting = [glob for glob in levels if fnmatchcase(claim, glob)]
    return not fitting or levels[max(fitting, key=lambda glob: (len(glob), glob))] == "mandatory"


def message(claim: Claim) -> str:
    """The claim, why it does not hold, the lines to look at, and the mend."""
    lines = [f"{claim.title}: {claim.verdict}.", claim.evidence.summary]
    lines += [
        f"  {'' if hop.permits else 'blocked: '}{hop.what}{_at(hop.location)}"
        for hop in claim.evidence.hops
    ]
    if claim.resources:
        names = dict.fromkeys(urn.rsplit("::", 1)[-1] for urn in claim.resources)
        lines.append(f"Resources: {', '.join(names)}")
    if claim.locations:
        lines.append(f"Declared at: {', '.join(map(str, claim.locations))}")
    if claim.mend:
        lines.append(f"Mend: {claim.mend}")
    if claim.waiver:
        lines.append(f"Waived: {claim.waiver}")
    return "\n".join(lines)


def _at(location: Location | None) -> str:
    return f" ({location})" if location else ""


def differences(
    found: Sequence[source.Disagreement], contract: Contract | None
) -> tuple[Finding, ...]:
    """One finding for each disagreement of the engine's view with what was proven."""
    return tuple(
        Finding(
            claim=SOURCE,
            urn=one.urn,
            message=(
                f"What the engine shows of {one.urn.rsplit('::', 1)[-1]} is not what was proven:"
                f" {one.what}.\nMend: make the program declare the same in every run: no clock, no"
                " network, no environment; configuration from the stack's file alone."
            ),
            mandatory=is_mandatory(SOURCE, contract),
            title="The engine deploys what was proven",
        )
        for one in found
    )


# ── proving ─────────────────────────────────────────────────────────────────────────────────────


def contract_of(pack: Path, stack: str) -> Path:
    """`contract.STACK.yaml` beside the pack when the stack has its own, else `contract.yaml`."""
    own = pack / f"contract.{stack}.yaml"
    return own if own.exists() else pack / "contract.yaml"


def project_folder(name: str, *starts: Path) -> Path:
    """The folder of the project `name`: of the first of `starts` that is in it.

    Raises SourceError when none is.
    """
    for start in starts:
        try:
            project = find_project(start)
        except SourceError:
            continue
        if project.name == name:
            return project.root
    looked = " or ".join(map(str, starts))
    raise SourceError(
        f"No Pulumi.yaml of project {name} in or above {looked}: run pulumi in the project's folder"
        " or keep the policy pack inside it."
    )


def prove(pack: Path, project: str, stack: str) -> Proof:
    """Evaluate the program and decide every claim; raises what evaluating and reading raise."""
    located = contracts.read(contract_of(pack, stack))
    graph = program.evaluate(project_folder(project, Path.cwd(), pack), stack)
    section = located.contract.hardening
    places = [located.place("waivers", n) for n in range(len(located.contract.waivers))]
    try:
        report = check(
            graph,
            located.contract,
            today=dt.datetime.now(tz=dt.UTC).date(),
            waiver_lines=[_line(p, pack) for p in places],
            accepted_lines={
                check: [
                    _line(located.place("hardening", "accepted", check, n), pack)
                    for n in range(len(entries))
                ]
                for check, entries in (section.accepted if section is not None else {}).items()
            },
        )
    except SelectorError as error:
        place = located.place("groups", error.group)
        raise SourceError(f"{place}: groups.{error.group}: {error}") from error
    return Proof(graph, located.contract, findings(report.claims, located.contract))


def _line(place: contracts.Place, pack: Path) -> Location:
    return Location(_from_project(str(place.path), pack), place.line)


def failed(error: Exception, pack: Path) -> Finding:
    """The finding that nothing could be proven, and why."""
    kind = "" if isinstance(error, SourceError | ContractError) else f"{type(error).__name__}: "
    return Finding(
        claim=SOURCE,
        urn="",
        message=(
            "Nothing is proven of this stack, so nothing may be deployed."
            f" {kind}{_from_project(str(error), pack)}"
        ),
        title="The program can be evaluated and the contract read",
    )


def _from_project(text: str, pack: Path) -> str:
    """`text` without the path of this machine before the names of files of the project."""
    return text.replace(f"{pack.parent}{os.sep}", "")


# ── the engine's protocol ───────────────────────────────────────────────────────────────────────


class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    """An analyzer for one run of the engine (`pulumi/analyzer.proto`)."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._worker = futures.ThreadPoolExecutor(max_workers=1)
        self._proving: futures.Future[Proof] | None = None
        self._project = self._stack = ""
        self._preview = False
        self._reported = False
        self._analyzed: dict[str, source.Properties] = {}
        self._noted: dict[str, source.Properties] = {}

    # -- what the engine says before it starts

    def Handshake(  # noqa: N802 -- gRPC's name
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """Nothing is asked of the engine."""
        del request, context
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(  # noqa: N802 -- gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """The engine shows the version of PulumiPolicy.yaml."""
        del request, context
        return plugin_pb2.PluginInfo(version="0.1.0")

    def GetAnalyzerInfo(  # noqa: N802 -- gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerInfo:
        """One policy: the contract. Its claims are known when the program is evaluated."""
        del request, context
        return analyzer_pb2.AnalyzerInfo(
            name=NAME,
            displayName="stackproof",
            version="0.1.0",
            policies=[
                analyzer_pb2.PolicyInfo(
                    name="contract",
                    displayName="Architecture contract",
                    description="The architecture does what its contract says and nothing else.",
                    enforcementLevel=analyzer_pb2.MANDATORY,
                    policy_type=analyzer_pb2.POLICY_TYPE_STACK,
                )
            ],
        )

    def Configure(  # noqa: N802 -- gRPC's name
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Levels and waivers are in the contract, which is reviewed: nothing is configured here."""
        del request, context
        return empty_pb2.Empty()

    def ConfigureStack(  # noqa: N802 -- gRPC's name
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """Start to prove, beside the engine's own run of the program."""
        del context
        self._project, self._stack = request.project, request.stack
        self._preview = request.dry_run
        self._proving = self._worker.submit(prove, self._directory, self._project, self._stack)
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    # -- what it shows of the resources

    def Remediate(  # noqa: N802 -- gRPC's name
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        """Change nothing; only here does the engine show which inputs are a provider's defaults."""
        del context
        self._noted[request.urn] = json_format.MessageToDict(request.properties)
        return analyzer_pb2.RemediateResponse()

    def Analyze(  # noqa: N802 -- gRPC's name
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """Remember the inputs; in an update refuse before anything is made."""
        del context
        inputs = json_format.MessageToDict(request.properties)
        self._analyzed[request.urn] = inputs
        if self._preview:
            return analyzer_pb2.AnalyzeResponse()
        proof = self._proof()
        found = proof.findings
        if self._reported:
            found = tuple(f for f in found if f.mandatory)[:1]
        self._reported = True
        return _response([*found, *self._contradicted(proof, request, inputs)])

    def AnalyzeStack(  # noqa: N802 -- gRPC's name
        self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """Report what no `Analyze` has reported, and where the engine's view is another."""
        del context
        proof = self._proof()
        found = [] if self._reported else list(proof.findings)
        try:
            shown = [_shown(resource) for resource in request.resources]
            engine = source.graph(self._project, self._stack, shown, self._analyzed, self._noted)
            if proof.graph is not None:
                disagreements = source.disagreements(proof.graph, engine)
                found += differences(disagreements, proof.contract)
        except Exception as error:  # noqa: BLE001 -- fails closed, and says why
            found.append(failed(error, self._directory))
        return _response(found)

    def _contradicted(
        self, proof: Proof, request: analyzer_pb2.AnalyzeRequest, inputs: source.Properties
    ) -> tuple[Finding, ...]:
        if proof.graph is None:
            return ()
        shown = source.Shown(
            urn=request.urn,
            type=request.type,
            name=request.name,
            parent=request.options.parent,
            provider=request.provider.urn if request.HasField("provider") else "",
            region=_region(request.provider),
            dependencies=None,
            protect=request.options.protect,
            ignore_changes=tuple(request.options.ignoreChanges),
        )
        noted = self._noted.get(request.urn, {})
        try:
            disagreements = source.disagreements_of(proof.graph, shown, inputs, noted)
        except Exception as error:  # noqa: BLE001 -- fails closed, and says why
            return (failed(error, self._directory),)
        return differences(disagreements, proof.contract)

    def Cancel(  # noqa: N802 -- gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Nothing is under way that outlives the process."""
        del request, context
        return empty_pb2.Empty()

    def _proof(self) -> Proof:
        if self._proving is None:
            no_stack = SourceError("The engine named no stack.")
            return Proof(None, None, (failed(no_stack, self._directory),))
        try:
            return self._proving.result()
        except Exception as error:  # noqa: BLE001 -- fails closed, and says why
            return Proof(None, None, (failed(error, self._directory),))


def _response(found: Sequence[Finding]) -> analyzer_pb2.AnalyzeResponse:
    """Sorted, so that two runs report the same."""
    return analyzer_pb2.AnalyzeResponse(diagnostics=map(_diagnostic, sorted(set(found))))


def _diagnostic(finding: Finding) -> analyzer_pb2.AnalyzeDiagnostic:
    level = analyzer_pb2.MANDATORY if finding.mandatory else analyzer_pb2.ADVISORY
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=finding.claim,
        policyPackName=NAME,
        policyPackVersion="0.1.0",
        description=finding.title,
        message=finding.message,
        enforcementLevel=level,
        urn=finding.urn,
    )


def _shown(resource: analyzer_pb2.AnalyzerResource) -> source.Shown:
    dependencies = resource.propertyDependencies
    return source.Shown(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        parent=resource.parent,
        provider=resource.provider.urn if resource.HasField("provider") else "",
        region=_region(resource.provider),
        dependencies=tuple(resource.dependencies),
        property_dependencies={key: tuple(dependencies[key].urns) for key in dependencies},
        protect=resource.options.protect,
        ignore_changes=tuple(resource.options.ignoreChanges),
    )


def _region(provider: analyzer_pb2.AnalyzerProviderResource) -> str | None:
    region = json_format.MessageToDict(provider.properties).get("region")
    return region if isinstance(region, str) else None


def serve(directory: Path) -> NoReturn:
    """Serve the pack in `directory` until the engine ends this process; prints its port."""
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4),
        options=[("grpc.max_receive_message_length", _MESSAGE_LIMIT)],
    )
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(directory.resolve()), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
    sys.exit(0)
