"""Runs the application in granian, and lets it end without cutting anybody off."""

from __future__ import annotations

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from litestar import Litestar

from cinema_api.settings import Settings


def serve(settings: Settings, *, workers: int) -> None:
    """Answer until told to stop by SIGTERM or SIGINT."""
    Granian(
        "cinema_api.serving:application",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=workers,
        websockets=False,
        log_level=LogLevels.warning,
    ).serve()


def application() -> Litestar:
    """The application of one worker process, from its environment."""
    import os  # noqa: PLC0415

    from cinema_api import logs  # noqa: PLC0415
    from cinema_api.app import create_app  # noqa: PLC0415

    settings = Settings.read(os.environ)
    logs.configure(settings.log_level)
    return create_app(settings)
