"""Find in a new answer what an item was made of: the text or the file that stood at the same place the first time."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from devserver.replay.walking import Steps, parts_of
from otel_tracking import ExecutionItem
from otel_tracking.capture import AnswerBody
from otel_tracking.secrets.redaction import Redaction


class Found(NamedTuple):
    """What came out this time: a text, or a file."""

    text: str | None = None
    file: bytes | None = None
    media_format: str | None = None


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """The body of an answer, unpacked, and its type."""

    raw: bytes
    content_type: str

    def value(self) -> Any:
        """The body as the record keeps it: parsed JSON, a stream put together, text, or what is said of a file."""
        answer = AnswerBody(self.content_type, "", len(self.raw))
        answer.take(self.raw)
        return answer.body(Redaction(), complete=True).value

    def file(self, path: Steps) -> bytes | None:
        """The bytes of the file at a place of the body: the whole of it, or base64 in JSON."""
        if path == ():
            return self.raw
        try:
            text = at(json.loads(self.raw), path)
            return b64decode(text.partition(";base64,")[2] if text.startswith("data:") else text, validate=True)
        except (ValueError, AttributeError):
            return None


def found_again(item: ExecutionItem, recorded_body: Any, answer: NewAnswer) -> Found | None:
    """What stands in the new answer where the item's text or file stood in the recorded one; None where it did not."""
    value = answer.value()
    if item.media is not None:
        sha256 = item.media.sha256
        for path in _places(recorded_body, lambda part: _is_file(part, sha256)):
            file = answer.file(path)
            if file is not None:
                return Found(file=file)
        return None
    if not isinstance(item.content, str) or not item.content.strip():
        return None
    wanted = item.content.strip()
    for path in _places(recorded_body, lambda part: isinstance(part, str) and part.strip() == wanted):
        text = at(value, path)
        if isinstance(text, str):
            return Found(text=text.strip() if item.content == wanted else text)
    return None


def at(value: Any, path: Steps) -> Any:
    """What stands at a place in a nested value, or None.

    >>> at({"choices": [{"text": "Eine Blume"}]}, ("choices", 0, "text"))
    'Eine Blume'
    """
    for step in path:
        try:
            value = value[step]
        except (LookupError, TypeError):
            return None
    return value


def _places(value: Any, is_wanted: Callable[[Any], bool]) -> Iterator[Steps]:
    """Where in a nested value the wanted parts are."""
    return (steps for steps, part in parts_of(value) if is_wanted(part))


def _is_file(part: Any, sha256: str | None) -> bool:
    described = part.get("media") if isinstance(part, dict) else None
    return isinstance(described, dict) and described.get("sha256") == sha256 is not None
