"""Odd files, as cameras and programs do make them, get the thumbnail that a browser would show."""

from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from PIL import Image

import decode
import shrink
from tests.thumbnailer import files

RED, GREEN, BLUE, WHITE = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (255,) * 4
CLEAR = (0, 0, 0, 0)


def thumbnail(data: bytes) -> Image.Image:
    made, kind = shrink.shrink(data)
    image = Image.open(io.BytesIO(made))
    image.load()
    assert Image.MIME[str(image.format)] == kind
    return image


def colour(data: bytes, at: tuple[float, float] = (0.5, 0.5)) -> tuple[int, ...]:
    """What a thumbnail shows at a place, given in parts of its size."""
    image = thumbnail(data).convert("RGBA")
    shown = image.getpixel((int(at[0] * image.width), int(at[1] * image.height)))
    assert isinstance(shown, tuple)
    return shown


def near(first: tuple[int, ...], second: tuple[int, ...], most: int = 6) -> bool:
    return all(abs(a - b) <= most for a, b in zip(first, second, strict=True))


def plain(
    mode: str,
    color: Any,  # noqa: ANN401 - a number or numbers, by the mode
    format_: str,
    **options: Any,  # noqa: ANN401 - as Pillow's
) -> bytes:
    return files.saved(Image.new(mode, (700, 500), color), format_, **options)


@pytest.mark.parametrize("kind", list(files.sound()))
def test_every_kind_of_file_gets_its_thumbnail(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shrink, "BOX", (30, 30))
    assert max(thumbnail(files.sound()[kind]).size) == 30


COLOURS = {
    "bits": (plain("1", 1, "PNG"), WHITE),
    "grey": (plain("L", 77, "PNG"), (77, 77, 77, 255)),
    "grey-alpha": (plain("LA", (77, 128), "PNG"), (77, 77, 77, 128)),
    "grey-16": (plain("I;16", 0x4D80, "PNG"), (77, 77, 77, 255)),
    "rgb-16": (
        files.png((40, 30), 16, 2, lambda *_: struct.pack(">3H", 0xFFFF, 0x8000, 0x00FF)),
        (255, 128, 0, 255),
    ),
    "rgba-16": (
        files.png((40, 30), 16, 6, lambda *_: struct.pack(">4H", 0xFFFF, 0, 0, 0x8000)),
        (255, 0, 0, 128),
    ),
    "interlaced": (files.png((41, 29), 8, 2, lambda *_: b"\0\xff\0", interlaced=True), GREEN),
    "palette": (files.saved(Image.new("RGB", (700, 500), "red").quantize(), "PNG"), RED),
    "palette-alpha": (
        files.saved(Image.new("RGB", (700, 500), "red").quantize(), "PNG", transparency=b"\x80"),
        (255, 0, 0, 128),
    ),
    "palette-clear": (plain("P", 1, "GIF", transparency=1), CLEAR),
    "cmyk-as-adobe-writes-it": (plain("CMYK", (0, 255, 255, 0), "JPEG"), RED),
    "grey-jpeg": (plain("L", 77, "JPEG"), (77, 77, 77, 255)),
    "grey-avif": (plain("L", 77, "AVIF"), (77, 77, 77, 255)),
    "alpha-webp": (plain("RGBA", (255, 0, 0, 128), "WEBP", lossless=True), (255, 0, 0, 128)),
    "alpha-avif": (plain("RGBA", (255, 0, 0, 128), "AVIF"), (255, 0, 0, 128)),
}


@pytest.mark.parametrize(("data", "expected"), list(COLOURS.values()), ids=list(COLOURS))
def test_colours_and_what_is_clear_are_kept(data: bytes, expected: tuple[int, ...]) -> None:
    assert near(colour(data), expected)


def test_inks_stored_as_colours_are_read_as_adobe_writes_them() -> None:
    # YCCK: the inks' complements, as luma and chroma. Byte 11 of Adobe's segment says so.
    cyan = Image.new("RGB", (8, 8), "cyan").convert("YCbCr").getpixel((0, 0))
    assert isinstance(cyan, tuple)
    stored = plain("CMYK", (*(255 - value for value in cyan), 0), "JPEG", quality=100)
    at = stored.index(b"Adobe") + 11
    assert near(colour(stored[:at] + b"\x02" + stored[at + 1 :]), RED)


