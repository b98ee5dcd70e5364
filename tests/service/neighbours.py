"""What the tests of the API share: a client with a login, pictures, films, a server, a gate."""

from __future__ import annotations

import io
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import httpx
from PIL import Image

KEY = "a key for the tests: 32 bytes and more"
REGION = "us-east-1"
PASSWORD = "correct horse"  # noqa: S105 - of nobody

DATABASE_URI = "CINEMA_TEST_DATABASE_URI"
"""Run the same tests against another server that speaks MongoDB's protocol."""

Film: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Api:
    """Somebody who is logged in to the API at `base`."""

    client: httpx.Client
    username: str
    token: str
    base: str = ""

    @classmethod
    def joined(cls, client: httpx.Client, base: str = "") -> Api:
        """Register somebody new, and log them in."""
        name = f"user{secrets.token_hex(6)}"
        answer = client.request("POST", f"{base}/users", json=registration(name))
        assert answer.status_code == 201, answer.text
        return cls.logged_in(client, name, base)

    @classmethod
    def logged_in(cls, client: httpx.Client, name: str, base: str = "") -> Api:
        """Log somebody in who has registered."""
        answer = client.request("POST", f"{base}/login", json=credentials(name))
        assert answer.status_code == 200, answer.text
        return cls(client, name, answer.json()["token"], base)

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def home(self) -> str:
        return f"/users/{self.username}"

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        headers = {**self.bearer, **more.pop("headers", {})}
        return self.client.request(method, self.base + path, headers=headers, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.request("GET", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.request("PUT", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.request("POST", path, **more)

    def delete(self, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401
        return self.request("DELETE", path, **more)

    def upload(self, data: bytes, name: str = "cat.jpg") -> httpx.Response:
        return self.post("/images", files={"image": (name, data, "application/octet-stream")})


def registration(name: str) -> dict[str, str]:
    return {**credentials(name), "Email": f"{name}@example.com", "Birthday": "1990-05-17"}


def credentials(name: str) -> dict[str, str]:
    return {"Username": name, "Password": PASSWORD}


def picture(kind: str = "JPEG", size: tuple[int, int] = (60, 40), colour: str = "teal") -> bytes:
    """An image file."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def noise(size: tuple[int, int]) -> bytes:
    """A JPEG that does not compress, to have one of some length."""
    out = io.BytesIO()
    Image.effect_noise(size, 90).convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue()


def movies_by_the_page() -> list[dict[str, object]]:
    """Forty-five films as the collection holds them: two pages of twenty and a rest."""
    return [
        {
            "Title": f"Film {number:02}" if number else "Face/Off (1.5) [x]",
            "Description": "A quiet film." if number % 2 else "A loud film with a $ and a .*",
            "Genre": {"Name": ("Drama", "Comedy")[number % 2], "Description": "What it is."},
            "Director": {"Name": f"Director {number % 5}", "Bio": "Made films.", "Birth": "1900"},
            "ImagePath": "/posters/metropolis.svg",
            "Featured": number % 9 == 0,
        }
        for number in range(45)
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.05)
        else:
            return


def eventually(seconds: float = 20) -> Iterator[None]:
    """For loops that wait until something is so, and fail when it never is."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)
    raise AssertionError("it never came to be")


@contextmanager
def database_server(folder: Path) -> Iterator[str]:
    """The URI of a database server: the one that is named, else one of our own, which forgets.

    Ours is in a process of its own, and logs in `folder`.
    """
    if uri := os.environ.get(DATABASE_URI):
        yield uri
        return
    port = free_port()
    with (folder / "log").open("wb") as output:
        server = subprocess.Popen(
            [
                Path(sys.executable).with_name("secantusd-py"),
                *("--port", str(port), "--storage-path", ":memory:", "--log-level", "WARNING"),
            ],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_for_port(port)
        yield f"mongodb://127.0.0.1:{port}/?directConnection=true"
    finally:
        server.terminate()
        server.wait(10)


@dataclass(frozen=True)
class Served:
    """An API in a process of its own."""

    base: str
    port: int
    process: subprocess.Popen[bytes]
    output: Path

    def lines(self) -> list[dict[str, Any]]:
        """What it has logged."""
        return [json.loads(line) for line in self.output.read_bytes().splitlines()]


@contextmanager
def serving(environment: Mapping[str, str], *arguments: str) -> Iterator[Served]:
    """Run `cinema-api serve` on a free port until the context ends."""
    port = free_port()
    output = Path(environment["TMPDIR"]) / f"log-{port}"
    # Not a pipe: nobody reads while it runs, and a full pipe would stop it.
    with output.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cinema_api", "serve", *arguments],
            env={**environment, "CINEMA_PORT": str(port)},
            stdout=log,
            stderr=log,
        )
    try:
        wait_for_port(port)
        yield Served(f"http://127.0.0.1:{port}", port, process, output)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


class Gate:
    """A way to a server that can be shut and opened again: real sockets, really cut."""

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self._target = target
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self.open()

    def open(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse who comes, and cut off who is there."""
        listener, self._listener = self._listener, None
        if listener is not None:
            # Wakes the thread that waits in accept, which closing alone does not.
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in tuple(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            for source, sink in ((near, far), (far, near)):
                self._open.add(source)
                threading.Thread(target=self._pipe, args=(source, sink), daemon=True).start()

    def _pipe(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        finally:
            self._open.discard(source)
            for end in (source, sink):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            source.close()
