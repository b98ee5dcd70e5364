"""Puts the application together."""

from __future__ import annotations

from typing import Any, cast

from litestar import Litestar, Router
from litestar.enums import ScopeType
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import (
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Receive,
    Scope,
    Send,
)

from cinema_api import __version__, problems
from cinema_api.cors import Cors
from cinema_api.edge import Edge
from cinema_api.health.controller import HealthController
from cinema_api.images.controller import ImagesController
from cinema_api.lifetime import Building, build, lifespan
from cinema_api.movies.controller import FacetsController, MoviesController
from cinema_api.movies.lean import LeanMovies
from cinema_api.movies.posters import PostersController
from cinema_api.schema_page import POLICY, SchemaPage
from cinema_api.settings import Settings
from cinema_api.users.controller import LoginController, UsersController


class CinemaApi(Litestar):
    """Litestar, with an edge around all of it: unknown routes and errors included."""

    def __init__(self, cors: Cors, **named: Any) -> None:  # noqa: ANN401 - passed through
        super().__init__(**named)
        self._edge = Edge(LeanMovies(super().__call__, self.state), cors)

    async def __call__(
        self,
        scope: Scope | LifeSpanScope,
        receive: Receive | LifeSpanReceive,
        send: Send | LifeSpanSend,
    ) -> None:
        """The ASGI entry point."""
        if scope["type"] == ScopeType.HTTP:
            await self._edge(cast("HTTPScope", scope), cast("Receive", receive), cast("Send", send))
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, building: Building = build) -> Litestar:
    """The application. `building` makes its parts when it starts; tests may bring their own."""
    return CinemaApi(
        cors=Cors(settings.cors_origins),
        route_handlers=[
            HealthController,
            LoginController,
            UsersController,
            MoviesController,
            FacetsController,
            PostersController,
            ImagesController,
        ],
        lifespan=[lifespan(settings, building)],
        exception_handlers=problems.HANDLERS,
        openapi_config=OpenAPIConfig(
            title="Cinema.Database",
            version=__version__,
            description="Films, users and images.",
            use_handler_docstrings=True,
            render_plugins=[SchemaPage(), JsonRenderPlugin()],
            openapi_router=Router(
                "/schema",
                route_handlers=[],
                include_in_schema=False,
                response_headers={"Content-Security-Policy": POLICY},
            ),
            components=Components(
                security_schemes={
                    "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT")
                }
            ),
        ),
        logging_config=None,
        pdb_on_exception=False,
        debug=False,
    )
