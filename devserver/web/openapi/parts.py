"""Small parts of an OpenAPI document: types, parameters, answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Part = dict[str, Any]

TEXT: Part = {"type": "string"}
WHOLE: Part = {"type": "integer"}
NUMBER: Part = {"type": "number"}
ANYTHING: Part = {}
MAP: Part = {"type": "object"}

JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def or_null(part: Part) -> Part:
    """The same, or null."""
    return {**part, "type": [part["type"], "null"]}


def list_of(part: Part) -> Part:
    """A list of such."""
    return {"type": "array", "items": part}


def one_of(values: Iterable[str]) -> Part:
    """One of these words."""
    return {"type": "string", "enum": [str(value) for value in values]}


def record_of(needed: Mapping[str, Part], more: Mapping[str, Part] | None = None) -> Part:
    """An object with these fields always, and `more` of them sometimes; others may come in later versions."""
    return {"type": "object", "required": list(needed), "properties": {**needed, **(more or {})}}


def ref(name: str) -> Part:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def query(name: str, about: str, schema: Part) -> Part:
    """A parameter after the question mark."""
    return {"name": name, "in": "query", "description": about, "schema": schema}


def in_path(name: str, about: str, example: str) -> Part:
    """A part of an address."""
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "description": about, "schema": schema, "example": example}


def header(name: str, about: str) -> Part:
    """A header of a request."""
    return {"name": name, "in": "header", "description": about, "schema": TEXT}


def answer(about: str, schema: Part | None = None, media_type: str = JSON) -> Part:
    """An answer, with its body."""
    return {"description": about, "content": {media_type: {"schema": schema}}} if schema is not None else _bare(about)


def answers(good: Mapping[str, Part], **troubles: str) -> Part:
    """Those that go well, and by `_status` what others mean; each of these is a sentence in JSON."""
    told = {status.removeprefix("_"): answer(about, ref("Trouble")) for status, about in troubles.items()}
    return {**good, **told, "401": answer("no token, or a wrong one", ref("Trouble"))}


def _bare(about: str) -> Part:
    return {"description": about}
