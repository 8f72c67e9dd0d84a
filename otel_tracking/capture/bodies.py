"""Read a body into the value that the record keeps, and make the exact bytes from it again."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from otel_tracking.capture.genai import answer_facts
from otel_tracking.capture.key_order import in_order, key_order
from otel_tracking.capture.media import cut_base64, cut_media, put_back, reference
from otel_tracking.capture.multipart import boundary_of, read_parts
from otel_tracking.secrets.redaction import Redaction


class Body(NamedTuple):
    """A body as it is kept: its value, and what is known of its bytes."""

    value: Any
    facts: dict[str, Any]


class Upload:
    """A request's body, kept while it is sent in pieces; beyond `limit` bytes only their size and sha256."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] | None = []
        self._hash = hashlib.sha256()
        self.bytes = 0

    def take(self, piece: bytes) -> None:
        """The next piece."""
        self.bytes += len(piece)
        self._hash.update(piece)
        if self._pieces is not None:
            self._pieces.append(bytes(piece))
            if self.bytes > self._limit:
                self._pieces = None

    def whole(self) -> bytes | None:
        """All that was taken, or None where it was too much to keep."""
        return None if self._pieces is None else b"".join(self._pieces)

    def reference(self, media_type: str | None) -> dict[str, object]:
        """A media reference to what was taken."""
        return {"media": {"sha256": self._hash.hexdigest(), "bytes": self.bytes, "type": media_type}}


def read_harmless(raw: bytes, content_type: str, *, to_send_again: bool) -> Body:
    """The same as `read_body`, of a JSON text in which nothing is to be removed."""
    facts: dict[str, Any] = {"media_type": media_type_of(content_type), "bytes": len(raw)}
    text = _text_of(raw)
    value = reference(raw, facts["media_type"]) if text is None else _read_harmless(text, facts, to_send_again)
    facts["sha256"] = hashlib.sha256(raw).hexdigest()
    if not to_send_again:
        facts.pop("exact_text", None)
    return Body(value, facts)


def _read_harmless(text: str, facts: dict[str, Any], to_send_again: bool) -> Any:
    try:
        value = _read_written(text, facts, to_send_again)
    except (ValueError, RecursionError):  # a number of too many digits; deeper than this thread has room
        facts["invalid_json"] = True
        return text
    if "exact_text" in facts:
        _note_duplicates(text, facts, None)
    return cut_media(value)


def read_fields(fields: dict[str, Any], raw: bytes, content_type: str, *, to_send_again: bool) -> dict[str, Any]:
    """What waited in the bytes of a body, read on the thread of whoever reads its fact.

    The fields of a request (which may be `to_send_again`) or of an answer, with its body and what that says.
    """
    body = read_harmless(raw, content_type, to_send_again=to_send_again)
    said = {} if to_send_again else answer_facts(body.value)
    return {**fields, "body": body.value, "body_facts": body.facts, **said}


def read_body(raw: bytes, content_type: str, redaction: Redaction, *, to_send_again: bool = True) -> Body:
    """The body's value without secrets: parsed JSON, form, list of parts, text, or a media reference.

    Facts: `media_type`, `bytes`, and `sha256` of the exact bytes where no secret was removed from them; for JSON
    `form` and `key_order`, the way of writing that gives the same bytes again, or the `exact_text` where none does; an
    answer needs neither, as it is not `to_send_again`.
    """
    media_type = media_type_of(content_type)
    facts: dict[str, Any] = {"media_type": media_type or None, "bytes": len(raw)}
    places = len(redaction.removed)
    value = _read(raw, media_type, content_type, redaction, facts, to_send_again) if raw else None
    if not to_send_again:
        facts.pop("exact_text", None)
    if len(redaction.removed) == places:
        facts["sha256"] = hashlib.sha256(raw).hexdigest()
    else:
        # Without its secret only: whoever knows the rest could try secrets until the hash fits.
        facts.pop("exact_text", None)
    return Body(value, facts)


def exact_body(body: Any, facts: Mapping[str, Any], media: Mapping[str, bytes] | None = None) -> bytes:
    """The exact bytes that were sent, made from the record; `media` are bytes by sha256 for the references in it.

    Raises ValueError where the record does not hold them: a secret was removed, media is missing, multipart.

    >>> exact_body(*read_body(b'{"seed":7}', "application/json", Redaction()))
    b'{"seed":7}'
    """
    raw = _written(body, facts, media or {})
    if raw is None or hashlib.sha256(raw).hexdigest() != facts.get("sha256"):
        raise ValueError(
            f"the exact {facts.get('media_type')} body is not in the record: "
            "a secret was removed from it, it is multipart, or its media was not handed over"
        )
    return raw


def _written(body: Any, facts: Mapping[str, Any], media: Mapping[str, bytes]) -> bytes | None:
    if "exact_text" in facts:
        return str(facts["exact_text"]).encode()
    body = put_back(body, media)
    if "key_order" in facts:
        body = in_order(body, str(facts["key_order"]))
    if "form" in facts:
        raw = json.dumps(body, **_arguments(facts["form"])).encode()
        return raw if len(raw) == facts.get("bytes") else orjson.dumps(body)
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else None


