"""Say of a request to ComfyUI whether what it brought is of an earlier run, by what the history says. Pure.

ComfyUI does not compute again what it has computed: it names the files of the earlier run, and says which nodes did not
work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from devserver.backends.comfyui.outputs import saved_files
from devserver.backends.comfyui.progress import Progress


def is_of_an_earlier_run(url: str, answers: Iterable[Any]) -> bool:
    """Whether a question for a history or a file was answered with nothing but results of an earlier run.

    `answers` are the bodies that came in the same conversation, the histories among them.
    """
    parts = urlsplit(url)
    *_, before, last = ["", *unquote(parts.path).split("/")]
    files = [file for body in answers if isinstance(body, dict) for file in _files_in(body)]
    if before == "history":
        asked = [file for file in files if file.prompt_id == last]
    elif last == "view":
        name = dict(parse_qsl(parts.query)).get("filename")
        asked = [file for file in files if file.name == name]
    else:
        asked = []
    return bool(asked) and all(file.is_cached for file in asked)


class _Named(NamedTuple):
    """A file that a history names."""

    prompt_id: str
    name: str
    is_cached: bool


def _files_in(histories: Mapping[str, Any]) -> Iterator[_Named]:
    for prompt_id, entry in histories.items():
        if isinstance(entry, dict) and isinstance(entry.get("outputs"), dict):
            for saved in saved_files(entry["outputs"], {}, _cached_in(prompt_id, entry)):
                yield _Named(prompt_id, saved.name, saved.is_cached)


def _cached_in(prompt_id: str, entry: Mapping[str, Any]) -> frozenset[str]:
    progress = Progress(prompt_id)
    try:
        progress.take_history(entry)
    except (AttributeError, TypeError, ValueError):
        return frozenset()  # A history of another shape says nothing of a cache.
    return frozenset(progress.cached)
