"""Who asked, and by which address, behind the proxies that the stacks put before the API."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from cinema_api.proxies import Proxies

BALANCER = "10.0.64.7"
VIEWER = "198.51.100.9"
TRUSTED = (ipaddress.ip_network("10.0.64.0/18"),)


def scope(peer: str, **headers: str) -> Any:  # noqa: ANN401 - as much of a scope as is read
    named = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    return {"client": (peer, 5), "scheme": "http", "headers": [*named, (b"host", b"films.example")]}


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        # CloudFront puts the viewer's address last, and the load balancer leaves that as it is.
        (BALANCER, VIEWER, VIEWER),
        (BALANCER, f"192.0.2.66, {VIEWER}", VIEWER),
        (BALANCER, f"10.0.64.9, {VIEWER}", VIEWER),
        (BALANCER, "2001:db8::9", "2001:db8::9"),
        # A public load balancer appends whom it hears: a forged address stays before it.
        (BALANCER, f"forged, {VIEWER}", VIEWER),
        # Whoever is no proxy of ours is who asks, whatever it says.
        ("203.0.113.5", VIEWER, "203.0.113.5"),
    ],
)
def test_the_client_is_the_last_that_a_proxy_did_not_only_pass_on(
    peer: str, forwarded: str, client: str
) -> None:
    assert Proxies(TRUSTED).client(scope(peer, x_forwarded_for=forwarded)) == client


def test_behind_a_cdn_the_scheme_is_what_the_settings_say() -> None:
    proxies = Proxies(TRUSTED, "https")
    heard = scope(BALANCER, x_forwarded_for=VIEWER, x_forwarded_proto="http")
    assert proxies.origin(heard) == "https://films.example"
    assert proxies.origin(scope("203.0.113.5")) == "http://films.example"
    assert Proxies(TRUSTED).origin(heard) == "http://films.example"
