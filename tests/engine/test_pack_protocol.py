"""The pack as the engine calls it, without an engine: whatever fails refuses."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2

from stackproof import pack
from stackproof.pack import Finding, Pack, Proof

CONTEXT = Mock(spec=grpc.ServicerContext)
ADVICE = Finding(claim="events.cycles", urn="", message="waived", mandatory=False)
VIOLATION = Finding(claim="network.grouped", urn="urn:a", message="violated")


def _started(monkeypatch: pytest.MonkeyPatch, proof: Proof | Exception, *, dry_run: bool) -> Pack:
    def prove(directory: Path, project: str, stack: str) -> Proof:
        del directory, project, stack
        if isinstance(proof, Exception):
            raise proof
        return proof

    monkeypatch.setattr(pack, "prove", prove)
    started = Pack(Path())
    started.ConfigureStack(
        analyzer_pb2.AnalyzerStackConfigureRequest(project="p", stack="s", dry_run=dry_run), CONTEXT
    )
    return started


def _analyze(started: Pack, urn: str = "urn:a") -> list[tuple[str, bool]]:
    return _told(started.Analyze(analyzer_pb2.AnalyzeRequest(urn=urn), CONTEXT))


def _stack(started: Pack) -> list[tuple[str, bool]]:
    return _told(started.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(), CONTEXT))


def _told(response: analyzer_pb2.AnalyzeResponse) -> list[tuple[str, bool]]:
    return [
        (d.policyName, d.enforcementLevel == analyzer_pb2.MANDATORY) for d in response.diagnostics
    ]


def test_an_exception_of_any_kind_refuses_a_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    started = _started(monkeypatch, ZeroDivisionError("by zero"), dry_run=True)
    response = started.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(), CONTEXT)
    assert _told(response) == [("contract.source", True)]
    assert "ZeroDivisionError: by zero" in response.diagnostics[0].message


def test_an_exception_of_any_kind_refuses_every_resource_of_an_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = _started(monkeypatch, MemoryError(), dry_run=False)
    assert _analyze(started) == [("contract.source", True)]
    assert _analyze(started, "urn:b") == [("contract.source", True)]


def test_an_engine_that_names_no_stack_is_refused() -> None:
    assert _analyze(Pack(Path())) == [("contract.source", True)]
    assert _stack(Pack(Path())) == [("contract.source", True)]


def test_a_preview_reports_at_its_end_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started = _started(monkeypatch, Proof(None, None, (VIOLATION, ADVICE)), dry_run=True)
    assert _analyze(started) == []
    assert _stack(started) == [("events.cycles", False), ("network.grouped", True)]


def test_an_update_is_refused_at_its_first_resource_and_at_each_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started = _started(monkeypatch, Proof(None, None, (VIOLATION, ADVICE)), dry_run=False)
    assert _analyze(started) == [("events.cycles", False), ("network.grouped", True)]
    assert _analyze(started, "urn:b") == [("network.grouped", True)]


def test_advice_alone_lets_an_update_through(monkeypatch: pytest.MonkeyPatch) -> None:
    started = _started(monkeypatch, Proof(None, None, (ADVICE,)), dry_run=False)
    assert _analyze(started) == [("events.cycles", False)]
    assert _analyze(started, "urn:b") == []


def test_remediation_changes_nothing() -> None:
    answer = Pack(Path()).Remediate(analyzer_pb2.AnalyzeRequest(urn="urn:a"), CONTEXT)
    assert answer == analyzer_pb2.RemediateResponse()


def test_the_engine_is_told_of_one_mandatory_policy() -> None:
    (policy,) = Pack(Path()).GetAnalyzerInfo(empty_pb2.Empty(), CONTEXT).policies
    assert policy.enforcementLevel == analyzer_pb2.MANDATORY
