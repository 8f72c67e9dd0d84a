"""A request as a text that can be kept on a disk, and back: every field, pictures too."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from typing import Any

from devserver.engines import InputImage
from devserver.errors import RequestError
from devserver.requests import Request


def text_of(request: Request) -> str:
    """The request as JSON in ASCII."""
    plain: dict[str, Any] = {field.name: getattr(request, field.name) for field in fields(request)}
    plain["parameters"] = dict(request.parameters)
    plain["images"] = [
        {"name": image.name, "content": base64.b64encode(image.content).decode(), "media_format": image.media_format}
        for image in request.images
    ]
    return json.dumps(plain)


def request_from(text: str) -> Request:
    """The request that a text keeps. Raises `RequestError` for one that keeps none."""
    try:
        plain = json.loads(text)
        images = tuple(
            InputImage(image["name"], base64.b64decode(image["content"], validate=True), image["media_format"])
            for image in plain.pop("images")
        )
        languages = plain.pop("languages")
        return Request(**plain, images=images, languages=tuple(languages) if isinstance(languages, list) else languages)
    except (ValueError, TypeError, KeyError, AttributeError) as trouble:
        raise RequestError(f"what was kept of a request cannot be read: {type(trouble).__name__}") from None
