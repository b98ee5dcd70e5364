"""Runs the application in granian, and lets it end without cutting anybody off."""

from __future__ import annotations

import os
import tempfile
from typing import Final

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from litestar import Litestar

from cinema_api import logs
from cinema_api.settings import Settings

SHARED_METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers keep their counts together, so that any of them answers for all."""
_HEADER_MILLISECONDS: Final = 10_000
"""For who sends headers a byte at a time; bodies have their own limits."""


def serve(settings: Settings, *, workers: int) -> None:
    """Answer until told to stop by SIGTERM or SIGINT.

    Then nobody new is let in, and who is being answered has `drain_seconds` to be done with it.
    """
    with tempfile.TemporaryDirectory(prefix="cinema-api-") as shared:
        if workers > 1:
            os.environ[SHARED_METRICS] = shared
        Granian(
            "cinema_api.serving:application",
            factory=True,
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            workers=workers,
            websockets=False,
            http1_settings=HTTP1Settings(header_read_timeout=_HEADER_MILLISECONDS),
            # Zero would mean to wait for ever.
            workers_kill_timeout=max(1, settings.drain_seconds),
            respawn_failed_workers=workers > 1,
            log_level=LogLevels.warning,
        ).serve()


def application() -> Litestar:
    """The application of one worker process, from its environment."""
    # The metrics decide when they are imported whether workers share them.
    from cinema_api.app import create_app  # noqa: PLC0415

    settings = Settings.read(os.environ)
    logs.configure(settings.log_level)
    return create_app(settings)
