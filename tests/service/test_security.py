"""What somebody with bad intentions tries first."""

from __future__ import annotations

import base64
import io
import json
import secrets
import socket
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest
from litestar.testing import TestClient
from PIL import Image
from pymongo import MongoClient

from cinema_api.app import create_app
from cinema_api.settings import Settings
from tests.service import in_memory
from tests.service.neighbours import (
    KEY,
    PASSWORD,
    Api,
    Film,
    Served,
    credentials,
    picture,
    registration,
    serving,
)

SITE = "https://films.example.com"


@pytest.fixture(scope="module")
def served(environment: Mapping[str, str]) -> Iterator[Served]:
    with serving(environment) as served:
        yield served


class TestOthers:
    """What belongs to somebody else."""

    @pytest.fixture
    def other(self, api: Api) -> Api:
        return Api.joined(api.client)

    @pytest.mark.parametrize(
        ("request_", "body"),
        [
            ("GET ", None),
            ("PUT ", {"Email": "mine@example.org"}),
            ("PUT ", {"Password": "stolen horse"}),
            ("DELETE ", None),
            ("POST /FavoriteMovies/{film}", None),
            ("DELETE /FavoriteMovies/{film}", None),
        ],
    )
    def test_it_is_neither_seen_nor_changed(
        self, api: Api, other: Api, film: Film, request_: str, body: object
    ) -> None:
        before = other.get(other.home).json()
        method, path = request_.format(film=film["_id"]).split(" ")
        answer = api.request(method, other.home + path, json=body)
        assert answer.status_code == 403
        assert other.username not in answer.text
        assert other.get(other.home).json() == before
        assert Api.logged_in(api.client, other.username)

    def test_who_does_not_exist_looks_like_who_does(self, api: Api, other: Api) -> None:
        there, nowhere = (api.get(f"/users/{name}") for name in (other.username, "nobodyatall"))
        assert (there.status_code, there.content) == (nowhere.status_code, nowhere.content)

    def test_a_name_in_other_letters_is_another_name(self, api: Api) -> None:
        assert api.get(f"/users/{api.username.upper()}").status_code == 403

    def test_fields_that_are_not_theirs_to_set_are_not_set(self, api: Api) -> None:
        before = api.get(api.home).json()
        api.put(api.home, json={"_id": "0" * 24, "FavoriteMovies": ["0" * 24], "Admin": True})
        assert api.get(api.home).json() == before

    def test_a_password_is_never_shown(self, api: Api) -> None:
        for answer in (api.get(api.home), api.put(api.home, json={"Password": "another horse"})):
            assert "assword" not in answer.text
            assert "argon2" not in answer.text


def _token(key: str = KEY, algorithm: str = "HS256", **changed: object) -> str:
    now = int(time.time())
    payload = {"sub": "somebody", "uid": "0" * 24, "iat": now, "exp": now + 600, **changed}
    payload = {name: value for name, value in payload.items() if value is not None}
    return jwt.encode(payload, key if algorithm != "none" else "", algorithm)


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


