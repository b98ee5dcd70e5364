"""The routes that balancers and people on call ask."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.openapi.datastructures import ResponseSpec

from cinema_api import metrics
from cinema_api.lifetime import readiness
from cinema_api.openapi import answer, refusals
from cinema_api.parts import parts


class Alive(msgspec.Struct, frozen=True):
    """The answer of /healthz."""

    status: str = "alive"


class Readiness(msgspec.Struct, frozen=True):
    """The answer of /readyz: what can be reached, by name."""

    ready: bool
    checks: dict[str, bool]


class HealthController(Controller):
    """Alive and ready, kept apart: an outage of the database must not have instances replaced."""

    path = "/"
    tags = ("health",)

    @get("/healthz", operation_id="healthz")
    async def healthz(self) -> Alive:
        """The process answers."""
        return Alive()

    @get(
        "/readyz",
        operation_id="readyz",
        responses={
            503: ResponseSpec(
                Readiness, generate_examples=False, description="Something cannot be reached."
            )
        },
    )
    async def readyz(self, request: Request[Any, Any, Any]) -> Response[Readiness]:
        """What the API needs can be reached; 503 where something cannot."""
        checks = await readiness(request.app)
        ready = all(checks.values())
        return Response(
            Readiness(ready=ready, checks=checks),
            status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
            headers={"Cache-Control": "no-store"},
        )

    @get(
        "/metrics",
        operation_id="metrics",
        responses={
            **answer(str, "Prometheus' text format.", media_type=metrics.CONTENT_TYPE),
            **refusals(404),
        },
    )
    async def metrics(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """What this instance has counted, for who asks it directly and not through a balancer."""
        if parts(request).proxies.passed_on(request.scope):
            raise NotFoundException
        return Response(
            metrics.report(),
            media_type=metrics.CONTENT_TYPE,
            headers={"Cache-Control": "no-store"},
        )
