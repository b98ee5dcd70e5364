"""How long a thumbnail of a photo takes, beside pyvips, and how much either looks like the photo.

Both make the same size at the same quality, written in the same way: the best of as many runs each
as there is time for, in turns, by the clock and as processor time. The judge is structural
similarity to a thumbnail that took all pixels into account.
Exits 1 when ours takes more than 1.15 times as much of the processor, or looks less like the photo.
By the clock it is the same on a machine at rest, and on a busy one it tells of the neighbours.
"""

# ruff: noqa: T201  it is a script that prints a table

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyvips
from PIL import Image
from skimage.metrics import structural_similarity

from tests.bench.pictures import photo

# Lambda has the package's folder on its path.
sys.path.insert(0, str(Path(__file__).parents[2] / "thumbnailer"))
from shrink import BOX, shrink

SECONDS = 15
"""For each picture."""
LIMIT = 1.15
SIZES = {"12 MP": (4000, 3000), "48 MP": (8000, 6000)}
WORSE = 0.005
"""Of structural similarity: less than anybody sees."""


def encoded(image: Image.Image, *, progressive: bool) -> bytes:
    """As cameras do, or as web sites do."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=90, subsampling="4:2:0", progressive=progressive)
    return out.getvalue()


def peer(data: bytes) -> bytes:
    """What pyvips is made for, with the settings of thumbnailer/shrink.py."""
    image = pyvips.Image.thumbnail_buffer(data, BOX[0], height=BOX[1], size="down")
    made: bytes = image.jpegsave_buffer(Q=85, optimize_coding=True, interlace=True, keep="none")
    return made


@dataclass
class Best:
    """The shortest of some runs, in milliseconds: by the clock, and of all processors together."""

    wall: float = float("inf")
    processor: float = float("inf")

    def of(self, run: Callable[[], object]) -> None:
        """Run it once more."""
        wall, processor = time.perf_counter(), time.process_time()
        run()
        self.wall = min(self.wall, 1000 * (time.perf_counter() - wall))
        self.processor = min(self.processor, 1000 * (time.process_time() - processor))


def compared(data: bytes) -> tuple[Best, Best]:
    """Ours and the peer's, in turns, so that what else the machine does slows both."""
    ours, theirs = Best(), Best()
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        ours.of(lambda: shrink(data))
        theirs.of(lambda: peer(data))
    return ours, theirs


def decoded(data: bytes) -> Image.Image:
    """All pixels of a file."""
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def likeness(image: Image.Image, reference: Image.Image) -> float:
    """Structural similarity of two pictures of one size: 1 means that they are the same."""
    return float(structural_similarity(np.asarray(image), np.asarray(reference), channel_axis=2))


def main() -> int:
    """Measure and print."""
    pyvips.cache_set_max(0)
    version = ".".join(str(pyvips.version(part)) for part in range(3))
    print(f"{'':20} {'bits/px':>8} {'ours ms':>8} {'vips ms':>8} {'ratio':>6} {'CPU':>6}", end="")
    print(f" {'SSIM ours':>10} {'SSIM vips':>10} {'kB ours':>8} {'kB vips':>8}")
    missed = False
    for name, size in SIZES.items():
        picture = photo(*size)
        for kind in ("baseline", "progressive"):
            data = encoded(picture, progressive=kind == "progressive")
            ours, theirs = compared(data)
            made = (shrink(data)[0], peer(data))
            pixels = [decoded(thumbnail) for thumbnail in made]
            reference = decoded(data).resize(pixels[0].size, Image.Resampling.LANCZOS)
            alike = [likeness(thumbnail, reference) for thumbnail in pixels]
            row = f"{name} {kind:14} {8 * len(data) / size[0] / size[1]:>8.2f}"
            row += f" {ours.wall:>8.1f} {theirs.wall:>8.1f} {ours.wall / theirs.wall:>6.2f}"
            row += f" {ours.processor / theirs.processor:>6.2f}"
            row += f" {alike[0]:>10.4f} {alike[1]:>10.4f}"
            print(row, *(f"{len(thumbnail) / 1000:>8.1f}" for thumbnail in made))
            missed |= ours.processor > LIMIT * theirs.processor or alike[0] < alike[1] - WORSE
    threads = pyvips.concurrency_get()
    print(f"libvips {version} with {threads} threads, ours with one (limit: {LIMIT} of CPU)")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
