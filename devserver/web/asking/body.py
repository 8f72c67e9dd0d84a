"""Turn what somebody sent into a request of the pipeline, or say what would have worked."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import sys
from collections.abc import Mapping
from typing import Any

from devserver.backends.comfyui.graph_files import shipped_graphs
from devserver.backends.comfyui.plan import GRAPH
from devserver.configs import PipelineConfig, Shelf
from devserver.engines import InputImage
from devserver.errors import RequestError, suggestion
from devserver.pictures import FORMATS, MOST_BYTES, picture_format
from devserver.requests import Request
from devserver.safety.terms import LEVELS
from devserver.web.visitors.roles import SEEING_ALL, Role

LARGEST_SEED = 2**64 - 1
LONGEST_NAME = 200
MOST_DIGITS = 1000
"""Of a whole number in a body: more are never meant, and to read them takes the square of their number."""

_WOULD_WORK = '{"schema": "stillepost", "input_text": "…"}'
_DIGITS = re.compile(r"\s*-?[0-9]{1,24}\s*")
_NAMES = ("user_id", "session_id", "device_id", "study_id", "batch_id", "repeats", "continues")


class NotAllowed(RequestError):
    """It could be run, but not by the one who asks."""


def read_body(body: bytes, would_work: str = _WOULD_WORK) -> Mapping[str, Any]:
    """The JSON object in a body. Raises `RequestError` for anything else, and says what `would_work`."""
    try:
        source = json.loads(body, parse_constant=_no_constant, parse_float=_number, parse_int=_integer)
    except (ValueError, RecursionError):
        raise RequestError(f"the body is not JSON; {would_work} would work") from None
    if not isinstance(source, dict):
        raise RequestError(f"the body is a JSON {type(source).__name__}, not an object; {would_work} would work")
    return source


def request_of(
    source: Mapping[str, Any], role: Role, usual_level: str, configs: Shelf
) -> tuple[Request, PipelineConfig]:
    """The request that a JSON object describes, checked, and its configuration.

    Raises `UnknownConfig`, `NotAllowed` or `RequestError`.
    """
    config = configs.named(_text(source, "schema", needed=True))
    languages = source.get("languages")
    names: dict[str, Any] = {name: _text(source, name) or None for name in _NAMES}
    request = Request(
        prompt=_text(source, "input_text", needed=True, longest=None),
        config_name=config.name,
        execution_mode=_text(source, "execution_mode") or "eco",
        safety_level=level_for(_text(source, "safety_level"), role, usual_level),
        seed=seed_of(source.get("seed")),
        languages=tuple(languages) if isinstance(languages, list) and _are_codes(languages) else _no_list(languages),
        parameters=_object(source, "parameters"),
        images=_images(source.get("images")),
        **names,
    )
    return checked(request, config), config


def checked(request: Request, config: PipelineConfig) -> Request:
    """The request, which can be run. Raises `RequestError`."""
    request.check()
    request.check_images(config)
    check_names(request.parameters)
    return request


def check_names(parameters: Mapping[str, Any]) -> None:
    """Raise `RequestError` for a parameter that names a file of this machine: those are its operator's alone.

    Who is sent here may name a graph that comes along, or write one out.
    """
    for name, value in parameters.items():
        if name.rpartition(".")[2] == GRAPH and not isinstance(value, Mapping) and value not in shipped_graphs():
            names = ", ".join(shipped_graphs())
            raise RequestError(f"{name} is {shortened(value)}; {names} or the graph itself, as an object, would work")


def level_for(wanted: str, role: Role, usual: str) -> str:
    """The safety level of a run: the server's own, or another that the one who asks may choose."""
    level = wanted or usual
    if level not in LEVELS:
        raise RequestError(f"safety_level is {level!r:.100}; {suggestion(level[:100], LEVELS)}", "level unknown")
    if role not in SEEING_ALL and LEVELS.index(level) > LEVELS.index(usual):
        raise NotAllowed(f"safety_level {level} is not for students; {usual} would work", "level not yours")
    return level


def seed_of(value: Any) -> int | None:
    """A seed from a number or digits; None where none was given. Raises `RequestError`."""
    if value is None or value == "" or value == "random":
        return None
    number = whole_number(value) if isinstance(value, str) else value
    if type(number) is not int or not -(2**63) <= number <= LARGEST_SEED:
        raise RequestError(f"seed is {shortened(value)}; a whole number such as 123456789 would work", "seed wrong")
    return number


def whole_number(text: str) -> int | None:
    """The number that digits say; None where they say none, or one that is larger than any that is asked for.

    >>> whole_number(" -5 "), whole_number("--5"), whole_number("9" * 5000)
    (-5, None, None)
    """
    return int(text) if _DIGITS.fullmatch(text) else None


def shortened(value: Any) -> str:
    """A value that somebody sent, as a complaint about it shows it."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of about {int(value.bit_length() * 0.30103)} digits"
    return f"{value!r:.60}"


def image_of(name: str, content: bytes) -> InputImage:
    """A picture that somebody sent. Raises `RequestError` where it is none."""
    media_format = picture_format(content) if len(content) <= MOST_BYTES else None
    if media_format is None:
        kinds = ", ".join(FORMATS.values())
        most = MOST_BYTES // 2**20
        raise RequestError(
            f"{name!r:.100} is no picture; {kinds} of at most {most} MiB would work", "no picture", most=most
        )
    return InputImage(name[:LONGEST_NAME], content, media_format)


def _images(value: Any) -> tuple[InputImage, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise RequestError('images is no list of objects such as {"name": "cat.png", "data": "…base64…"}')
    return tuple(_image(entry, number) for number, entry in enumerate(value, start=1))


def _image(entry: Mapping[str, Any], number: int) -> InputImage:
    data, name = entry.get("data"), entry.get("name") or f"image_{number}"
    if not isinstance(data, str) or not isinstance(name, str):
        raise RequestError(f"image {number} has no data in base64 and no name that is a text")
    try:
        return image_of(name, base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise RequestError(f"the data of image {number} is not base64") from None


def _text(source: Mapping[str, Any], name: str, *, needed: bool = False, longest: int | None = LONGEST_NAME) -> str:
    value = source.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise RequestError(f"{name} is {_shown(value)}; a text is needed")
    if longest is not None and len(value) > longest:
        raise RequestError(f"{name} has {len(value)} characters; {longest} at most would work")
    return value


def _shown(value: Any) -> str:
    return "missing" if value is None else "empty" if isinstance(value, str) else f"a JSON {type(value).__name__}"


def _object(source: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = source.get(name)
    if value is not None and not isinstance(value, dict):
        raise RequestError(f"{name} is {_shown(value)}; an object of names and values is needed")
    return value or {}


def _are_codes(languages: list[Any]) -> bool:
    return all(isinstance(code, str) and 0 < len(code) <= 20 for code in languages) and len(languages) <= 100


def _no_list(languages: Any) -> str | None:
    if languages is not None and not isinstance(languages, str):
        raise RequestError("languages is no list of codes such as ['es', 'fr', 'en'], nor 'fixed' or 'random'")
    return languages or None


def _no_constant(name: str) -> Any:
    raise RequestError(f"the body says {name}, which is no number in JSON; one such as 1.5, or null, would work")


def _number(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        # Python would take it for infinity, which no engine can count to.
        raise RequestError(f"the body says {text:.40}; a number in JSON may be as large as {sys.float_info.max:.1e}")
    return number


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise RequestError(
            f"the body has a number of {len(text)} digits, {text:.20}…; {MOST_DIGITS} at most would work"
        )
    return int(text)
