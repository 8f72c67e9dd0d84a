"""The whole description, and the route that serves it."""

from __future__ import annotations

from flask import Blueprint, Response

from devserver.configs import Shelf
from devserver.web.openapi.parts import Part
from devserver.web.openapi.paths import paths
from devserver.web.openapi.schemas import schemas
from devserver.web.replies import json_reply
from devserver.web.visitors.roles import ALL
from devserver.web.web_settings import WebSettings
from otel_tracking.version import own_version

ADDRESS = "/api/openapi.json"


def openapi_document(configs: Shelf, *, asks_for_token: bool = True) -> Part:
    """The API of a server with these configurations, as OpenAPI 3.1."""
    bearer = {"type": "http", "scheme": "bearer", "description": "the token that opens what one may see"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "DevServer",
            "version": own_version(),
            "summary": "Run pipelines, follow them, take their records home",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths(),
        "components": {"schemas": schemas(configs), "securitySchemes": {"token": bearer}},
        **({"security": [{"token": []}]} if asks_for_token else {}),
    }


def openapi_route(configs: Shelf, settings: WebSettings) -> Blueprint:
    """`GET /api/openapi.json`, as a blueprint."""
    routes = Blueprint("openapi", __name__)

    @routes.get(ADDRESS, roles=ALL)
    def tell() -> Response:
        return json_reply(openapi_document(configs, asks_for_token=settings.token is not None))

    return routes
