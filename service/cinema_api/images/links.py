"""Addresses of images that an `<img>` can show, which cannot send a token: signed, for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

from cinema_api.settings import ImageAccess
from cinema_api.tokens import Keyring

_WINDOW_SECONDS: Final = 1800


class Links:
    """Makes and checks the addresses of images, relative to the API."""

    def __init__(
        self, access: ImageAccess, keyring: Keyring, clock: Callable[[], float] = time.time
    ) -> None:
        self._access = access
        self._keyring = keyring
        self._clock = clock

    @property
    def public(self) -> bool:
        """Whether no login is needed to read."""
        return self._access is ImageAccess.PUBLIC

    def to(self, key: str) -> str:
        """The address of a key.

        A signature holds for an hour to an hour and a half. Within each half-hour it is the same,
        so that browsers keep the image.
        """
        path = f"/images/{quote(key, safe='')}"
        if self.public:
            return path
        expires = (int(self._clock()) // _WINDOW_SECONDS + 3) * _WINDOW_SECONDS
        # A signature is spelled in letters that a query takes as they are.
        signature = self._keyring.sign_text(_signed(key, expires))
        return f"{path}?expires={expires}&signature={signature}"

    def opens(self, key: str, expires: int | None, signature: str | None) -> bool:
        """Whether a query lets its bearer read the key now."""
        if expires is None or signature is None or expires <= self._clock():
            return False
        return self._keyring.verify_text(_signed(key, expires), signature)


def _signed(key: str, expires: int) -> str:
    return f"{expires}\n{key}"
