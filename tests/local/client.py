"""Somebody who uses the product, by HTTP alone."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Callable

import httpx
from PIL import Image

PASSWORD = "correct horse battery"  # noqa: S105 - of somebody made up
_PATIENCE_SECONDS = 20.0


def picture(kind: str = "JPEG", colour: str = "teal", size: tuple[int, int] = (640, 480)) -> bytes:
    """An image of one colour."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes true within some seconds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def speaking_to(api: str) -> httpx.Client:
    """A client of HTTP that believes no proxy of this machine's."""
    return httpx.Client(base_url=api, trust_env=False, timeout=20)


class Somebody:
    """A registered user who is logged in."""

    def __init__(self, http: httpx.Client, username: str | None = None) -> None:
        self.http = http
        self.username = username or f"user{uuid.uuid4().hex[:12]}"

    def register(self) -> Somebody:
        """Become known."""
        who = {"Username": self.username, "Password": PASSWORD, "Email": "me@example.com"}
        assert self.http.post("/users", json=who).status_code == 201
        return self

    def log_in(self) -> Somebody:
        """Show a token from now on."""
        who = {"Username": self.username, "Password": PASSWORD}
        answer = self.http.post("/login", json=who)
        assert answer.status_code == 200, answer.text
        self.http.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return self

    def upload(self, data: bytes, name: str = "cat.jpg") -> httpx.Response:
        """Send an image."""
        return self.http.post("/images", files={"image": (name, data)})

    def stored(self) -> list[str]:
        """The keys of all images."""
        answer = self.http.get("/images")
        assert answer.status_code == 200, answer.text
        return [entry["Key"] for entry in answer.json()["Contents"]]
