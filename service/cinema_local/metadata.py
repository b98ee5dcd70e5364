"""The instance metadata service, version 2: how an instance comes by its role's credentials.

Only what SDKs ask for (EC2 User Guide, "Retrieve security credentials from instance metadata"):
a session token by PUT, the name of the role, its credentials. The emulator has such a service too,
but the credentials that it gives are not ones that it believes.
"""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from aiohttp import web

_TOKEN = "X-aws-ec2-metadata-token"  # noqa: S105 - a header's name
_LIFETIME = f"{_TOKEN}-ttl-seconds"
_ROLES = "/latest/meta-data/iam/security-credentials/"
_SESSION_SECONDS = 3600
# EC2 renews at least five minutes before the end; botocore asks from fifteen minutes on.
_RENEWED_BEFORE = dt.timedelta(minutes=20)


class Metadata:
    """Answers for every instance; sessions of `role` come from `sts`, a client of AWS STS.

    `trusted` says whether the role's trust policy names EC2; without it there are no credentials,
    as on AWS. (The emulator would hand them to the account's root for any service's role.)
    """

    def __init__(self, sts: Any, *, role: str, role_arn: str, trusted: bool) -> None:  # noqa: ANN401 - botocore makes its clients at run time
        self._sts = sts
        self._role = role
        self._role_arn = role_arn
        self._trusted = trusted
        self._tokens: set[str] = set()
        self._session: dict[str, Any] | None = None

    def application(self) -> web.Application:
        """The service as an application for aiohttp."""
        app = web.Application()
        app.router.add_put("/latest/api/token", self._token)
        app.router.add_get(_ROLES, self._name)
        app.router.add_get(_ROLES + "{role}", self._credentials)
        return app

    def forget(self) -> None:
        """The emulator has begun anew, and knows of no session."""
        self._session = None

    async def _token(self, request: web.Request) -> web.Response:
        lifetime = request.headers.get(_LIFETIME, "")
        if not lifetime.isdecimal():
            raise web.HTTPBadRequest
        token = secrets.token_urlsafe(30)
        self._tokens.add(token)
        return web.Response(text=token, headers={_LIFETIME: lifetime})

    async def _name(self, request: web.Request) -> web.Response:
        self._authorize(request)
        return web.Response(text=self._role)

    async def _credentials(self, request: web.Request) -> web.Response:
        self._authorize(request)
        if request.match_info["role"] != self._role:
            raise web.HTTPNotFound
        session = await self._current()
        return web.json_response(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "LastUpdated": _written(dt.datetime.now(dt.UTC)),
                "AccessKeyId": session["AccessKeyId"],
                "SecretAccessKey": session["SecretAccessKey"],
                "Token": session["SessionToken"],
                "Expiration": _written(session["Expiration"]),
            }
        )

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get(_TOKEN) not in self._tokens:
            raise web.HTTPUnauthorized
        if not self._trusted:
            raise web.HTTPNotFound

    async def _current(self) -> dict[str, Any]:
        now = dt.datetime.now(dt.UTC)
        if self._session is None or self._session["Expiration"] - now < _RENEWED_BEFORE:
            answer = await self._sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName="i-local",
                DurationSeconds=_SESSION_SECONDS,
            )
            self._session = answer["Credentials"]
        session: dict[str, Any] = self._session
        return session


def _written(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
