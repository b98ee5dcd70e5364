"""Where a request came from and how the client addresses us, through proxies that we trust."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Any, Final

from litestar.types import Scope

from cinema_api.settings import Network

_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


class Proxies:
    """Believes X-Forwarded-For and X-Forwarded-Proto of some networks and of nobody else.

    `scheme` is what clients speak where the last proxy cannot know it: a load balancer behind a CDN
    hears HTTP, and says so.
    """

    def __init__(self, trusted: tuple[Network, ...], scheme: str | None = None) -> None:
        self._trusted = trusted
        self._scheme = scheme
        self._trusts = lru_cache(1024)(self._is_trusted)

    def client(self, scope: Scope) -> str:
        """The address of who asked: the last one that no trusted proxy only passed on."""
        address = _peer(scope)
        if not self._trusts(address):
            return address
        for hop in reversed(header(scope, b"x-forwarded-for").split(",")):
            hop = hop.strip()  # noqa: PLW2901 - the same address, without the space around it
            if not _is_address(hop):
                break
            address = hop
            if not self._trusts(hop):
                break
        return address

    def passed_on(self, scope: Scope) -> bool:
        """Whether one of the proxies sends it for somebody else."""
        return bool(header(scope, b"x-forwarded-for")) and self._trusts(_peer(scope))

    def origin(self, scope: Scope) -> str:
        """Scheme and host as the client wrote them, for absolute URLs to us."""
        scheme = scope["scheme"]
        forwarded = self._scheme or header(scope, b"x-forwarded-proto")
        if forwarded in {"http", "https"} and self._trusts(_peer(scope)):
            scheme = forwarded
        return f"{scheme}://{header(scope, b'host')}"

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


def _peer(scope: Scope) -> str:
    client: Any = scope.get("client")
    return client[0] if client else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def plain_host(scope: Scope) -> bool:
    """Whether the Host header can stand in a URL as it is."""
    return _HOST.fullmatch(header(scope, b"host")) is not None


def header(scope: Scope, wanted: bytes) -> str:
    """The first header of this name, which is in lower case; empty where there is none."""
    for name, value in scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return ""