def _read(
    raw: bytes, media_type: str, content_type: str, redaction: Redaction, facts: dict[str, Any], to_send_again: bool
) -> Any:
    if media_type.startswith("multipart/"):
        boundary = boundary_of(content_type)
        try:
            return read_parts(raw, boundary, redaction) if boundary else reference(raw, media_type)
        except ValueError:
            return reference(raw, media_type)
    text = _text_of(raw)
    if text is None:
        return reference(raw, media_type or "application/octet-stream")
    if media_type == "application/x-www-form-urlencoded":
        return _read_form(text, redaction, facts)
    if is_json(media_type) or (not media_type and text.lstrip(_MARK + " \t\r\n")[:1] in ("{", "[")):
        return _read_json(text, redaction, facts, to_send_again)
    return redaction.text(text, _BODY, labelled=True)


_BODY = ("body", None)


@functools.lru_cache(256)
def media_type_of(content_type: str) -> str:
    """The media type in a `content-type` header, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether a media type (`application/json`) promises JSON."""
    return media_type.endswith(("/json", "+json"))


def _text_of(raw: bytes) -> str | None:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text[:1024] else text


def _read_form(text: str, redaction: Redaction, facts: dict[str, Any]) -> Any:
    facts["exact_text"] = text
    fields = parse_qs(text, keep_blank_values=True, errors="backslashreplace")
    return redaction.clean({name: values[0] if len(values) == 1 else values for name, values in fields.items()}, _BODY)


def _read_json(text: str, redaction: Redaction, facts: dict[str, Any], to_send_again: bool) -> Any:
    try:
        value = _read_written(text, facts, to_send_again)
    except (ValueError, RecursionError):  # also an integer of more digits than Python reads, and very deep nesting
        facts["invalid_json"] = True
        return redaction.text(text, _BODY, labelled=True)
    if "exact_text" in facts:
        _note_duplicates(text, facts, redaction)
    return redaction.clean(value, _BODY, cut_base64)


def _read_written(text: str, facts: dict[str, Any], to_send_again: bool) -> Any:
    """The value of a JSON text; into the facts, how it was written."""
    value, form = _parse(text)
    if not to_send_again:
        return value
    form = _form_of(text, value) if form is None else form
    if form is None:
        facts["exact_text"] = text
    else:
        facts["form"] = form
        if order := key_order(value):
            facts["key_order"] = order
    return value


def _note_duplicates(text: str, facts: dict[str, Any], redaction: Redaction | None) -> None:
    """Names that came twice in one object. The parsed value has the last of each, as every JSON reader has.

    Without a `redaction` nothing in the text is a secret.
    """
    doubled: set[str] = set()

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        entries = dict(pairs)
        if len(entries) < len(pairs):
            names = [name for name, _ in pairs]
            doubled.update(name for name in entries if names.count(name) > 1)
            # The first of two may be the secret one, and only the text would hold it.
            if redaction is not None:
                redaction.clean([{name: value} for name, value in pairs], _BODY)
        return entries

    json.loads(text.removeprefix(_MARK), object_pairs_hook=look)
    if doubled:
        facts["duplicate_keys"] = sorted(map(redaction.text, doubled) if redaction is not None else doubled)


def _parse(text: str) -> tuple[Any, str | None]:
    """The value of a JSON text, without loss, and its form where that is known at once."""
    if text.startswith(_MARK):
        return json.loads(text[1:]), None
    try:
        value = orjson.loads(text)
        # A tenth of the time; but it reads integers beyond 64 bit as floats, and the last of two equal names.
        if orjson.dumps(value) == text.encode():
            return value, "compact"
    except ValueError:
        pass
    return json.loads(text), None


_MARK = "\ufeff"
"""A byte order mark: no JSON, but some servers begin with it."""


def _form_of(text: str, value: Any) -> str | None:
    """Which of the usual ways to write JSON gives `text` from `value`, or None."""
    colon = text.find('":')
    spaced = text[colon + 2 : colon + 3] == " " if colon >= 0 else ", " in text
    forms = ("spaced", "compact") if spaced else ("compact", "spaced")
    # An object's first colon tells; in a list of texts it may be a part of one.
    for form in forms[:1] if text[:1] == "{" else forms:
        form += "-ascii" if text.isascii() else ""
        if _WRITERS[form].encode(value) == text:
            return form
    return None


def _arguments(form: str) -> dict[str, Any]:
    separators = (", ", ": ") if form.startswith("spaced") else (",", ":")
    return {"separators": separators, "ensure_ascii": form.endswith("-ascii")}


_WRITERS = {
    form: json.JSONEncoder(**_arguments(form)) for form in ("compact", "compact-ascii", "spaced", "spaced-ascii")
}
