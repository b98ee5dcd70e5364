"""Lists of images: read once for all who ask at once, with dates as S3 writes them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from cinema_api.images.store import S3Images, moment


class SlowS3:
    """An S3 that answers lists when it is told to, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers = asyncio.Event()

    async def list_objects_v2(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - the SDK's
        self.asked.append(request["Prefix"])
        await self.answers.wait()
        key = f"{request['Prefix']}{len(self.asked)}.jpg"
        modified = datetime(2026, 1, 2, tzinfo=UTC)
        return {"Contents": [{"Key": key, "LastModified": modified, "ETag": '"1"', "Size": 1}]}


async def _lists() -> None:
    s3 = SlowS3()
    images = S3Images(s3, "bucket")
    first = asyncio.create_task(images.list(prefix="orig/", most=10, token=None))
    other = asyncio.create_task(images.list(prefix="thumbnails/", most=10, token=None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    # The first is on its way already: it may not know what these have just stored.
    later = [
        asyncio.create_task(images.list(prefix="orig/", most=10, token=None)) for _ in range(20)
    ]
    await asyncio.sleep(0)
    s3.answers.set()
    lists = await asyncio.gather(first, other, *later)
    assert s3.asked == ["orig/", "thumbnails/", "orig/"]
    keys = [found.contents[0].key for found in lists]
    assert keys[2:] == ["orig/3.jpg"] * 20
    assert "orig/3.jpg" not in keys[:2]


def test_who_asks_at_once_shares_a_list_that_is_not_older_than_the_question() -> None:
    asyncio.run(_lists())


@pytest.mark.parametrize(
    "written",
    ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z", "Fri, 02 Jan 2026 03:04:05 GMT"],
)
def test_a_date_is_read_as_s3_writes_it_in_lists_and_in_headers(written: str) -> None:
    assert moment(written) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
