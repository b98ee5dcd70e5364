"""The routes of images."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from pathlib import PurePath
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIFormat, OpenAPIMediaType, RequestBody
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from cinema_api.authentication import logged_in, require_login
from cinema_api.conditional import conditional, matches
from cinema_api.images import kinds
from cinema_api.images.names import readable, safe_name
from cinema_api.images.receiving import FIELD, Received, receive
from cinema_api.images.store import BadTokenError, Facts, MissingError, RangeError
from cinema_api.images.structs import ORIGINALS, THUMBNAILS, Listing, Uploaded
from cinema_api.limits import Limit
from cinema_api.openapi import (
    ETAG,
    LOGIN,
    LOGIN_OR_SIGNED,
    RATE,
    answer,
    of,
    operation,
    refusals,
    text,
    texts,
    unchanged,
)
from cinema_api.parts import Parts, parts
from cinema_api.problems import TextError, UnavailableError
from cinema_api.users.structs import Account

_encoder = msgspec.json.Encoder()

_ONE_RANGE: Final = re.compile(r"bytes=(\d{1,15}-\d{0,15}|-\d{1,15})")
_SHOWN: Final = frozenset(kind.content_type for kind in kinds.KINDS.values())
_MOST_KEYS: Final = 1000
_LONGEST_KEY: Final = 1024
_SECONDS_FOR_A_PLACE: Final = 10
# The browser takes it for what we say it is, and runs nothing in it.
_POLICY: Final = "default-src 'none'; sandbox; frame-ancestors 'none'"

_OF_AN_IMAGE: Final = {
    "Last-Modified": "When it was stored.",
    "Accept-Ranges": "That a part may be asked for.",
    "Content-Disposition": "Its name, and that it may be shown.",
}
_UPLOAD: Final = RequestBody(
    content={
        "multipart/form-data": OpenAPIMediaType(
            schema=of(
                {FIELD: text("A JPEG, PNG, WebP, GIF or AVIF.", format=OpenAPIFormat.BINARY)}, FIELD
            )
        )
    },
    required=True,
)


class ImagesController(Controller):
    """Images: uploads need a login; so do listing and reading, unless the settings say public."""

    path = "/images"
    tags = ("images",)

    @get(
        operation_id="listImages",
        security=LOGIN_OR_SIGNED,
        responses={
            **answer(Listing, "Some of the objects, in the order of their keys."),
            **unchanged(),
            **refusals(400, 401, 503),
        },
        operation_class=operation(headers=ETAG),
    )
    async def list_images(
        self,
        request: Request[Any, Any, Any],
        prefix: Annotated[str, QueryParameter(max_length=_LONGEST_KEY)] = "",
        max_keys: Annotated[int, QueryParameter(name="maxKeys", ge=1, le=_MOST_KEYS)] = _MOST_KEYS,
        continuation_token: Annotated[
            str | None, QueryParameter(name="continuationToken", min_length=1, max_length=2048)
        ] = None,
    ) -> Response[bytes]:
        """The objects of the bucket, as S3's ListObjectsV2 says it. Each has a URL for `<img>`."""
        cinema = parts(request)
        if not cinema.links.public:
            await logged_in(request)
        try:
            listing = await cinema.images.list(
                prefix=prefix, most=max_keys, token=continuation_token
            )
        except BadTokenError:
            raise HTTPException(
                "The continuation token is not valid.", status_code=HTTPStatus.BAD_REQUEST
            ) from None
        replace = msgspec.structs.replace
        contents = tuple(
            replace(entry, url=cinema.links.to(entry.key)) for entry in listing.contents
        )
        return conditional(request, _encoder.encode(replace(listing, contents=contents)))

    @get(
        "/{key:path}",
        operation_id="getImage",
        security=LOGIN_OR_SIGNED,
        responses={
            **answer(bytes, "The image.", media_type="image/*"),
            **answer(bytes, "The part that Range asks for.", status=206, media_type="image/*"),
            **unchanged(),
            **texts(404),
            **refusals(400, 401, 416, 503),
        },
        operation_class=operation(headers={**ETAG, **_OF_AN_IMAGE}),
    )
    async def get_image(
        self,
        request: Request[Any, Any, Any],
        key: FromPath[PurePath],
        expires: Annotated[int | None, QueryParameter(ge=0, le=2**40)] = None,
        signature: Annotated[str | None, QueryParameter(max_length=64)] = None,
    ) -> Response[Any]:
        """The bytes of an image, or a range of them, to a login or to a signed URL."""
        cinema = parts(request)
        name = str(key).lstrip("/")
        if not cinema.links.public and not cinema.links.opens(name, expires, signature):
            await logged_in(request)
        if not readable(name):
            raise _missing()
        try:
            return await _answer(request, cinema, name)
        except MissingError:
            raise _missing() from None

    @post(
        operation_id="uploadImage",
        guards=[require_login],
        status_code=HTTPStatus.CREATED,
        security=LOGIN,
        responses={
            **answer(Uploaded, "It is stored; the thumbnail follows.", status=201),
            **refusals(400, 401, 408, 413, 415, 422, 429, 503),
        },
        operation_class=operation(
            body=_UPLOAD, headers={"Location": "Where the image is.", **RATE}
        ),
    )
    async def upload_image(self, request: Request[Account, Any, Any]) -> Response[Uploaded]:
        """Store an image under its own name, or the next that is free. Nothing is overwritten."""
        cinema = parts(request)
        limit = Limit("upload", cinema.settings.upload_limit)
        left = await cinema.limits.take(limit, f"user {request.user.id}")
        try:
            async with asyncio.timeout(_SECONDS_FOR_A_PLACE):
                await cinema.uploads.acquire()
        except TimeoutError:
            raise UnavailableError("too many upload at once") from None
        try:
            async with receive(
                request,
                most_bytes=cinema.settings.upload_max_bytes,
                seconds=cinema.settings.upload_seconds,
            ) as received:
                uploaded = await _store(cinema, received)
        finally:
            cinema.uploads.release()
        return Response(uploaded, headers={"Location": uploaded.url, **left})


