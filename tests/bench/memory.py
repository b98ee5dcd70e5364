"""How much memory the thumbnail function needs for 50 million pixels of each kind of file.

Every file is filled up to the most bytes that are taken, and a process of its own makes the
thumbnail of it, from the event on, with the client of S3 loaded but not asked. Exits 1 when the
worst of them leaves less than a quarter of what the program declares for the function.
"""

# ruff: noqa: T201  it is a script that prints a table

from __future__ import annotations

import io
import resource
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from tests.bench.pictures import poster

ROOT = Path(__file__).parents[2]
SIZE = (8192, 6103)  # as near to the limit as the longest side of a WebP allows
SLACK = 0.25

Write = Callable[[Image.Image, Path], object]


def _saved(format_: str, mode: str = "RGB", **options: Any) -> Write:  # noqa: ANN401 - as Pillow's
    return lambda image, path: image.convert(mode).save(path, format_, **options)


def _grey_16(image: Image.Image, path: Path) -> None:
    wide = image.convert("L").convert("I").point(lambda value: value * 257)
    wide.convert("I;16").save(path, "PNG")


def _palette(image: Image.Image, path: Path) -> None:
    image.quantize(64).save(path, "PNG", transparency=bytes(range(64)))


def _deep_avif(image: Image.Image, path: Path) -> None:
    # Pillow writes eight bits alone, but reads twelve.
    import pyvips  # noqa: PLC0415 - the others need only Pillow

    raw = image.convert("RGBA").tobytes()
    whole = pyvips.Image.new_from_memory(raw, *image.size, 4, "uchar").cast("ushort") * 257
    whole.cast("ushort").copy(interpretation="rgb16").heifsave(
        str(path), compression="av1", bitdepth=12, subsample_mode="off", effort=0
    )


_FULL_CHROMA = {"subsampling": "4:4:4", "progressive": True}
KINDS: Mapping[str, Write] = {
    "JPEG": _saved("JPEG"),
    "JPEG, progressive": _saved("JPEG", progressive=True),
    "JPEG, progressive, four inks": _saved("JPEG", "CMYK", **_FULL_CHROMA),
    "PNG": _saved("PNG"),
    "PNG with alpha": _saved("PNG", "RGBA"),
    "PNG, 16-bit grey": _grey_16,
    "PNG, palette with alpha": _palette,
    "GIF": _saved("GIF"),
    "WebP": _saved("WEBP", method=0),
    "WebP, lossless with alpha": _saved("WEBP", "RGBA", lossless=True, quality=0, method=0),
    "AVIF": _saved("AVIF", speed=10),
    "AVIF with alpha": _saved("AVIF", "RGBA", speed=10, subsampling="4:4:4"),
    "AVIF, 12-bit with alpha": _deep_avif,
}


@dataclass(frozen=True)
class OneFile:
    """The stand-in for S3's client: it has one object, and forgets what is put."""

    path: Path

    def head_object(self, **_: str) -> Mapping[str, Any]:
        """Ask about the object."""
        return {"ContentLength": self.path.stat().st_size, "ETag": '"1"'}

    def get_object(self, **_: str) -> Mapping[str, Any]:
        """Read it."""
        return {"Body": io.BytesIO(self.path.read_bytes())}

    def put_object(self, **_: str | bytes | Mapping[str, str]) -> object:
        """Forget it."""
        return {}


def write(folder: Path) -> None:
    """A file of each kind, numbered as they are listed."""
    picture = poster(*SIZE)
    for number, save in enumerate(KINDS.values()):
        save(picture, folder / str(number))


def measure(path: Path | None) -> None:
    """Print this process's peak, in bytes: after the thumbnail of a file, or of none."""
    sys.path.insert(0, str(ROOT / "thumbnailer"))
    import boto3  # noqa: PLC0415 - only the processes that are measured are to load these

    import handler  # noqa: PLC0415

    boto3.client("s3", region_name="us-east-1")
    if path:
        missing = handler.MOST_BYTES - path.stat().st_size
        with path.open("ab") as file:
            # Decoders skip it: in AVIF it is a box of nothing, and the others have ended before.
            file.write(struct.pack(">I4s", missing, b"free") + bytes(missing - 8))
        handler.make_thumbnail("images", "orig/a", OneFile(path), "images")
    print(_peak())


def _peak() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # Linux counts in ru_maxrss what the parent had when it started this process.
        fields = dict(line.split(":\t") for line in status.read_text().splitlines())
        return int(fields["VmHWM"].removesuffix("kB")) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _child(*words: str) -> str:
    command = [sys.executable, "-m", "tests.bench.memory", *words]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def memory_size() -> int:
    """The function's memory, in MB, as the program declares it."""
    from stackproof.sources.program import evaluate  # noqa: PLC0415 - the children need none of it

    (function,) = (
        declared
        for declared in evaluate(ROOT, "prod").resources
        if declared.type == "aws:lambda/function:Function"
    )
    return int(str(function.inputs["memorySize"]))


def main() -> int:
    """Measure and print."""
    megabyte = 1024 * 1024
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _child("write", name)
        sizes = [(folder / str(number)).stat().st_size for number in range(len(KINDS))]
        empty = int(_child("measure")) / megabyte
        peaks = [
            int(_child("measure", str(folder / str(number)))) / megabyte
            for number in range(len(KINDS))
        ]
    print(f"{SIZE[0] * SIZE[1] / 1e6:.1f} million pixels           of picture   peak MB")
    print(f"{'no file':30} {'':>10} {empty:>9.0f}")
    for kind, size, peak in zip(KINDS, sizes, peaks, strict=True):
        print(f"{kind:30} {size / megabyte:>7.1f} MB {peak:>9.0f}")
    most = memory_size()
    left = 1 - max(peaks) / most
    print(f"declared: {most} MB; {left:.0%} left at the worst (limit {SLACK:.0%})")
    return int(left < SLACK)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["write", folder]:
            write(Path(folder))
        case ["measure", *path]:
            measure(Path(path[0]) if path else None)
        case _:
            sys.exit(main())
