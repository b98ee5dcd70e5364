"""Events go in, thumbnails come out of a bucket held in memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import handler
import shrink

BUCKET = "cinema-test-images"


class Bucket:
    """The test double of S3: objects by key, and what was asked of it."""

    def __init__(self, **objects: bytes) -> None:
        self.objects = {f"orig/{name}": data for name, data in objects.items()}
        self.versions: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.looked: list[str] = []
        self.types: dict[str, str] = {}
        self.told: dict[str, tuple[str, Mapping[str, str]]] = {}
        self.meanwhile: list[bytes] = []

    def head_object(self, **request: str) -> Mapping[str, Any]:
        self.looked.append(request["Key"])
        data = self.objects[request["Key"]]
        version = self.versions.get(request["Key"])
        return {
            "ContentLength": len(data),
            "ETag": f'"{hashlib.sha256(data).hexdigest()}"',
            **({"VersionId": version} if version else {}),
        }

    def get_object(self, **request: str) -> Mapping[str, Any]:
        self.asked.append(request)
        data = self.objects[request["Key"]]
        return {"ContentLength": len(data), "Body": io.BytesIO(data)}

    def put_object(self, **request: Any) -> object:  # noqa: ANN401 - as boto3's
        self.objects[request["Key"]] = request["Body"]
        self.types[request["Key"]] = request["ContentType"]
        self.told[request["Key"]] = request["CacheControl"], request["Metadata"]
        if self.meanwhile:
            self.objects["orig/a"] = self.meanwhile.pop(0)
        return {}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket()
    monkeypatch.setattr(handler, "_store", lambda: made)
    monkeypatch.setenv("CINEMA_IMAGE_BUCKET", BUCKET)
    return made


def encoded(
    format_: str = "JPEG",
    mode: str = "RGB",
    size: tuple[int, int] = (900, 600),
    **options: Any,  # noqa: ANN401 - as Pillow's
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, options.pop("color", 0)).save(out, format_, **options)
    return out.getvalue()


def record(key: str, bucket: str = BUCKET, **more: str) -> dict[str, Any]:
    return {"s3": {"bucket": {"name": bucket}, "object": {"key": key, **more}}}


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def test_an_upload_gets_a_thumbnail_that_fits_the_box(bucket: Bucket) -> None:
    bucket.objects["orig/a b.jpg"] = encoded()
    handler.handle({"Records": [record("orig/a+b.jpg")]}, None)
    assert opened(bucket.objects["thumbnails/a b.jpg"]).size == (320, 213)
    assert bucket.types == {"thumbnails/a b.jpg": "image/jpeg"}


def test_the_version_that_the_event_names_is_the_one_read(bucket: Bucket) -> None:
    bucket.objects["orig/a"] = encoded()
    bucket.versions["orig/a"] = "v7"
    handler.handle({"Records": [record("orig/a", versionId="v7")]}, None)
    assert bucket.asked == [{"Bucket": BUCKET, "Key": "orig/a", "VersionId": "v7"}]


def test_an_original_that_changes_meanwhile_gets_the_thumbnail_of_what_it_became(
    bucket: Bucket,
) -> None:
    bucket.objects["orig/a"] = encoded(color="red")
    bucket.meanwhile = [encoded(color="lime"), encoded(color="blue")]
    handler.handle({"Records": [record("orig/a")]}, None)
    red, green, blue = opened(bucket.objects["thumbnails/a"]).getpixel((9, 9))  # type: ignore[misc]
    assert (red < 9, green < 9, blue > 240) == (True, True, True)


def test_an_original_that_changes_again_and_again_is_tried_later(bucket: Bucket) -> None:
    bucket.objects["orig/a"] = encoded()
    bucket.meanwhile = [encoded(color=(n, 0, 0)) for n in range(9, 99, 9)]
    with pytest.raises(ExceptionGroup) as failed:
        handler.handle({"Records": [record("orig/a")]}, None)
    assert [type(each) for each in failed.value.exceptions] == [handler.ChangingError]
    assert len(bucket.asked) == 3


def test_what_an_old_event_names_is_not_what_is_made(bucket: Bucket) -> None:
    bucket.objects["orig/a"] = encoded(color="blue")
    bucket.versions["orig/a"] = "v2"
    events = [record("orig/a", versionId="v2"), record("orig/a", versionId="v1")]
    handler.handle({"Records": events}, None)
    assert {asked["VersionId"] for asked in bucket.asked} == {"v2"}


def test_a_thumbnail_says_how_long_it_keeps_and_what_it_was_made_of(bucket: Bucket) -> None:
    bucket.objects["orig/a"] = encoded()
    handler.handle({"Records": [record("orig/a")]}, None)
    cache, origin = bucket.told["thumbnails/a"]
    assert cache == "private, max-age=86400"
    etag = hashlib.sha256(bucket.objects["orig/a"]).hexdigest()
    assert origin == {"source-etag": etag, "source-version": "null"}


def test_one_record_that_fails_stops_no_other_and_is_not_lost(bucket: Bucket) -> None:
    bucket.objects["orig/good"] = encoded()
    records = [record("orig/missing"), record("orig/good")]
    with pytest.raises(ExceptionGroup) as failed:
        handler.handle({"Records": records}, None)
    assert [type(each) for each in failed.value.exceptions] == [KeyError]
    assert "thumbnails/good" in bucket.objects


@pytest.mark.parametrize(
    "data",
    [b"", b"<svg/>", encoded()[:300], encoded("BMP"), encoded("PNG", size=(8000, 7000))],
    ids=["empty", "markup", "cut-short", "another-format", "too-many-pixels"],
)
def test_what_will_never_be_an_image_is_not_tried_again(bucket: Bucket, data: bytes) -> None:
    bucket.objects["orig/a"] = data
    handler.handle({"Records": [record("orig/a")]}, None)
    assert set(bucket.objects) == {"orig/a"}


def test_a_file_too_large_is_refused_unread(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handler, "MOST_BYTES", 10)
    bucket.objects["orig/a"] = encoded()
    handler.handle({"Records": [record("orig/a")]}, None)
    assert set(bucket.objects) == {"orig/a"}


def test_an_event_of_another_bucket_reads_and_writes_nothing(bucket: Bucket) -> None:
    handler.handle({"Records": [record("orig/a", bucket="somebody-elses")]}, None)
    assert bucket.asked == []
    assert bucket.looked == []
    assert bucket.objects == {}


def test_a_thumbnail_that_arrives_reads_and_writes_nothing(bucket: Bucket) -> None:
    bucket.objects["thumbnails/a"] = encoded()
    handler.handle({"Records": [record("thumbnails/a"), record("orig/thumbnails%2Fa")]}, None)
    assert bucket.asked == []
    assert bucket.looked == []
    assert set(bucket.objects) == {"thumbnails/a"}


def test_a_picture_taken_sideways_stands_upright() -> None:
    orientation, sideways = 0x0112, 6
    exif = Image.Exif()
    exif[orientation] = sideways
    data, _ = shrink.shrink(encoded(size=(600, 400), exif=exif.tobytes()))
    assert opened(data).size == (320, 480)


def test_sixteen_bits_of_grey_keep_their_brightness() -> None:
    data, _ = shrink.shrink(encoded("PNG", mode="I;16", color=0x8000))
    assert abs(opened(data).convert("L").getpixel((5, 5)) - 0x80) <= 1  # type: ignore[operator]


def test_transparency_survives_and_cmyk_becomes_what_browsers_show() -> None:
    clear, _ = shrink.shrink(encoded("PNG", mode="RGBA", color=(9, 9, 9, 0)))
    assert opened(clear).convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]
    print_, kind = shrink.shrink(encoded("JPEG", mode="CMYK"))
    assert (opened(print_).mode, kind) == ("RGB", "image/jpeg")


def test_an_animation_becomes_its_first_picture() -> None:
    data, kind = shrink.shrink(encoded("GIF", mode="P"))
    assert (opened(data).format, kind) == ("PNG", "image/png")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]),
    st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"]),
    st.tuples(st.integers(1, 1200), st.integers(1, 1200)),
)
def test_every_image_that_pillow_can_write_gets_a_thumbnail_within_the_box(
    format_: str, mode: str, size: tuple[int, int]
) -> None:
    try:
        original = encoded(format_, mode, size)
    except (OSError, ValueError):
        return  # a mode that the format does not have
    data, _ = shrink.shrink(original)
    width, height = opened(data).size
    assert 1 <= width <= min(size[0], shrink.BOX[0])
    assert 1 <= height <= min(size[1], shrink.BOX[1])