@pytest.mark.parametrize(("depth", "colours"), [(8, 0), (16, 0), (8, 2), (16, 2)])
def test_the_one_colour_that_a_png_calls_clear_is_clear(depth: int, colours: int) -> None:
    def sample(value: int) -> bytes:
        return value.to_bytes(depth // 8, "big") * (3 if colours else 1)

    light, dark = 0xF0 << depth - 8, 0x70 << depth - 8
    names = files.chunk(b"tRNS", struct.pack(">H", light) * (3 if colours else 1))
    data = files.png(
        (40, 30), depth, colours, lambda x, _: sample(light if x < 20 else dark), names
    )
    assert colour(data, (0.25, 0.5)) == CLEAR
    assert near(colour(data, (0.75, 0.5)), (0x70, 0x70, 0x70, 255))


def test_what_is_clear_lends_its_colour_to_nothing_beside_it() -> None:
    image = Image.new("RGBA", (2000, 1000), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 1003, 1000))
    shown = thumbnail(files.saved(image, "PNG")).convert("RGBA")
    edge = [shown.getpixel((x, 50)) for x in range(150, 170)]
    assert all(pixel[0] < 8 for pixel in edge if isinstance(pixel, tuple) and pixel[3])


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "AVIF", "PNG", "MPO"])
def test_of_several_pictures_the_first_is_shown(format_: str) -> None:
    first, *others = (Image.new("RGB", (64, 48), name) for name in ("red", "blue", "lime"))
    data = files.saved(first, format_, save_all=True, append_images=others)
    assert near(colour(data), RED)


# EXIF 2.32, 4.6.4: where the first row's first pixel belongs (right or not, low or not), and
# whether rows run across.
HELD = {
    1: (0, 0, 1),
    2: (1, 0, 1),
    3: (1, 1, 1),
    4: (0, 1, 1),
    5: (0, 0, 0),
    6: (1, 0, 0),
    7: (1, 1, 0),
    8: (0, 1, 0),
}


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", list(HELD))
def test_a_picture_stands_as_the_camera_was_held(format_: str, orientation: int) -> None:
    right, low, across = HELD[orientation]
    image = Image.new("RGB", (400, 300), "blue")
    image.paste((255, 0, 0), (0, 0, 200, 150))
    image.paste((0, 255, 0), (200, 0, 400, 150))
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = files.saved(image, format_, exif=exif)
    assert thumbnail(data).size == ((320, 240) if across else (300, 400))
    red = (0.25 + 0.5 * right, 0.25 + 0.5 * low)
    green = (1 - red[0], red[1]) if across else (red[0], 1 - red[1])
    assert near(colour(data, red), RED, 20)
    assert near(colour(data, green), GREEN, 20)
    assert near(colour(data, (1 - red[0], 1 - red[1])), BLUE, 20)


def notes(tag: int, kind: int, count: int, value: bytes) -> bytes:
    """EXIF with one entry, and with four bytes behind it that say there is no other list."""
    entry = struct.pack(">2HI4s", tag, kind, count, value)
    return b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)


SENSELESS = {
    "nothing": b"",
    "no-notes": b"Exif\0\0",
    "noise": b"Exif\0\0" + bytes(range(255, 0, -1)),
    "cut-short": notes(0x0112, 3, 1, b"\0\6")[:-9],
    "no-such-orientation": notes(0x0112, 3, 1, b"\0\x09"),
    "orientation-in-words": notes(0x0112, 2, 4, b"six\0"),
    "pointing-at-itself": notes(0x8769, 4, 1, b"\0\0\0\x08"),
    "millions-of-values": notes(0x0112, 3, 2**31 - 1, b"\0\0\0\x08"),
}


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", list(SENSELESS.values()), ids=list(SENSELESS))
def test_senseless_notes_of_a_camera_mean_upright(exif: bytes, format_: str) -> None:
    if format_ == "JPEG":
        data = files.with_segment(plain("RGB", "red", "JPEG"), 0xE1, exif)
    else:
        data = plain("RGB", "red", format_, exif=exif.removeprefix(b"Exif\0\0"))
    assert thumbnail(data).size == (320, 229)
    assert near(colour(data), RED)


def test_a_wide_gamut_becomes_that_of_screens() -> None:
    def srgb(linear: float) -> int:
        linear = min(1.0, max(0.0, linear))
        curved = 12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055
        return round(255 * curved)

    red, green, blue = ((value / 255) ** 2.2 for value in (200, 120, 60))
    # CSS Color Module Level 4, 20: Display P3 to sRGB, both linear.
    expected = (
        srgb(1.2249401 * red - 0.2249404 * green),
        srgb(-0.0420569 * red + 1.0420571 * green),
        srgb(-0.0196376 * red - 0.0786361 * green + 1.0982735 * blue),
    )
    assert not near(expected, (200, 120, 60), 8)
    for format_ in ("JPEG", "PNG", "WEBP", "AVIF"):
        data = plain("RGB", (200, 120, 60), format_, icc_profile=files.display_p3())
        assert near(colour(data), (*expected, 255)), format_


