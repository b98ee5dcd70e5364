"""Login tokens, and signatures for image URLs: HS256 with keys that can be rotated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final

import jwt
import msgspec

from cinema_api.problems import UnavailableError

LIFETIME_SECONDS: Final = 7 * 24 * 3600
_ALGORITHM: Final = "HS256"
_LONGEST_TOKEN: Final = 2048
_MOST_REMEMBERED: Final = 4096


class Claims(msgspec.Struct, frozen=True):
    """Who a token was given to: the name at that time, and the id, which never changes.

    The id decides. A user who takes another name stays logged in, and who registers the name of
    a user that is gone does not inherit that one's tokens.
    """

    username: str
    user_id: str
    expires: int


class Keyring:
    """The first key signs, all of them verify: add the new one in front, drop the old later."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._keys: tuple[bytes, ...] = ()
        self._url_keys: tuple[bytes, ...] = ()
        # A signature does not change: a token that was good is good until it expires.
        self._remembered: dict[str, Claims] = {}

    @property
    def ready(self) -> bool:
        """Whether there are keys yet."""
        return bool(self._keys)

    def use(self, keys: tuple[bytes, ...]) -> None:
        """Take these keys from now on."""
        if keys != self._keys:
            self._keys = keys
            # Another purpose than tokens, so other keys: neither can stand in for the other.
            self._url_keys = tuple(_digest(key, "cinema image url") for key in keys)
            self._remembered.clear()

    def issue(self, *, username: str, user_id: str) -> str:
        """A token for seven days."""
        now = int(self._clock())
        payload = {"sub": username, "uid": user_id, "iat": now, "exp": now + LIFETIME_SECONDS}
        return jwt.encode(payload, self._signing_key(), _ALGORITHM)

    def verify(self, token: str) -> Claims | None:
        """Whose token it is; None for one that is forged, expired, or signed in another way."""
        self._signing_key()
        claims = self._remembered.get(token)
        if claims is None and len(token) <= _LONGEST_TOKEN:
            claims = self._decode(token)
            if claims is not None:
                if len(self._remembered) >= _MOST_REMEMBERED:
                    self._remembered.clear()
                self._remembered[token] = claims
        return None if claims is None or claims.expires <= self._clock() else claims

    def sign_text(self, text: str) -> str:
        """A signature of any text, for URLs."""
        self._signing_key()
        return _signature(self._url_keys[0], text)

    def verify_text(self, text: str, signature: str) -> bool:
        """Whether one of the keys made this signature."""
        return any(
            hmac.compare_digest(_signature(key, text).encode(), signature.encode())
            for key in self._url_keys
        )

    def _signing_key(self) -> bytes:
        if not self._keys:
            raise UnavailableError("there are no signing keys yet")
        return self._keys[0]

    def _decode(self, token: str) -> Claims | None:
        for key in self._keys:
            try:
                payload = jwt.decode(
                    token,
                    key,
                    algorithms=[_ALGORITHM],
                    # Times are compared in one place, above, for remembered tokens as well.
                    options={"require": ["exp", "iat", "sub", "uid"], "verify_exp": False},
                )
                return Claims(
                    username=str(payload["sub"]),
                    user_id=str(payload["uid"]),
                    expires=int(payload["exp"]),
                )
            except (jwt.InvalidTokenError, ValueError, TypeError):
                continue
        return None


def _signature(key: bytes, text: str) -> str:
    return base64.urlsafe_b64encode(_digest(key, text)[:24]).decode()


def _digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)
