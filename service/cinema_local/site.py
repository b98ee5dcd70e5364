"""The site as S3 serves it, and the one page from which everything of the run can be reached.

The site comes from the emulated bucket, asked for as anybody on the internet would ask: without
credentials, so that the bucket's policy decides, and with the type and caching that the program
gave each object.
"""

from __future__ import annotations

import html
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import aiohttp
from aiohttp import hdrs, web
from yarl import URL

from cinema_local.fleet import Website
from cinema_local.plan import Plan, Step
from stackproof.reports.html import policy

_PAGES = Path(__file__).with_name("pages")
_ASKED = (hdrs.IF_NONE_MATCH, hdrs.IF_MODIFIED_SINCE, hdrs.RANGE)
_ANSWERED = (
    hdrs.ACCEPT_RANGES, hdrs.CACHE_CONTROL, hdrs.CONTENT_DISPOSITION, hdrs.CONTENT_ENCODING,
    hdrs.CONTENT_LANGUAGE, hdrs.CONTENT_LENGTH, hdrs.CONTENT_RANGE, hdrs.CONTENT_TYPE, hdrs.ETAG,
    hdrs.LAST_MODIFIED,
)  # fmt: skip
_MISSING: Final = frozenset({403, 404})
"""Without the right to list, S3 answers 403 for what is not there."""

_NAMED: Final = 6
"""How many resources of a type are named before the rest are counted."""

_OURS = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Links:
    """What the landing page leads to and tells of."""

    stack: str
    api: str
    verdict: str
    stand_ins: tuple[tuple[str, str], ...]


class Site:
    """Serves the website at /site/, and the landing page, the report and the logs beside it."""

    def __init__(
        self, website: Website, *, endpoint: str, trust: ssl.SSLContext, logs: Path, report: Path
    ) -> None:
        self._website = website
        self._endpoint = endpoint
        self._trust = trust
        self._logs = logs
        self._report = report
        self._landing = ""
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self, listener: socket.socket) -> None:
        """Serve on a listening socket."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._trust), auto_decompress=False
        )
        app = web.Application()
        app.add_routes(
            [
                web.get("/", self._show_landing),
                web.get("/landing.css", _stylesheet),
                web.get("/site", _to_site),
                web.get("/site/{key:.*}", self._object),
                web.get("/report/", self._show_report),
                web.get("/report.json", self._report_data),
                web.get("/logs/", self._list_logs),
                web.get("/logs/{name:[a-z0-9-]+[.]log}", self._show_log),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """End."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    def tell(self, links: Links, plan: Plan) -> None:
        """Fill the landing page."""
        page = Template((_PAGES / "landing.html").read_text(encoding="utf-8"))
        self._landing = page.substitute(
            stack=html.escape(links.stack),
            api=html.escape(links.api),
            verdict=html.escape(links.verdict),
            stand_ins=_rows(links.stand_ins),
            made=_rows(_made(plan.steps)),
            left_out=_rows((_short(kind), str(count)) for kind, count in plan.left_out.items()),
        )

    # ── the website ─────────────────────────────────────────────────────────────────────────────

    async def _object(self, request: web.Request) -> web.StreamResponse:
        # As it was sent: a key may hold a slash in the spelling `%2F`.
        key = request.raw_path.partition("?")[0].removeprefix("/site/")
        if not key or key.endswith("/"):
            key += self._website.index
        answer, body = await self._ask(key, request)
        status = answer.status
        if status in _MISSING and self._website.error is not None:
            # S3 User Guide, "Configuring a custom error document": its text, with the error's
            # status.
            found, text = await self._ask(self._website.error, None)
            if found.status == 200:  # noqa: PLR2004 - HTTP's OK
                answer, body = found, text
        response = web.Response(status=status, body=body)
        for name in _ANSWERED:
            if name in answer.headers:
                response.headers[name] = answer.headers[name]
        return response

    async def _ask(
        self, key: str, request: web.Request | None
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        assert self._session is not None  # noqa: S101 - requests come only after `start`
        headers = {}
        if request is not None:
            headers = {name: request.headers[name] for name in _ASKED if name in request.headers}
        url = URL(f"{self._endpoint}/{self._website.bucket}/{key}", encoded=True)
        try:
            async with self._session.request(
                "GET" if request is None else request.method, url, headers=headers
            ) as answer:
                return answer, await answer.read()
        except aiohttp.ClientError as error:
            raise web.HTTPBadGateway(text=f"the bucket cannot be reached: {error}\n") from error

    # ── the run ─────────────────────────────────────────────────────────────────────────────────

    async def _show_landing(self, _request: web.Request) -> web.Response:
        if not self._landing:
            raise web.HTTPServiceUnavailable(text="It is still starting.\n")
        return _page(self._landing)

    async def _show_report(self, _request: web.Request) -> web.Response:
        # Its own style and script, which only the browser of this page runs.
        text = _read(self._report / "report.html")
        headers = {**_OURS, "Content-Security-Policy": f"{policy()}; frame-ancestors 'none'"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _report_data(self, _request: web.Request) -> web.Response:
        text = _read(self._report / "report.json")
        return web.Response(text=text, content_type="application/json", headers=_OURS)

    async def _list_logs(self, _request: web.Request) -> web.Response:
        names = sorted(path.name for path in self._logs.glob("*.log"))
        items = "\n".join(f'<li><a href="/logs/{name}">{name}</a></li>' for name in names)
        return _page(
            '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Logs</title>'
            '<link rel="stylesheet" href="/landing.css"></head>'
            f"<body><main><h1>Logs</h1><ul>{items}</ul></main></body></html>"
        )

    async def _show_log(self, request: web.Request) -> web.Response:
        text = _read(self._logs / request.match_info["name"])
        return web.Response(text=text, content_type="text/plain", headers=_OURS)


async def _stylesheet(_request: web.Request) -> web.Response:
    text = (_PAGES / "landing.css").read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/css", headers=_OURS)


async def _to_site(_request: web.Request) -> web.Response:
    raise web.HTTPMovedPermanently("/site/")


def _page(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", headers=_OURS)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise web.HTTPNotFound from None


def _made(steps: Iterable[Step]) -> Iterator[tuple[str, ...]]:
    """Of each type: which resources, by which calls, and what of their inputs changes nothing."""
    by_type: dict[str, list[Step]] = {}
    for step in steps:
        by_type.setdefault(step.type, []).append(step)
    for kind, alike in sorted(by_type.items()):
        names = sorted(step.name for step in alike)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        calls = dict.fromkeys(call.operation for step in alike for call in step.calls)
        ignored = {name for step in alike for name in step.without_effect}
        yield (
            _short(kind),
            ", ".join(names[:_NAMED]) + more,
            ", ".join(calls),
            ", ".join(sorted(ignored)),
        )


def _short(kind: str) -> str:
    """`aws:s3/bucket:Bucket` as Pulumi's Python names it: `s3.Bucket`."""
    module, _, name = kind.removeprefix("aws:").partition(":")
    return f"{module.partition('/')[0]}.{name}"


def _rows(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
