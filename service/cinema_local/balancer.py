"""The stand-in for the load balancer: takes turns among instances that are healthy.

As an Application Load Balancer does (Elastic Load Balancing User Guide): health checks on the
target group's path; requests go to all targets when none is healthy; the client's address is added
to X-Forwarded-For; bodies stream both ways; a target that leaves gets no new requests while those
in flight end. Beyond it, a request that an instance cannot have begun is tried on another one, so
that the death of an instance fails at most what was in flight on it.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict
from yarl import URL

from cinema_local.fleet import HealthCheck
from cinema_local.ports import LOOPBACK

# RFC 9110, section 7.6.1, and what older clients send.
_HOP_BY_HOP = frozenset(
    {
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_VALID_NAME = re.compile(r"[A-Za-z0-9-]+")
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS"})
_IDLE_SECONDS = 60
_CONNECT_SECONDS = 5
_CHECK_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Target:
    """One instance, and how its last health checks went."""

    name: str
    port: int
    healthy: bool = False
    began: bool = False
    """Whether it ever was healthy; until then one success is enough."""
    streak: int = 0
    """Checks in a row that contradict `healthy`."""
    in_flight: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.idle.set()


class Balancer:
    """The targets, and the server that spreads requests over them."""

    def __init__(
        self,
        health: HealthCheck,
        *,
        drops_invalid_headers: bool,
        unhealthy: Callable[[str], None],
    ) -> None:
        """`unhealthy` is told the name of a target that fell ill."""
        self._health = health
        self._drops_invalid_headers = drops_invalid_headers
        self._unhealthy = unhealthy
        self._targets: dict[str, Target] = {}
        self._turn = itertools.count()
        self._runner: web.ServerRunner | None = None
        self._sessions: list[aiohttp.ClientSession] = []
        self._checks: dict[str, asyncio.Task[None]] = {}

    async def start(self, listener: object) -> None:
        """Serve on a listening socket."""
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=_IDLE_SECONDS
        )
        # A connection that was kept may be dead without our knowing, and what was sent on it must
        # not be sent again unless that is harmless: so only what is harmless uses kept ones.
        self._sessions = [
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=fresh),
                timeout=timeout,
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers={hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING},
            )
            for fresh in (False, True)
        ]
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=5)
        await self._runner.setup()
        await web.SockSite(self._runner, listener, backlog=512).start()  # type: ignore[arg-type] # a socket; typed as object to keep `socket` out of the signature

    async def stop(self) -> None:
        """End, and let requests in flight end first, for a few seconds."""
        if self._runner is not None:
            await self._runner.cleanup()
        for task in self._checks.values():
            task.cancel()
        await asyncio.gather(*self._checks.values(), return_exceptions=True)
        for session in self._sessions:
            await session.close()

    def register(self, name: str, port: int) -> None:
        """A new target; it gets requests once a health check succeeds."""
        target = Target(name, port)
        self._targets[name] = target
        self._checks[name] = asyncio.create_task(self._watch(target))

    async def deregister(self, name: str, drain: float) -> None:
        """No new requests for this target; returns when it has none, or after `drain` seconds."""
        target = self._targets.pop(name, None)
        if target is None:
            return
        self._checks.pop(name).cancel()
        try:
            await asyncio.wait_for(target.idle.wait(), drain)
        except TimeoutError:
            _log.warning("%s still had %d requests", name, target.in_flight)

    def healthy(self) -> tuple[str, ...]:
        """The names of healthy targets."""
        return tuple(name for name, target in self._targets.items() if target.healthy)

    def began(self, name: str) -> bool:
        """Whether this target ever was healthy."""
        return name in self._targets and self._targets[name].began

    # ── health ──────────────────────────────────────────────────────────────────────────────────

    async def _watch(self, target: Target) -> None:
        while True:
            well = await self._check(target)
            target.streak = target.streak + 1 if well is not target.healthy else 0
            needed = self._health.healthy if well else self._health.unhealthy
            if target.streak and (not target.began or target.streak >= needed):
                target.healthy, target.streak = well, 0
                _log.info("%s is %s", target.name, "healthy" if well else "unhealthy")
                if not well:
                    self._unhealthy(target.name)
            target.began = target.began or well
            await asyncio.sleep(_CHECK_SECONDS if target.began else 0.05)

    async def _check(self, target: Target) -> bool:
        url = URL.build(scheme="http", host=LOOPBACK, port=target.port)
        timeout = aiohttp.ClientTimeout(total=self._health.timeout)
        try:
            async with self._sessions[1].get(
                url.join(URL(self._health.path, encoded=True)), timeout=timeout
            ) as answer:
                return any(low <= answer.status <= high for low, high in self._health.codes)
        except (aiohttp.ClientError, TimeoutError):
            return False

    # ── requests ────────────────────────────────────────────────────────────────────────────────

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        started = time.monotonic()
        tried: list[str] = []
        try:
            response = await self._spread(request, tried)
        except _TargetError as error:
            response = web.Response(status=error.status, text=f"{error}\n")
            if not request.can_read_body or request.content.is_eof():
                await response.prepare(request)
            else:
                response.force_close()  # what is left of the body is not read
        _log.info(
            "%s %s %d %.0f ms %s",
            request.method,
            request.path,  # without the query, which may hold a signature
            response.status,
            (time.monotonic() - started) * 1000,
            ",".join(tried),
        )
        return response

    async def _spread(self, request: web.BaseRequest, tried: list[str]) -> web.StreamResponse:
        body = _Body(request)
        for target in self._candidates():
            tried.append(target.name)
            target.in_flight += 1
            target.idle.clear()
            try:
                return await self._forward(request, body, target)
            except (aiohttp.ClientError, TimeoutError) as error:
                if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
                    # It refuses connections: no need to wait for the next check.
                    target.healthy = False
                    continue
                if isinstance(error, TimeoutError):
                    raise _TargetError(504, f"{target.name} did not answer in time") from error
                if request.method in _IDEMPOTENT and not body.begun:
                    continue
                raise _TargetError(502, f"{target.name} broke off before it answered") from error
            finally:
                target.in_flight -= 1
                if not target.in_flight:
                    target.idle.set()
        raise _TargetError(503, "no instance of the API answers")

    def _candidates(self) -> list[Target]:
        """Every target worth a try, whose turn it is first."""
        targets = list(self._targets.values())
        chosen = [target for target in targets if target.healthy]
        if not chosen:
            return targets
        first = next(self._turn) % len(chosen)
        return chosen[first:] + chosen[:first]

    async def _forward(
        self, request: web.BaseRequest, body: _Body, target: Target
    ) -> web.StreamResponse:
        url = URL(f"http://{LOOPBACK}:{target.port}{request.raw_path}", encoded=True)
        harmless = request.method in _IDEMPOTENT
        async with self._sessions[0 if harmless else 1].request(
            request.method,
            url,
            headers=self._request_headers(request),
            data=body.stream() if request.can_read_body else None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            response.headers.update(_end_to_end(answer.headers))
            bodiless = request.method == "HEAD" or answer.status in {204, 304}
            if not bodiless and answer.headers.get(hdrs.CONTENT_LENGTH) is None:
                response.enable_chunked_encoding()
            await response.prepare(request)
            try:
                if not bodiless:
                    async for chunk in answer.content.iter_any():
                        await response.write(chunk)
                await response.write_eof()
            except (aiohttp.ClientError, TimeoutError) as error:
                # The head is sent: all that is left is to break off, so that nobody takes a part
                # for the whole.
                _log.warning("%s broke off in its answer: %s", target.name, error)
                if request.transport is not None:
                    request.transport.abort()
            return response

    def _request_headers(self, request: web.BaseRequest) -> CIMultiDict[str]:
        headers = _end_to_end(request.headers)
        if self._drops_invalid_headers:
            for name in [name for name in headers if _VALID_NAME.fullmatch(name) is None]:
                del headers[name]
        before = headers.getall("X-Forwarded-For", [])
        headers["X-Forwarded-For"] = ", ".join([*before, request.remote or LOOPBACK])
        headers["X-Forwarded-Proto"] = "http"
        host = URL(f"//{request.host}") if request.host else None
        headers["X-Forwarded-Port"] = str((host and host.explicit_port) or 80)
        return headers


class _TargetError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Body:
    """A request's body, which can be sent once."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self.begun = False

    async def stream(self) -> AsyncIterator[bytes]:
        self.begun = True
        async for chunk in self._request.content.iter_any():
            yield chunk


def _end_to_end(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """`headers` without those that concern one connection only."""
    named = headers.get(hdrs.CONNECTION, "").lower().split(",")
    dropped = _HOP_BY_HOP | {name.strip() for name in named}
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if name.lower() not in dropped:
            kept.add(name, value)
    return kept
