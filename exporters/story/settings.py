"""What a run was asked to do: the settings that say something, by their names with dots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exporters.story.parts import Parameter
from exporters.story.readable import readable, visible_line

_DEEPEST = 5
_NOTHING = (None, "", b"")


def settings_of(metadata: Any) -> tuple[Parameter, ...]:
    """Every setting that has a value, by its name with dots.

    >>> settings_of({"config": {"name": "dada", "outputs": [{"engine": "sd35", "lora": None}], "hops": ["en", "fr"]}})
    (Parameter(name='config.name', value='dada'), Parameter(name='config.outputs.1.engine', value='sd35'), \
Parameter(name='config.hops', value='en, fr'))
    """
    return tuple(Parameter(name, value) for name, value in _leaves(metadata, "", 0))


def _leaves(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    parts = _parts(value) if depth < _DEEPEST else None
    if parts is None:
        if value not in _NOTHING:
            yield name, _told(value)
        return
    for own, part in parts:
        yield from _leaves(part, f"{name}.{own}" if name else own, depth + 1)


def _parts(value: Any) -> list[tuple[str, Any]] | None:
    """What is inside of a mapping, or of a list of mappings, by its name or number; None for what is one value."""
    if isinstance(value, Mapping):
        return [(visible_line(key if isinstance(key, str) else readable(key)), part) for key, part in value.items()]
    if _is_list(value) and any(isinstance(part, Mapping) or _is_list(part) for part in value):
        return [(str(number), part) for number, part in enumerate(value, start=1)]
    return [] if _is_list(value) and not value else None


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _told(value: Any) -> str:
    return ", ".join(map(readable, value)) if _is_list(value) else readable(value)