def test_profiles_of_grey_and_of_inks_are_followed() -> None:
    grey = plain("L", 55, "JPEG", icc_profile=files.linear_grey())
    assert near(colour(grey), (128, 128, 128, 255))
    inks = plain("CMYK", (255, 0, 0, 0), "JPEG", icc_profile=files.green_ink())
    red, green, blue, _ = colour(inks)
    assert green > 2 * red
    assert green > blue


def test_a_camera_that_puts_its_profile_of_colours_into_a_grey_file_is_understood() -> None:
    data = plain("L", 55, "JPEG", icc_profile=files.display_p3(gamma=1))
    assert near(colour(data), (128, 128, 128, 255))


PROFILES = {
    "noise": bytes(range(256)),
    "cut-short": files.display_p3()[:300],
    "of-other-colours": files.linear_grey(),
    "of-no-colours-at-all": files.display_p3().replace(b"RGB ", b"R\xffB "),
    "with-no-primaries": files.display_p3().replace(b"rXYZ", b"xxxx"),
    "with-no-curves": files.display_p3().replace(b"curv", b"xxxx"),
}


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("profile", list(PROFILES.values()), ids=list(PROFILES))
def test_a_broken_profile_counts_for_nothing(profile: bytes, format_: str) -> None:
    data = plain("RGB", (200, 120, 60), format_, icc_profile=profile)
    assert near(colour(data), (200, 120, 60, 255))


PROPORTIONS = [
    ((1, 1), (1, 1)),
    ((320, 480), (320, 480)),
    ((321, 480), (320, 479)),
    ((3, 16_000), (1, 480)),
    ((16_000, 3), (320, 1)),
]
# WebP has no picture so long.
LONGEST = [((1, 30_000), (1, 480)), ((30_000, 1), (320, 1))]


@pytest.mark.parametrize(
    ("format_", "size", "expected"),
    [
        (format_, *case)
        for format_ in decode.FORMATS
        for case in PROPORTIONS + LONGEST * (format_ != "WEBP")
    ],
)
def test_any_proportion_fits_and_nothing_grows(
    format_: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    data = files.saved(Image.new("RGB", size, "red"), format_)
    assert thumbnail(data).size == expected
    assert near(colour(data), RED)


def test_as_many_pixels_as_are_allowed_are_not_too_many() -> None:
    size = (10_000, decode.MOST_PIXELS // 10_000)
    assert thumbnail(files.saved(Image.new("1", size, 1), "PNG")).size == (320, 160)


def test_a_film_behind_a_photo_is_not_taken_for_its_scans() -> None:
    film = b"\xff\xda\x00\x08" * 1000
    photo = plain("RGB", "red", "JPEG", progressive=True)
    assert near(colour(photo + film), RED)
    with_preview = files.with_segment(photo, 0xE1, b"Exif\0\0" + film)
    assert near(colour(with_preview), RED)


SECRET = b"53.5511N 9.9937E"


def test_nothing_that_was_written_beside_the_pixels_is_in_the_thumbnail() -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    profile = files.display_p3() + SECRET
    notes: dict[str, Any] = {"exif": exif, "icc_profile": profile, "xmp": b"<x>" + SECRET + b"</x>"}
    image = files.drawn("P")
    text = files.chunk(b"tEXt", b"Comment\0" + SECRET)
    for data in (
        files.saved(files.drawn(), "JPEG", comment=SECRET, **notes),
        files.saved(files.drawn(), "WEBP", **notes),
        files.saved(files.drawn(), "AVIF", **notes),
        files.saved(image, "GIF", comment=SECRET),
        files.png((40, 30), 8, 2, lambda x, y: bytes((x, y, 9)), text),
    ):
        assert SECRET in data
        made, _ = shrink.shrink(data)
        assert SECRET not in made
        left = Image.open(io.BytesIO(made))
        assert not left.getexif()
        assert not {"icc_profile", "xmp", "comment", "exif"} & set(left.info)


def test_the_same_file_always_makes_the_same_bytes() -> None:
    for kind, data in files.sound().items():
        assert shrink.shrink(data) == shrink.shrink(data), kind
