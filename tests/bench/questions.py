"""What is asked under load, and whether two servers give the same answer to it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import jwt

from tests.bench.node import Question
from tests.service.in_memory import SOMEBODY, somebodys_token
from tests.service.neighbours import KEY, PASSWORD

_BEARER = {"Authorization": f"Bearer {somebodys_token()}"}
_COMPARED = (
    "content-type",
    "content-length",
    "x-total-count",
    "x-page",
    "x-page-size",
    "ratelimit-limit",
)

MOVIES = Question("GET /movies", ("/movies?page=3&pageSize=20",), headers=_BEARER)
QUESTIONS = (
    MOVIES,
    # More pages than the API keeps rendered, and hardly two at once that could share a read.
    Question(
        "GET /movies, 100 pages",
        tuple(f"/movies?page={page}&pageSize={size}" for size in (19, 20) for page in range(1, 51)),
        headers=_BEARER,
    ),
    Question(
        "POST /login",
        ("/login",),
        method="POST",
        headers={"Content-Type": "application/json"},
        body=json.dumps({"Username": SOMEBODY.username, "Password": PASSWORD}),
    ),
    Question("GET /images", ("/images",), headers=_BEARER),
    Question("GET /images/{key}", ("/images/thumbnails%2Fpicture-07.jpg",), headers=_BEARER),
)


class DifferentError(Exception):
    """The two do not give the same answer: measuring them side by side would mean nothing."""


def require_same(question: Question, one: str, other: str) -> None:
    """Ask both servers, by their addresses, the first path; raises DifferentError."""
    first, second = _answer(question, one), _answer(question, other)
    for part in first:
        if first[part] != second[part]:
            shown = f"{first[part]!r:.500}\nis not\n{second[part]!r:.500}"
            raise DifferentError(f"{question.name} at {one} and {other}: {part}\n{shown}")


def _answer(question: Question, base: str) -> dict[str, Any]:
    with httpx.Client(trust_env=False, timeout=60) as client:
        answer = client.request(
            question.method,
            base + question.paths[0],
            # As the load generator asks: it takes no compressed answers.
            headers={**question.headers, "Accept-Encoding": "identity"},
            content=question.body,
        )
    headers = {name: answer.headers.get(name) for name in _COMPARED}
    # The one says of JSON that it is of UTF-8, which it always is.
    headers["content-type"] = headers["content-type"].partition(";")[0]
    is_json = headers["content-type"] == "application/json"
    body = _without_place_and_time(answer.json(), base) if is_json else answer.content
    return {"status": answer.status_code, **headers, "body": body}


def _without_place_and_time(body: Any, base: str) -> Any:  # noqa: ANN401 - it is JSON
    """The body but for what must differ: the server's address, and when a token was made."""
    if isinstance(body, dict) and "token" in body:
        claims = jwt.decode(body["token"], KEY, algorithms=["HS256"])
        claims["exp"] -= claims.pop("iat")
        return {**body, "token": claims}
    return json.loads(json.dumps(body).replace(base, ""))
