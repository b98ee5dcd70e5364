"""Files that are cut short, changed, or made to do harm.

Whatever they are, there is a thumbnail within the box, or they are refused: never another error,
a warning, a wait, or more memory than there is.
"""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import decode
import shrink
from guard import RefusedError
from tests.thumbnailer import files

BOX = (24, 20)


@pytest.fixture(autouse=True, scope="module")
def small_box() -> Iterator[None]:
    # So that small files, which are quick to try, have to be scaled as well.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shrink, "BOX", BOX)
        yield


def outcome(data: bytes) -> str:
    try:
        made, kind = shrink.shrink(data)
    except RefusedError as reason:
        return f"refused: {reason}"
    image = Image.open(io.BytesIO(made))
    image.load()
    assert Image.MIME[str(image.format)] == kind
    assert image.width <= BOX[0]
    assert image.height <= BOX[1]
    return "made"


# --- Other formats, and files that are two things at once

STRANGERS = {
    "nothing": b"",
    "a-byte": b"\xff",
    "zeros": bytes(5000),
    "text": b"not an image\n" * 100,
    "html": b"<!doctype html><img src=x onerror=alert(1)>",
    "svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script/></svg>',
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    "postscript-of-dos": b"\xc5\xd0\xd3\xc6" + struct.pack("<6IH", 30, 60, 0, 0, 0, 0, 0xFFFF),
    "pdf": b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF",
    "zip": b"PK\x03\x04" + bytes(40),
    "script": b"#!/bin/sh\necho\n",
    "heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
    "pdf-then-jpeg": b"%PDF-1.4\n" + files.sound()["jpeg"],
    "html-then-png": b"<script>alert(1)</script>" + files.sound()["png"],
    "only-a-png's-name": b"\x89PNG\r\n\x1a\n",
    "only-a-gif's-name": b"GIF89a",
    "only-a-webp's-name": b"RIFF\xff\xff\xff\xffWEBPVP8X",
    "only-an-avif's-name": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf",
    "only-a-jpeg's-name": b"\xff\xd8\xff\xe0",
    "a-png-that-lacks-its-palette": files.png(files.SIZE, 8, 3, lambda x, y: bytes((x + y,))),
    "a-jpeg-of-tables": b"\xff\xd8\xff\xdb\x00\x43" + bytes(65) + b"\xff\xd9",
}


@pytest.mark.parametrize("data", list(STRANGERS.values()), ids=list(STRANGERS))
def test_what_is_no_image_of_our_formats_is_refused(data: bytes) -> None:
    assert outcome(data).startswith("refused")


def test_no_other_format_that_pillow_knows_is_taken() -> None:
    Image.init()
    refused = []
    for format_ in sorted(set(Image.SAVE) - {*decode.FORMATS, "MPO"}):
        for mode in ("RGB", "L", "1", "P"):
            try:
                data = files.saved(files.drawn(mode), format_)
            except (DeprecationWarning, KeyError, OSError, ValueError):
                continue  # it goes, has no such mode, or the program that it needs is missing
            assert outcome(data).startswith("refused"), format_
            refused.append(format_)
            break
    assert {"BMP", "EPS", "ICNS", "ICO", "PDF", "PPM", "TGA", "TIFF"} <= set(refused)


PAYLOAD = b"*/=1;alert('%PDF-1.4 <script>')//"
TWO_THINGS = {
    "gif-and-script": files.saved(files.drawn("P"), "GIF", comment=PAYLOAD),
    "jpeg-and-pdf": files.with_segment(files.sound()["jpeg"], 0xFE, PAYLOAD),
    "jpeg-and-zip": files.sound()["jpeg"] + b"PK\x03\x04" + PAYLOAD,
    "png-and-html": files.png(
        (40, 30), 8, 0, lambda x, y: bytes((x + y,)), files.chunk(b"tEXt", b"x\0" + PAYLOAD)
    ),
    "webp-and-anything": files.saved(files.drawn(), "WEBP", xmp=PAYLOAD),
}


