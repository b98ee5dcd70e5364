"""A double of GitHub's REST API: as much of it as publishing needs, with pages and refusals."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a-token"  # noqa: S105 - of nobody
REPOSITORY = "someone/cinema"


@dataclass
class GitHubDouble:
    """What is in the repository, and what was asked of it."""

    pulls: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    uploads: list[dict[str, Any]] = field(default_factory=list)
    scanning: bool = True
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def open_pull(self, number: int, head: str, sha: str) -> None:
        """A pull request from `head`, `owner:branch`."""
        self.pulls.append({"number": number, "label": head, "head": {"sha": sha}})

    def say(self, number: int, author: str, body: str) -> int:
        """Somebody comments; returns the comment's id."""
        made = 1000 + sum(map(len, self.comments.values()))
        one = {"id": made, "body": body, "user": {"login": author}}
        self.comments.setdefault(number, []).append(one)
        return made

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:  # noqa: ANN401, PLR0911 - JSON; one a route
        """The status and the JSON of one call below the repository."""
        match method, path.split("/"):
            case "GET", ["pulls"]:
                return 200, _page([p for p in self.pulls if p["label"] == query["head"]], query)
            case "GET", ["issues", number, "comments"]:
                return 200, _page(self.comments.get(int(number), []), query)
            case "POST", ["issues", number, "comments"]:
                return 201, {"id": self.say(int(number), "github-actions[bot]", body["body"])}
            case "PATCH", ["issues", "comments", wanted]:
                every = (one for said in self.comments.values() for one in said)
                one = next(one for one in every if one["id"] == int(wanted))
                one["body"] = body["body"]
                return 200, one
            case "POST", ["code-scanning", "sarifs"]:
                if self.scanning:
                    self.uploads.append(body)
                    return 202, {"id": "1"}
                return 403, {"message": "Code scanning is not enabled for this repository."}
        return 404, {"message": "Not Found"}


def _page(items: list[Any], query: dict[str, str]) -> list[Any]:
    size, page = int(query["per_page"]), int(query["page"])
    return items[size * (page - 1) : size * page]


@contextmanager
def github_double() -> Iterator[GitHubDouble]:
    """The double, answering at its `url` on loopback."""
    double = GitHubDouble()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _handle(self) -> None:
            place = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            query = {name: values[0] for name, values in parse_qs(place.query).items()}
            prefix = f"/repos/{REPOSITORY}/"
            double.asked.append(f"{self.command} {place.path}")
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                status, found = 401, {"message": "Bad credentials"}
            elif not place.path.startswith(prefix):
                status, found = 404, {"message": "Not Found"}
            else:
                path = place.path.removeprefix(prefix)
                status, found = double.answer(self.command, path, query, body)
            data = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = _handle  # noqa: N815 - as http.server names them

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    double.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
