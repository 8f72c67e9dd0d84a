"""The formats a record can be rendered in: one row each. `docs/how-to-add-a-format.md` says how to add one."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from exporters.errors import UnknownFormat, listed, suggest
from otel_tracking.record import ExecutionRecord

Render = Callable[[ExecutionRecord], bytes]
Parse = Callable[[bytes], ExecutionRecord]


@dataclass(frozen=True, slots=True)
class Format:
    """How a record becomes a document of this media type, and how it is read back where that can be done."""

    media_type: str
    suffix: str
    render: Render
    parse: Parse | None = None


def when_used(module: str, function: str) -> Callable[..., Any]:
    """The function of that name, imported at its first call: a format nobody asks for costs nothing."""

    def call(argument: Any) -> Any:
        return getattr(importlib.import_module(module), function)(argument)

    call.__name__, call.__module__ = function, module
    return call


FORMATS: dict[str, Format] = {
    "json": Format(
        "application/json",
        ".json",
        render=when_used("exporters.json", "render"),
        parse=when_used("exporters.json", "parse"),
    ),
}


def format_named(name: str) -> Format:
    """The format of that name; `UnknownFormat` names those there are."""
    if name not in FORMATS:
        raise UnknownFormat(
            f"no format is called {name!r}.{suggest(name, FORMATS)} There are: {listed(sorted(FORMATS))}"
        )
    return FORMATS[name]