@pytest.mark.parametrize("data", list(TWO_THINGS.values()), ids=list(TWO_THINGS))
def test_of_a_file_that_is_two_things_only_the_picture_is_left(data: bytes) -> None:
    assert PAYLOAD in data
    assert PAYLOAD not in shrink.shrink(data)[0]


# --- Small files that ask for much


def patched(kind: str, at: int | bytes, content: bytes) -> bytes:
    """A sound file with other bytes at, or right behind, a place."""
    data = files.sound()[kind]
    start = at if isinstance(at, int) else data.index(at) + len(at)
    return data[:start] + content + data[start + len(content) :]


def png_that_says(*chunks: bytes, size: tuple[int, int] = files.SIZE) -> bytes:
    sound = files.png(files.SIZE, 8, 0, lambda x, y: bytes((x + y,)), *chunks)
    head = struct.pack(">2I5B", *size, 8, 0, 0, 0, 0)
    return sound[:8] + files.chunk(b"IHDR", head) + sound[33:]


HUGE = zlib.compress(bytes(200_000_000), 9)
BOMBS = {
    "png-50000-by-50000": png_that_says(size=(50_000, 50_000)),
    "png-widest": png_that_says(size=(2**31 - 1, 1)),
    "png-one-row-too-many": files.saved(Image.new("1", (10_000, 5_001)), "PNG"),
    "png-text": png_that_says(files.chunk(b"zTXt", b"x\0\0" + HUGE)),
    "png-international-text": png_that_says(files.chunk(b"iTXt", b"x\0\1\0\0\0" + HUGE)),
    "png-much-text": png_that_says(
        *[files.chunk(b"zTXt", b"x\0\0" + zlib.compress(bytes(1_000_000)))] * 100
    ),
    "png-profile": png_that_says(files.chunk(b"iCCP", b"x\0\0" + HUGE)),
    "gif-screen": patched("gif", 6, b"\xff\xff\xff\xff"),
    "gif-frame-larger-than-its-screen": patched("gif-grey", b"\x2c\0\0\0\0", b"\xff\xff\xff\xff"),
    "webp-canvas": patched("webp-animated", 24, b"\xff\xff\0\xff\xff\0"),
    "webp-picture": patched("webp-plain", b"\x9d\x01\x2a", b"\xff\x3f\xff\x3f"),
    "avif-extent": patched("avif", b"ispe\0\0\0\0", struct.pack(">2I", 12_000, 12_000)),
    "avif-largest": patched("avif", b"ispe\0\0\0\0", b"\xff" * 8),
    "jpeg-65535-by-65535": patched("jpeg", b"\xff\xc0\0\x11\x08", b"\xff\xff\xff\xff"),
    "jpeg-of-5000-scans": files.with_scans(5000),
    "jpeg-of-one-scan-too-many": files.with_scans(decode.MOST_SCANS + 1),
    "jpeg-that-hides-its-scans": files.with_segment(
        files.with_scans(5000), 0xFE, b"\xff\xd9 this is not the end \xff\xd9"
    ),
}

REFUSED_WITHIN_A_GIGABYTE = """
import resource, sys
if sys.platform == "linux":  # others do not hold to it, or refuse it
    resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
from guard import RefusedError
from shrink import shrink
try:
    shrink(sys.stdin.buffer.read())
except RefusedError as reason:
    print(reason)
"""


@pytest.mark.parametrize("data", list(BOMBS.values()), ids=list(BOMBS))
def test_a_bomb_is_refused_within_a_gigabyte_of_address_space(data: bytes) -> None:
    package = str(Path(shrink.__file__).parent)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", REFUSED_WITHIN_A_GIGABYTE],
        input=data,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": package},
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout


def test_scans_are_counted_wherever_a_decoder_finds_them() -> None:
    refused = f"refused: more than {decode.MOST_SCANS} scans are too many"
    one_component = b"\xff\xda\0\x08\1\1\0\0\x3f\0"
    head, rest = files.sound()["jpeg"].split(b"\xff\xda", 1)
    assert outcome(head + one_component * 1000 + b"\xff\xda" + rest) == refused
    for name, bomb in BOMBS.items():
        if name.endswith(("scans", "scan-too-many")):
            assert outcome(bomb) == refused, name