class TestTokens:
    """Tokens that we did not give, or that count no more."""

    def test_ours_opens(self, api: Api) -> None:
        claims = _claims(api.token)
        again = _token(sub=claims["sub"], uid=claims["uid"])
        answer = api.client.request("GET", api.home, headers={"Authorization": f"bearer {again}"})
        assert answer.status_code == 200
        assert claims["exp"] - claims["iat"] == 7 * 24 * 3600

    # That a key is short for an algorithm that we do not take is no worry.
    @pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
    @pytest.mark.parametrize(
        "changed",
        [
            {"key": "another key that is long enough, and unknown"},
            {"algorithm": "none"},
            {"algorithm": "HS512"},
            {"exp": int(time.time()) - 1},
            {"exp": None},
            {"exp": "soon"},
            {"uid": None},
            {"uid": {"$ne": ""}},
            {"uid": "0" * 24},
            {"sub": None},
        ],
    )
    def test_forged_ones_do_not(self, api: Api, changed: dict[str, Any]) -> None:
        claims = _claims(api.token)
        token = _token(**{"sub": claims["sub"], "uid": claims["uid"], **changed})
        for path in (api.home, "/movies?page=1", "/movies/"):
            answer = api.client.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 401

    @pytest.mark.parametrize(
        "value",
        ["", "Bearer", "Bearer ", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 9000],
    )
    def test_nonsense_does_not(self, api: Api, value: str) -> None:
        answer = api.client.request("GET", api.home, headers={"Authorization": value})
        assert answer.status_code == 401

    def test_a_changed_token_does_not(self, api: Api) -> None:
        head, payload, signature = api.token.split(".")
        claims = {**_claims(api.token), "sub": "somebodyelse"}
        other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
        for token in (
            f"{head}.{other}.{signature}",
            f"{none}.{payload}.",
            f"{none}.{payload}.{signature}",
            f"{head}.{payload}.",
        ):
            answer = api.client.request(
                "GET", api.home, headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 401

    def test_who_takes_the_name_of_one_who_is_gone_does_not_inherit(self, api: Api) -> None:
        api.delete(api.home)
        api.client.request("POST", "/users", json=registration(api.username))
        assert api.get(api.home).status_code == 401

    def test_they_are_not_taken_from_the_query(self, api: Api) -> None:
        answer = api.client.request("GET", f"{api.home}?token={api.token}&access_token={api.token}")
        assert answer.status_code == 401


class TestOperators:
    """Values that would be commands to the database."""

    @pytest.mark.parametrize("value", [{"$ne": None}, {"$gt": ""}, {"$regex": "."}, ["x"], 1, True])
    @pytest.mark.parametrize("field", ["Username", "Password"])
    def test_no_login_by_operator(self, api: Api, field: str, value: object) -> None:
        body = {**credentials(api.username), field: value}
        answer = api.client.request("POST", "/login", json=body)
        assert (answer.status_code, answer.json()["user"]) == (400, False)

    @pytest.mark.parametrize(
        "query",
        [
            "Username[$ne]=x&Password[$ne]=x",
            "Username={name}&Password[$ne]=x",
            "Username={name}&Password=x&Password=y",
        ],
    )
    def test_no_login_by_query(self, api: Api, query: str) -> None:
        answer = api.client.request("POST", f"/login?{query.format(name=api.username)}")
        assert answer.status_code == 400

    @pytest.mark.parametrize("field", ["Username", "Email", "Birthday", "Password"])
    def test_none_is_kept(self, api: Api, field: str) -> None:
        answer = api.put(api.home, json={field: {"$set": {"Username": "other"}}})
        assert answer.status_code == 422
        assert api.put(api.home, json={"$set": {"Email": "x@example.org"}}).status_code == 200
        assert api.get(api.home).json()["Email"] == f"{api.username}@example.com"

    @pytest.mark.parametrize(
        "query",
        ["genre[$ne]=x", "genre={'$ne':1}", "search[$regex]=.", "director[]=x", "sort[$gt]=1"],
    )
    def test_none_is_asked(self, api: Api, query: str) -> None:
        answer = api.get(f"/movies?{query}&page=1")
        assert answer.status_code == 200
        everything = "{" not in query
        assert bool(answer.json()) == everything

    @pytest.mark.parametrize(
        "text", ["%5C", "%5B", "(%3F%3C", "%24where", "%00", "a%00b", "%5Cp%7B", "(a%2B)%2B%24"]
    )
    def test_a_search_is_text_and_no_pattern(self, api: Api, text: str) -> None:
        answer = api.get(f"/movies?search={text}")
        assert answer.status_code == 200
        assert len(answer.json()) < 45

    @pytest.mark.parametrize(
        "path", ["/movies/{'$ne':1}", "/movies/%24ne", "/movies/genres/%7B%22%24ne%22%3A1%7D"]
    )
    def test_none_is_in_a_path(self, api: Api, path: str) -> None:
        assert api.get(path).status_code == 404

    @pytest.mark.parametrize("text", ["\\ud800", "\\u0000abcd", "a\\u202eb"])
    def test_text_that_is_none_is_refused(self, client: httpx.Client, text: str) -> None:
        body = f'{{"Username": "{text}", "Password": "{PASSWORD}"}}'.encode()
        for path in ("/login", "/users"):
            answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert answer.status_code in {400, 422}


class TestKeys:
    """Keys that would lead out of the two folders, in every spelling."""

    @pytest.fixture(autouse=True)
    def secret(self, s3: Any, bucket: str) -> bytes:  # noqa: ANN401 - made at run time
        s3.put_object(Bucket=bucket, Key="secret.txt", Body=b"the secret")
        return b"the secret"

    @pytest.mark.parametrize(
        "key",
        [
            "secret.txt",
            "/secret.txt",
            "..%2fsecret.txt",
            "orig%2f..%2fsecret.txt",
            "orig/../secret.txt",
            "orig%2F%2e%2e%2Fsecret.txt",
            "orig%252F..%252Fsecret.txt",
            "orig%2f%252e%252e%2fsecret.txt",
            "orig%5c..%5csecret.txt",
            "orig%2f..%5csecret.txt",
            "orig%2f.%2f..%2fsecret.txt",
            "orig%2f%2f..%2f..%2fsecret.txt",
            "orig%c0%af..%c0%afsecret.txt",
            "orig%2f%ef%bc%8e%ef%bc%8e%2fsecret.txt",
            "orig%2f..%00%2fsecret.txt",
            "thumbnails%2f..%2fsecret.txt",
            "ORIG%2fsecret.txt",
            "orig",
            "orig%2f",
            "orig%2f..",
            "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
            "orig%2f%0d%0aX-Injected:%201",
        ],
    )
    def test_none_is_read(
        self, served: Served, http: httpx.Client, secret: bytes, key: str
    ) -> None:
        api = Api.joined(http, served.base)
        status, answer = _raw(
            served,
            f"GET /images/{key} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {api.token}\r\nConnection: close\r\n\r\n",
        )
        assert status in {400, 404}
        assert secret not in answer
        assert b"\r\nX-Injected" not in answer

    @pytest.mark.parametrize("name", ["..%2fmovies.json", "%2e%2e", "..", "a.svg%00.svg", "A.svg"])
    def test_no_poster_leads_out_of_its_folder(self, client: httpx.Client, name: str) -> None:
        assert client.get(f"/posters/{name}").status_code == 404


class TestSignedAddresses:
    """Addresses for `<img>`, which are good for one image and for a while."""

    @pytest.fixture
    def url(self, api: Api) -> httpx.URL:
        return httpx.URL(api.upload(picture(), "signed.jpg").json()["Url"])

    def test_it_opens_its_image_without_a_login(self, api: Api, url: httpx.URL) -> None:
        assert api.client.request("GET", str(url)).status_code == 200

    def test_nothing_opens_without_one(self, api: Api, url: httpx.URL) -> None:
        bare = str(url).partition("?")[0]
        assert api.client.request("GET", bare).status_code == 401
        assert api.client.request("GET", "/images").status_code == 401
        assert api.client.request("GET", "/images/orig%2Fnone.jpg").status_code == 401

    def test_it_opens_no_other(self, api: Api, url: httpx.URL) -> None:
        other = api.upload(picture(), "other.jpg").json()["Url"].partition("?")[0]
        answer = api.client.request("GET", f"{other}?{url.query.decode()}")
        assert answer.status_code == 401

    @pytest.mark.parametrize(
        "changed",
        [{"expires": "99999999999"}, {"expires": "0"}, {"signature": "x"}, {"signature": ""}],
    )
    def test_a_changed_one_opens_nothing(
        self, api: Api, url: httpx.URL, changed: dict[str, str]
    ) -> None:
        answer = api.client.request("GET", str(url.copy_merge_params(changed)))
        assert answer.status_code == 401

    def test_it_is_no_token(self, api: Api, url: httpx.URL) -> None:
        headers = {"Authorization": f"Bearer {url.params['signature']}"}
        assert api.client.request("GET", "/movies", headers=headers).status_code == 401


class TestBodies:
    """Bodies that are too large, too slow or not what they say."""

    def test_a_large_upload_is_refused_before_it_comes(self, served: Served) -> None:
        status, answer = _raw(served, _upload_head(served, length=2**40))
        assert status == 413, answer

    def test_a_large_upload_that_does_not_say_so_is_refused(self, served: Served) -> None:
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        with socket.create_connection(("127.0.0.1", served.port), 20) as connection:
            body = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
            connection.sendall(_upload_head(served, chunked=True).encode())
            connection.sendall(f"{len(body):x}\r\n".encode() + body + b"\r\n")
            try:
                for _ in range(40):
                    connection.sendall(chunk)
            except OSError:
                pass
            answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 413 ")

    def test_who_sends_nothing_more_is_not_waited_for(self, served: Served) -> None:
        # CINEMA_UPLOAD_SECONDS is two here.
        status, answer = _raw(served, _upload_head(served, length=1000) + "--x\r\n")
        assert status == 408
        assert b"did not arrive in time" in answer

    def test_many_fields_beside_the_file_are_refused(self, api: Api) -> None:
        files = [(f"field{n}", (None, b"x")) for n in range(40)]
        answer = api.post("/images", files=[*files, ("image", ("a.jpg", picture()))])
        assert answer.status_code == 413

    def test_a_header_without_an_end_is_refused(self, served: Served) -> None:
        with socket.create_connection(("127.0.0.1", served.port), 20) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: ")
            try:
                for _ in range(64):
                    connection.sendall(b"x" * 65536)
                answer = connection.recv(65536)
            except OSError:
                answer = b""
        assert b" 200 " not in answer


def _png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(chunk(*each) for each in chunks)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


class TestBombs:
    """Small files that unpack to much."""

    def test_many_pixels_are_refused_undecoded(self, api: Api) -> None:
        answer = api.upload(_png(60_000, 60_000), "bomb.png")
        assert answer.status_code == 413
        assert answer.json()["extra"] == {"most_pixels": 50_000_000}

    def test_text_that_unpacks_to_much_is_refused(self, api: Api) -> None:
        bomb = b"Comment\0\0" + zlib.compress(b"x" * 200_000_000, 9)
        assert api.upload(_png(10, 10, (b"zTXt", bomb)), "bomb.png").status_code == 422

    def test_a_colour_profile_that_unpacks_to_much_does_no_harm(self, api: Api) -> None:
        bomb = b"profile\0\0" + zlib.compress(b"x" * 200_000_000, 9)
        assert api.upload(_png(10, 10, (b"iCCP", bomb)), "bomb.png").status_code in {201, 422}

    def test_a_jpeg_of_very_many_scans_is_refused(self, api: Api) -> None:
        out = io.BytesIO()
        Image.effect_noise((64, 64), 90).save(out, "JPEG", progressive=True)
        data = out.getvalue()
        scan = data[data.rindex(b"\xff\xda") : -2]
        answer = api.upload(data[:-2] + scan * 2000 + data[-2:], "scans.jpg")
        assert answer.status_code == 422

    def test_a_film_behind_a_photo_is_not_taken_for_its_scans(self, api: Api) -> None:
        film = b"\xff\xda\x00\x08" * 100_000
        assert api.upload(picture() + film, "motion.jpg").status_code == 201

    def test_a_jpeg_of_several_scans_is_kept(self, api: Api) -> None:
        out = io.BytesIO()
        Image.new("RGB", (64, 64), "teal").save(out, "JPEG", progressive=True)
        assert api.upload(out.getvalue(), "progressive.jpg").status_code == 201

    def test_a_page_that_says_it_is_an_image_is_refused(self, api: Api) -> None:
        page = b"<!doctype html><script>alert(1)</script>"
        files = {"image": ("cat.jpg", page, "image/jpeg")}
        assert api.post("/images", files=files).status_code == 415

    def test_a_page_behind_an_image_is_shown_as_an_image(self, api: Api) -> None:
        made = api.upload(picture("GIF") + b"<script>alert(1)</script>", "cat.html").json()
        got = api.get(f"/images/{made['Key'].replace('/', '%2F')}")
        assert made["Name"] == "cat.html.gif"
        assert got.headers["content-type"] == "image/gif"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in got.headers["content-security-policy"]


class TestOrigins:
    """Sites of other origins."""

    def test_ours_may_read_and_sees_what_it_needs(self, api: Api) -> None:
        for path in ("/movies?page=1", "/movies/Film%2001", "/nowhere", "/images"):
            headers = api.get(path, headers={"Origin": SITE}).headers
            assert headers["access-control-allow-origin"] == SITE
            assert "Origin" in headers.get_list("vary", split_commas=True)
            exposed = set(headers["access-control-expose-headers"].split(", "))
            assert {"ETag", "Link", "Retry-After", "X-Request-Id", "X-Total-Count"} <= exposed

    @pytest.mark.parametrize(
        "origin",
        [
            "https://evil.example.com",
            "https://films.example.com.evil.org",
            "http://films.example.com",
            "https://films.example.com:444",
            "null",
            "*",
            "",
        ],
    )
    def test_others_may_not(self, api: Api, origin: str) -> None:
        for method, path in (("GET", "/movies?page=1"), ("GET", "/nowhere"), ("OPTIONS", "/users")):
            headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
            answer = api.request(method, path, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]
            assert "Origin" in answer.headers.get_list("vary", split_commas=True)

    def test_ours_may_ask_what_it_may(self, client: httpx.Client) -> None:
        answer = client.options(
            "/images",
            headers={
                "Origin": SITE,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization",
            },
        )
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == SITE
        assert "authorization" in answer.headers["access-control-allow-headers"].lower()
        assert "PUT" in answer.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/healthz", "/movies", "/nowhere", "/posters/none.svg", "/schema", "/images"]
)
def test_every_answer_is_safe_to_show(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert len(headers.get_list("content-security-policy")) == 1
    assert headers["x-request-id"]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("abc.DEF_1-2", True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("a b", False),
        ('"}', False),
        ("", False),
    ],
)
def test_a_request_id_is_kept_where_it_is_sane(
    client: httpx.Client,
    given: str,
    kept: bool,  # noqa: FBT001
) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"] == given) is kept


