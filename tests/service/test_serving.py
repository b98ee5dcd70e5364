"""The process: how it starts, what it writes, and how it stops."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.service.neighbours import (
    PASSWORD,
    Api,
    Served,
    eventually,
    free_port,
    noise,
    picture,
    serving,
)


def _upload(served: Served, api: Api, data: bytes) -> tuple[bytes, bytes]:
    """A request in two halves, for who is slow."""
    form = (
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="slow.jpg"\r\n\r\n'
        + data
        + b"\r\n--x--\r\n"
    )
    head = (
        f"POST /images HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\n"
        f"Authorization: Bearer {api.token}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        f"Content-Length: {len(form)}\r\nConnection: close\r\n\r\n"
    ).encode()
    half = len(form) // 2
    return head + form[:half], form[half:]


def _rest(connection: socket.socket) -> bytes:
    answer = b""
    while data := connection.recv(65536):
        answer += data
    return answer


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return True
    return False


def test_who_is_being_answered_when_it_stops_gets_the_answer(
    environment: Mapping[str, str], http: httpx.Client
) -> None:
    with serving(environment) as served:
        api = Api.joined(http, served.base)
        first, second = _upload(served, api, noise((200, 200)))
        with socket.create_connection(("127.0.0.1", served.port), 20) as connection:
            connection.sendall(first)
            for _ in eventually():
                if "cinema_requests_in_progress 2.0" in http.get(f"{served.base}/metrics").text:
                    break
            served.process.send_signal(signal.SIGTERM)
            for _ in eventually():
                if _refuses(served.port):
                    break
            assert served.process.poll() is None
            connection.sendall(second)
            answer = _rest(connection)
        assert answer.startswith(b"HTTP/1.1 201 "), answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["Name"] == "slow.jpg"
        assert served.process.wait(10) == 0


def test_who_never_ends_is_not_waited_for(
    environment: Mapping[str, str], http: httpx.Client
) -> None:
    slow = {**environment, "CINEMA_DRAIN_SECONDS": "1", "CINEMA_UPLOAD_SECONDS": "600"}
    with serving(slow) as served:
        first, _ = _upload(served, Api.joined(http, served.base), picture())
        with socket.create_connection(("127.0.0.1", served.port), 20) as connection:
            connection.sendall(first)
            served.process.send_signal(signal.SIGTERM)
            served.process.wait(10)


def test_several_workers_answer_as_one(environment: Mapping[str, str], http: httpx.Client) -> None:
    with serving(environment, "--workers", "2") as served:
        for _ in eventually():
            if http.get(f"{served.base}/readyz").status_code == 200:
                break
        for _ in range(20):
            # Each on a connection of its own, so that both workers have some.
            with httpx.Client(trust_env=False) as one:
                one.get(f"{served.base}/healthz")
        count = r'cinema_requests_total{method="GET",route="/healthz",status="200"} 20.0'
        assert count in http.get(f"{served.base}/metrics").text


def test_logs_are_json_and_about_nobody(environment: Mapping[str, str], http: httpx.Client) -> None:
    with serving(environment) as served:
        api = Api.joined(http, served.base)
        api.get(f"{api.home}?token={api.token}", headers={"X-Request-Id": "abc-1"})
        api.get("/movies?search=somebody-private")
        api.upload(picture(), "private-holiday.jpg")
        http.post(f"{served.base}/login?Username={api.username}&Password=wrong-{PASSWORD}")
        http.get(f"{served.base}/%0a%22forged%22")
    lines = served.lines()
    requests = [line for line in lines if line["event"] == "request"]
    assert len(requests) == 7
    for line in requests:
        assert set(line) == {
            *("event", "level", "at", "request_id", "method", "route", "status", "ms")
        }
        assert re.fullmatch(r"[0-9a-f]{32}|abc-1", line["request_id"])
    assert [line["route"] for line in requests] == [
        "/users",
        "/login",
        "/users/{username}",
        "/movies",
        "/images",
        "/login",
        "none",
    ]
    text = served.output.read_text()
    for private in (api.username, api.token, PASSWORD, "private", "example.com", "127.0.0.1"):
        assert private not in text


def test_metrics_count_routes_and_name_nobody(
    environment: Mapping[str, str], http: httpx.Client
) -> None:
    with serving(environment) as served:
        api = Api.joined(http, served.base)
        api.get(api.home)
        http.request("BREW", f"{served.base}/movies")
        answer = http.get(f"{served.base}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'cinema_requests_total{method="POST",route="/users",status="201"} 1.0' in answer.text
    assert 'route="/users/{username}",status="200"} 1.0' in answer.text
    assert 'cinema_request_seconds_count{route="/users/{username}"} 1.0' in answer.text
    assert 'method="other"' in answer.text
    assert "BREW" not in answer.text
    assert api.username not in answer.text


def test_metrics_are_not_for_the_public(environment: Mapping[str, str], http: httpx.Client) -> None:
    behind = {**environment, "CINEMA_TRUSTED_PROXIES": "127.0.0.0/8"}
    with serving(behind) as served:
        through = http.get(f"{served.base}/metrics", headers={"X-Forwarded-For": "203.0.113.9"})
        direct = http.get(f"{served.base}/metrics")
    assert through.status_code == 404
    assert direct.status_code == 200


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"CINEMA_IMAGE_BUCKET": ""}, "CINEMA_IMAGE_BUCKET: must be set"),
        ({"CINEMA_JWT_KEYS": "short"}, "CINEMA_JWT_KEYS: key 1 has 5 bytes; 32 are the least"),
        ({"CINEMA_PORT": "http"}, "CINEMA_PORT: 'http' is not a whole number from 0 to 65535"),
        (
            {"CINEMA_PUBLIC_SCHEME": "ftp"},
            "CINEMA_PUBLIC_SCHEME: 'ftp' is neither http nor https",
        ),
    ],
)
def test_what_it_cannot_start_with_is_named(
    environment: Mapping[str, str], changed: Mapping[str, str], message: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cinema_api", "serve"],
        env={**environment, **changed},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr == f"cinema-api: {message}\n"


def test_it_ends_where_its_secrets_cannot_be_read(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    missing = "arn:aws:secretsmanager:us-east-1:123456789012:secret:missing"
    variables = {name: value for name, value in environment.items() if name != "CINEMA_JWT_KEYS"}
    done = subprocess.run(
        [sys.executable, "-m", "cinema_api", "serve"],
        env={
            **variables,
            "CINEMA_JWT_KEYS_ARN": missing,
            "CINEMA_PORT": str(free_port()),
            "TMPDIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode not in {0, None}
    assert "CINEMA_JWT_KEYS_ARN cannot be read" in done.stdout + done.stderr
    assert list(tmp_path.iterdir()) == []