async def _store(cinema: Parts, received: Received) -> Uploaded:
    picture = await _looked_at(received, cinema.settings.upload_max_pixels)
    key = await cinema.images.add(
        safe_name(received.claimed_name, picture.kind.suffixes),
        received.file,
        content_type=picture.kind.content_type,
        sha256=received.sha256,
    )
    name = key.removeprefix(ORIGINALS)
    return Uploaded(
        key=key,
        thumbnail_key=THUMBNAILS + name,
        name=name,
        content_type=picture.kind.content_type,
        size=received.size,
        width=picture.width,
        height=picture.height,
        url=cinema.links.to(key),
        thumbnail_url=cinema.links.to(THUMBNAILS + name),
    )


async def _looked_at(received: Received, most_pixels: int) -> kinds.Picture:
    try:
        return await asyncio.to_thread(kinds.look, received.file, most_pixels=most_pixels)
    except kinds.NotAnImageError:
        raise HTTPException(
            "The file is not an image in JPEG, PNG, WebP, GIF or AVIF.",
            status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ) from None
    except kinds.DamagedError:
        raise HTTPException(
            "The image is damaged.", status_code=HTTPStatus.UNPROCESSABLE_ENTITY
        ) from None
    except kinds.TooManyPixelsError:
        raise HTTPException(
            f"The image has too many pixels: {most_pixels} are the most.",
            status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            extra={"most_pixels": most_pixels},
        ) from None


async def _answer(request: Request[Any, Any, Any], cinema: Parts, key: str) -> Response[Any]:
    wanted = request.headers.get("range")
    byte_range = wanted if wanted is not None and _ONE_RANGE.fullmatch(wanted) else None
    asked = {"if-none-match", "if-modified-since", "if-range"} & set(request.headers.keys())
    if asked or request.scope.get("cinema.head"):
        # S3 compares one strong tag at most, and knows nothing of If-Range: so it is asked first.
        facts = await cinema.images.facts(key)
        if _unchanged(request, facts):
            return Response(
                b"", status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(cinema, key, facts)
            )
        if request.scope.get("cinema.head"):
            return _head(cinema, key, facts)
        if not _same(request.headers.get("if-range"), facts):
            byte_range = None
    try:
        content = await cinema.images.open(key, byte_range)
    except RangeError:
        facts = await cinema.images.facts(key)
        raise HTTPException(
            "The image has no such part.",
            status_code=HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            headers={"Content-Range": f"bytes */{facts.size}"},
        ) from None
    headers = _headers(cinema, key, content.facts)
    headers["Content-Length"] = str(content.facts.size)
    status = HTTPStatus.OK
    if content.facts.content_range is not None:
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = content.facts.content_range
    return Stream(
        content.chunks(),
        status_code=status,
        headers=headers,
        media_type=_type(content.facts),
    )


def _head(cinema: Parts, key: str, facts: Facts) -> Response[bytes]:
    headers = {**_headers(cinema, key, facts), "Content-Length": str(facts.size)}
    return Response(b"", headers=headers, media_type=_type(facts))


def _headers(cinema: Parts, key: str, facts: Facts) -> dict[str, str]:
    name = key.rpartition("/")[2]
    shown = "inline" if facts.content_type in _SHOWN else "attachment"
    return {
        "ETag": facts.etag,
        "Last-Modified": _http_date(facts.last_modified),
        "Accept-Ranges": "bytes",
        # Nothing is overwritten, but a thumbnail may be made again.
        "Cache-Control": "public, max-age=3600" if cinema.links.public else "private, max-age=3600",
        "Content-Disposition": f"{shown}; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": _POLICY,
    }


def _type(facts: Facts) -> str:
    # What others put into the bucket is not shown as anything that a browser would run.
    return facts.content_type if facts.content_type in _SHOWN else "application/octet-stream"


def _unchanged(request: Request[Any, Any, Any], facts: Facts) -> bool:
    # RFC 9110, 13.2.2: the date counts only where there is no tag.
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return matches(tags, facts.etag)
    since = request.headers.get("if-modified-since")
    if since is None:
        return False
    try:
        return facts.last_modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _same(if_range: str | None, facts: Facts) -> bool:
    if if_range is None:
        return True
    return if_range in {facts.etag, _http_date(facts.last_modified)}


def _http_date(moment: datetime) -> str:
    return formatdate(moment.timestamp(), usegmt=True)


def _missing() -> TextError:
    return TextError(HTTPStatus.NOT_FOUND, "There is no such image.")
