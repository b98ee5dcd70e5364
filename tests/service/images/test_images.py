"""Uploads, lists and bytes of images, as clients see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from litestar.testing import TestClient

from cinema_api.app import create_app
from cinema_api.settings import ImageAccess, Settings
from tests.service.neighbours import Api, noise, picture


@pytest.mark.parametrize(
    ("kind", "suffix", "content_type"),
    [
        ("JPEG", ".jpg", "image/jpeg"),
        ("PNG", ".png", "image/png"),
        ("WEBP", ".webp", "image/webp"),
        ("GIF", ".gif", "image/gif"),
        ("AVIF", ".avif", "image/avif"),
    ],
)
def test_an_image_is_kept_as_it_came(api: Api, kind: str, suffix: str, content_type: str) -> None:
    data = picture(kind)
    answer = api.upload(data, f"plain-{kind}.bin.jpeg" if kind == "JPEG" else f"plain-{kind}.jpg")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    name = f"plain-{kind}" + (".bin.jpeg" if kind == "JPEG" else suffix)
    assert made["Name"] == name
    assert made["Key"] == f"orig/{name}"
    assert made["ThumbnailKey"] == f"thumbnails/{name}"
    assert made["ContentType"] == content_type
    assert (made["Size"], made["Width"], made["Height"]) == (len(data), 60, 40)
    assert answer.headers["location"] == made["Url"]
    got = api.client.get(made["Url"])
    assert got.status_code == 200
    assert got.content == data
    assert got.headers["content-type"] == content_type
    assert got.headers["content-length"] == str(len(data))


def test_a_name_that_is_taken_is_numbered(api: Api) -> None:
    files = [picture(colour=colour) for colour in ("red", "green", "blue")]
    names = [api.upload(data, "same.jpg").json()["Name"] for data in files]
    assert names == ["same.jpg", "same-2.jpg", "same-3.jpg"]
    assert [api.get(f"/images/orig%2F{name}").content for name in names] == files


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("кот 猫.JPG", "кот 猫.JPG"),
        ("cafe\u0301.jpg", "café.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\fakepath\\holiday.jpg", "holiday.jpg"),
        ("wrong.png", "wrong.jpg"),
        ("notes.txt", "notes.txt.jpg"),
        ("a\u202egpj.exe", "agpj.exe.jpg"),
        ("...", "image.jpg"),
        ("CON.jpg", "_CON.jpg"),
        ("orig", "_orig.jpg"),
        ("..%2f..%2fthumbnails%2fx.jpg", "_2f.._2fthumbnails_2fx.jpg"),
        ('a"b<c>d|e?f*g:h.jpg', "a_b_c_d_e_f_g_h.jpg"),
        ("x" * 300 + ".jpg", "x" * 180 + ".jpg"),
        ("👩‍🚀.jpg", "👩‍🚀.jpg"),
    ],
)
def test_names_are_made_safe_and_keep_their_script(api: Api, claimed: str, kept: str) -> None:
    boundary = "a-boundary"
    form = (
        (
            f'--{boundary}\r\nContent-Disposition: form-data; name="image"; '
            f'filename="{claimed.replace(chr(34), "%22")}"\r\n\r\n'
        ).encode()
        + picture()
        + f"\r\n--{boundary}--\r\n".encode()
    )
    answer = api.post(
        "/images",
        content=form,
        headers={"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["Name"] == kept.replace('"', "_")
    url = f"/images/{quote(answer.json()['Key'], safe='')}"
    disposition = api.get(url).headers["content-disposition"]
    assert disposition == f"inline; filename*=UTF-8''{quote(kept, safe='')}"


def test_the_list_is_that_of_s3(api: Api) -> None:
    api.upload(picture(), "listed.jpg")
    answer = api.get("/images?prefix=orig/listed")
    assert answer.status_code == 200
    listing = answer.json()
    assert listing["IsTruncated"] is False
    assert listing["KeyCount"] == 1
    (entry,) = listing["Contents"]
    assert set(entry) == {"Key", "ETag", "LastModified", "Size", "StorageClass", "Url"}
    assert entry["Key"] == "orig/listed.jpg"
    assert re.fullmatch(r'"[0-9a-f]{32}"', entry["ETag"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", entry["LastModified"])
    assert entry["StorageClass"] == "STANDARD"
    assert api.client.get(entry["Url"]).content == picture()


def test_the_list_comes_in_pages(api: Api) -> None:
    for number in range(3):
        api.upload(picture(), f"paged-{number}.jpg")
    first = api.get("/images?prefix=orig/paged-&maxKeys=2").json()
    assert first["IsTruncated"] is True
    token = first["NextContinuationToken"]
    second = api.get(f"/images?prefix=orig/paged-&maxKeys=2&continuationToken={quote(token)}")
    assert second.json()["IsTruncated"] is False
    assert [entry["Key"] for entry in first["Contents"] + second.json()["Contents"]] == [
        f"orig/paged-{number}.jpg" for number in range(3)
    ]


def test_a_list_of_nothing_is_a_list(api: Api) -> None:
    listing = api.get("/images?prefix=orig/nothing-like-it").json()
    assert listing["Contents"] == []


@pytest.mark.parametrize("query", ["maxKeys=0", "maxKeys=1001", "maxKeys=x", "continuationToken="])
def test_a_list_of_nonsense_is_refused(api: Api, query: str) -> None:
    assert api.get(f"/images?{query}").status_code == 400


def test_what_is_not_ours_in_the_bucket_is_neither_listed_nor_read(
    api: Api,
    bucket: str,
    s3: Any,  # noqa: ANN401 - boto3 makes its classes at run time
) -> None:
    s3.put_object(Bucket=bucket, Key="secret.txt", Body=b"secret")
    s3.put_object(Bucket=bucket, Key="orig/page.html", Body=b"<p>", ContentType="text/html")
    assert "secret.txt" not in api.get("/images").text
    assert api.get("/images/secret.txt").status_code == 404
    page = api.get("/images/orig%2Fpage.html")
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in page.headers["content-security-policy"]


class TestBytes:
    """What a browser does with an image that it has, or has half."""

    @pytest.fixture
    def data(self) -> bytes:
        return noise((300, 200))

    @pytest.fixture
    def url(self, api: Api, data: bytes) -> str:
        return str(api.upload(data, "bytes.jpg").json()["Url"])

    def test_who_has_it_gets_a_304(self, api: Api, url: str) -> None:
        first = api.client.get(url)
        for condition in (
            {"If-None-Match": first.headers["etag"]},
            {"If-None-Match": f'"x", W/{first.headers["etag"]}'},
            {"If-None-Match": "*"},
            {"If-Modified-Since": first.headers["last-modified"]},
        ):
            answer = api.client.get(url, headers=condition)
            assert answer.status_code == 304, condition
            assert answer.content == b""
            assert answer.headers["etag"] == first.headers["etag"]

    def test_who_has_an_older_one_gets_it(self, api: Api, url: str, data: bytes) -> None:
        modified = parsedate_to_datetime(api.client.get(url).headers["last-modified"])
        older = format_datetime(modified - timedelta(seconds=2), usegmt=True)
        for condition in (
            {"If-None-Match": '"x"'},
            {"If-Modified-Since": older},
            {"If-Modified-Since": "nonsense"},
            {"If-None-Match": '"x"', "If-Modified-Since": format_datetime(modified, usegmt=True)},
        ):
            answer = api.client.get(url, headers=condition)
            assert (answer.status_code, answer.content) == (200, data), condition

    @pytest.mark.parametrize(
        ("wanted", "part"),
        [
            ("bytes=0-9", slice(0, 10)),
            ("bytes=100-", slice(100, None)),
            ("bytes=-7", slice(-7, None)),
        ],
    )
    def test_a_range_is_a_part(
        self, api: Api, url: str, data: bytes, wanted: str, part: slice
    ) -> None:
        answer = api.client.get(url, headers={"Range": wanted})
        assert answer.status_code == 206
        assert answer.content == data[part]
        first = part.start % len(data)
        last = first + len(answer.content) - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(data)}"
        assert answer.headers["accept-ranges"] == "bytes"

    def test_a_range_beyond_the_end_is_refused(self, api: Api, url: str, data: bytes) -> None:
        answer = api.client.get(url, headers={"Range": "bytes=99999999-"})
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(data)}"

    @pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=1-2", "bytes=a-b", "bytes=-"])
    def test_a_range_that_we_do_not_serve_is_everything(
        self, api: Api, url: str, data: bytes, wanted: str
    ) -> None:
        answer = api.client.get(url, headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (200, data)

    def test_a_range_of_another_version_is_everything(
        self, api: Api, url: str, data: bytes
    ) -> None:
        etag = api.client.get(url).headers["etag"]
        other = api.client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"x"'})
        same = api.client.get(url, headers={"Range": "bytes=0-9", "If-Range": etag})
        assert (other.status_code, other.content) == (200, data)
        assert (same.status_code, same.content) == (206, data[:10])

    def test_head_says_what_get_would(self, api: Api, url: str, data: bytes) -> None:
        answer = api.client.head(url)
        assert answer.status_code == 200
        assert answer.content == b""
        assert answer.headers["content-length"] == str(len(data))

    def test_it_may_be_kept_by_who_got_it(self, api: Api, url: str) -> None:
        assert api.client.get(url).headers["cache-control"] == "private, max-age=3600"


@pytest.mark.parametrize("key", ["orig%2Fnone.jpg", "thumbnails%2Fnone.jpg", "orig%2F", "orig"])
def test_an_image_that_is_not_there_is_said_as_text(api: Api, key: str) -> None:
    answer = api.get(f"/images/{key}")
    assert answer.status_code == 404
    assert answer.text == "There is no such image."


@pytest.mark.parametrize(
    ("content", "status", "detail"),
    [
        (b"", 415, "not an image"),
        (b"GIF8", 415, "not an image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", 415, "not an image"),
        (picture("BMP"), 415, "not an image"),
        (picture("TIFF"), 415, "not an image"),
        (noise((300, 200))[:-2000], 422, "damaged"),
        (picture("PNG")[:-20], 422, "damaged"),
        (picture("WEBP")[:-20], 422, "damaged"),
        (picture("AVIF")[:-20], 422, "damaged"),
        (picture("GIF", (200, 200))[:60], 422, "damaged"),
    ],
)
def test_what_is_no_whole_image_is_refused(
    api: Api, content: bytes, status: int, detail: str
) -> None:
    answer = api.upload(content, "claims-to-be.jpg")
    assert answer.status_code == status
    assert detail in answer.json()["detail"]
    assert "claims-to-be" not in api.get("/images").text


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"files": {"picture": ("a.jpg", picture())}}, 400),
        ({"files": {"image": (None, picture())}}, 400),
        ({"files": [("image", ("a.jpg", picture())), ("image", ("b.jpg", picture()))]}, 400),
        ({"json": {"image": "a.jpg"}}, 415),
        ({"data": {"image": "a.jpg"}}, 415),
        ({}, 415),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data"}}, 415),
        ({"content": b"--x", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
        ({"content": b"no", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400),
    ],
)
def test_a_form_without_one_image_is_refused(
    api: Api, request_: dict[str, object], status: int
) -> None:
    answer = api.request("POST", "/images", **request_)
    assert answer.status_code == status, answer.text


class TestPublic:
    """Where the settings say that anybody may look."""

    @pytest.fixture
    def anybody(self, settings: Settings) -> Iterator[httpx.Client]:
        with TestClient(create_app(replace(settings, images=ImageAccess.PUBLIC))) as client:
            yield client

    def test_anybody_lists_and_reads(self, anybody: httpx.Client) -> None:
        made = Api.joined(anybody).upload(picture(), "public.jpg").json()
        assert made["Url"] == "/images/orig%2Fpublic.jpg"
        assert "orig/public.jpg" in anybody.get("/images").text
        got = anybody.get(made["Url"])
        assert got.content == picture()
        assert got.headers["cache-control"] == "public, max-age=3600"

    def test_nobody_uploads_without_a_login(self, anybody: httpx.Client) -> None:
        answer = anybody.post("/images", files={"image": ("a.jpg", picture())})
        assert answer.status_code == 401