def test_a_mistake_of_ours_tells_nobody_about_us(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("/secret/path and somebody@example.com")

    monkeypatch.setattr("cinema_api.users.controller.public", fail)
    with TestClient(in_memory.application(), raise_server_exceptions=False) as client:
        answer = client.get(
            "/users/somebody", headers={"Authorization": f"Bearer {in_memory.somebodys_token()}"}
        )
    assert answer.status_code == 500
    assert answer.json() == {"status_code": 500, "detail": "Something went wrong on our side."}


class TestLimits:
    """How often is too often, counted over every instance."""

    @pytest.fixture
    def pair(self, settings: Settings) -> Iterator[tuple[httpx.Client, httpx.Client]]:
        # A database of their own: all tests have the same address.
        name = f"{settings.database.name}-{secrets.token_hex(4)}"
        strict = replace(
            settings,
            database=replace(settings.database, name=name),
            login_limit=3,
            registration_limit=3,
            upload_limit=3,
        )
        with TestClient(create_app(strict)) as one, TestClient(create_app(strict)) as two:
            yield one, two
        with MongoClient[dict[str, object]](settings.database.uri) as database:
            database.drop_database(name)

    def test_who_guesses_a_password_is_stopped_by_all_instances(
        self, pair: tuple[httpx.Client, httpx.Client]
    ) -> None:
        wrong = {"Username": "somebody", "Password": "guess-guess"}
        answers = []
        # A minute may end in between: then the count begins again, once.
        for number in range(8):
            answers.append(pair[number % 2].post("/login", json=wrong))
            if answers[-1].status_code == 429:
                break
        refused = answers[-1]
        assert refused.status_code == 429
        assert {answer.status_code for answer in answers[:-1]} == {400}
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit-limit"] == "3"
        assert refused.headers["ratelimit-remaining"] == "0"
        assert refused.json()["status_code"] == 429

    def test_who_uploads_too_much_is_stopped(self, pair: tuple[httpx.Client, httpx.Client]) -> None:
        api = Api.joined(pair[0])
        statuses = [
            pair[number % 2]
            .post("/images", files={"image": ("many.jpg", picture())}, headers=api.bearer)
            .status_code
            for number in range(8)
        ]
        assert set(statuses) == {201, 429}
        assert statuses[:3] == [201] * 3

    def test_who_registers_in_masses_is_stopped(
        self, pair: tuple[httpx.Client, httpx.Client]
    ) -> None:
        statuses = {
            pair[number % 2].post("/users", json=registration(f"mass{number}")).status_code
            for number in range(8)
        }
        assert 429 in statuses


def _raw(served: Served, request: str) -> tuple[int, bytes]:
    """Exactly these bytes, which no client would send."""
    answer = b""
    with socket.create_connection(("127.0.0.1", served.port), 20) as connection:
        connection.sendall(request.encode())
        while data := connection.recv(65536):
            answer += data
    return int(answer.split(b" ", 2)[1]), answer


def _upload_head(served: Served, *, length: int = 0, chunked: bool = False) -> str:
    with httpx.Client(trust_env=False) as client:
        token = Api.joined(client, served.base).token
    size = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
    return (
        f"POST /images HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: multipart/form-data; boundary=x\r\n{size}\r\nConnection: close\r\n\r\n"
    )