def test_as_many_scans_as_are_allowed_are_not_too_many() -> None:
    assert outcome(files.with_scans(decode.MOST_SCANS)) == "made"


def test_a_picture_that_is_not_as_large_as_its_file_says_does_no_harm() -> None:
    large = files.saved(files.drawn(size=(1200, 900)), "AVIF", speed=10, max_threads=1)
    at = large.index(b"ispe\0\0\0\0") + 8
    assert outcome(large[:at] + struct.pack(">2I", 60, 44) + large[at + 8 :])
    assert outcome(patched("avif", b"ispe\0\0\0\0", struct.pack(">2I", 5_000, 4_000)))
    assert outcome(patched("webp-lossless", 24, b"\xff\x0f\0\xff\x0f\0"))


def test_of_very_many_frames_the_first_is_shown() -> None:
    gif = files.saved(files.drawn("P"), "GIF")
    # The screen, and the table of as many colours as its flags say; then the frame, and the end.
    head = 13 + 3 * 2 ** (1 + (gif[10] & 7))
    assert outcome(gif[:head] + gif[head:-1] * 20_000 + gif[-1:]) == "made"


def test_text_beside_a_picture_is_allowed_to_be_long() -> None:
    assert outcome(png_that_says(files.chunk(b"tEXt", b"x\0" + b"y" * 3_000_000))) == "made"


# --- Cut and changed


@pytest.mark.parametrize("kind", list(files.sound()))
def test_a_file_cut_short_anywhere_is_refused_or_shown(kind: str) -> None:
    data = files.sound()[kind]
    for length in {
        *range(0, len(data), max(1, len(data) // 60)),
        *range(len(data) - 20, len(data)),
    }:
        outcome(data[:length])


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif"])
def test_a_file_that_lacks_its_second_half_is_refused(kind: str) -> None:
    data = files.sound()[kind]
    assert outcome(data[: len(data) // 2]).startswith("refused")


def with_checksums(data: bytes) -> bytes:
    """A PNG whose checksums are right again: otherwise most changes would end there."""
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        data = data[:end] + struct.pack(">I", zlib.crc32(data[at + 4 : end])) + data[end + 4 :]
        at = end + 4
    return data


NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1]
CHANGES = st.lists(
    st.tuples(
        # Most of what decides lies in the first few hundred bytes.
        st.one_of(st.integers(0, 300), st.integers(0, 2**14)),
        st.integers(0, 8),
        st.one_of(
            st.binary(max_size=8),
            st.sampled_from([number.to_bytes(4, "big") for number in NUMBERS]),
            st.sampled_from([number.to_bytes(4, "little") for number in NUMBERS]),
        ),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=1200, deadline=None)
@given(st.sampled_from(list(files.sound())), CHANGES)
def test_a_file_changed_anywhere_is_refused_or_shown(
    kind: str, changes: list[tuple[int, int, bytes]]
) -> None:
    data = files.sound()[kind]
    for place, drop, content in changes:
        at = place % (len(data) + 1)
        data = data[:at] + content + data[at + drop :]
    outcome(with_checksums(data) if kind.startswith("png") else data)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([files.display_p3, files.linear_grey, files.green_ink]), CHANGES)
def test_a_profile_changed_anywhere_hurts_no_picture(
    profile: object, changes: list[tuple[int, int, bytes]]
) -> None:
    assert callable(profile)
    data = profile()
    for place, drop, content in changes:
        at = place % (len(data) + 1)
        data = data[:at] + content + data[at + drop :]
    mode = {files.linear_grey: "L", files.green_ink: "CMYK"}.get(profile, "RGB")
    assert outcome(files.saved(files.drawn(mode), "JPEG", icc_profile=data)) == "made"
