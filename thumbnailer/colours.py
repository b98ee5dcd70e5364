"""Turns the colours that a file's profile defines into sRGB, which browsers assume without one."""

from __future__ import annotations

import functools
import io

from PIL import Image, ImageCms


def in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The image as L, RGB or RGBA, in sRGB.

    `image` is L, RGB, RGBX, CMYK or RGBa. A profile that is damaged, or speaks of other colours
    than the image has, counts for nothing, as in browsers.
    """
    # Colours are looked up as they are, not as their alpha dims them.
    image = image.convert({"RGBa": "RGBA", "RGBX": "RGB"}.get(image.mode, image.mode))
    if profile and (converted := _converted(image, profile)):
        return converted
    return image.convert("RGB") if image.mode == "CMYK" else image


def _converted(image: Image.Image, profile: bytes) -> Image.Image | None:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if image.mode == "L" and space == "RGB":
            # Cameras and scanners put their one profile into grey files, too.
            image = image.convert("RGB")
        if space != {"L": "GRAY", "CMYK": "CMYK"}.get(image.mode, "RGB"):
            return None
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        transform = ImageCms.buildTransform(source, _srgb(), image.mode, mode)
        converted = ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return converted.convert("L") if converted and image.mode == "L" else converted


@functools.cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
