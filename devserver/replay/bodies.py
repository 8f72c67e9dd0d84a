"""Make the bytes of a recorded body again, exactly, or with another seed, or say why that cannot be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from devserver.replay.model import CannotRepeat
from devserver.replay.multipart import multipart_body
from devserver.replay.secrets import holds_marker
from devserver.replay.seeds import with_seed
from devserver.replay.walking import parts_of
from otel_tracking.capture import exact_body, in_order, put_back


class RebuiltBody(NamedTuple):
    """The bytes of a body; whether they are the recorded ones; what else is to be said."""

    raw: bytes
    is_exact: bool = True
    notes: tuple[str, ...] = ()


def make_body(
    passed: Mapping[str, Any],
    media: Mapping[str, bytes],
    *,
    seed: int | None = None,
    seed_places: Sequence[str] = (),
    put_secrets_back: Callable[[str], str] = lambda text: text,
) -> RebuiltBody:
    """The body of a request. Raises `CannotRepeat` where the record does not hold it.

    `media` are bytes by sha256; `seed_places` JSON pointers to the seeds in the body, where they are known;
    `put_secrets_back` gives a text what was removed from it, or raises.
    """
    body, facts = passed.get("body"), passed.get("body_facts") or {}
    if passed.get("complete") is False:
        raise CannotRepeat("its body had not left to its end")
    if seed is not None:
        changed, replaced = with_seed(_readable(body, facts), seed, seed_places)
        if replaced:
            return _changed(changed, facts, media, put_secrets_back)
    if _was_redacted(passed):
        return _with_secrets(body, facts, media, put_secrets_back)
    content_type = str((passed.get("headers") or {}).get("content-type", ""))
    return RebuiltBody(_exact(body, facts, media, content_type))


def _exact(body: Any, facts: Mapping[str, Any], media: Mapping[str, bytes], content_type: str) -> bytes:
    for described in _files_in(body, facts):
        _require(described, media)
    if _is_file(body, facts):
        return media[body["media"]["sha256"]]
    try:
        if _is_multipart(body, facts):
            return multipart_body(body, content_type, media, facts)
        return exact_body(body, facts, media)
    except ValueError as trouble:
        raise CannotRepeat("the record does not hold its exact bytes") from trouble


def _changed(
    body: Any, facts: Mapping[str, Any], media: Mapping[str, bytes], put_secrets_back: Callable[[str], str]
) -> RebuiltBody:
    for described in _references(body):
        _require(described, media)
    notes = () if "form" in facts else ("the JSON was written in an unusual way; it is written compactly now",)
    try:
        body = put_back(body, media)
        body = in_order(body, str(facts["key_order"])) if "key_order" in facts else body
    except ValueError as trouble:
        raise CannotRepeat("the order of its keys is not known") from trouble
    raw = _written(_filled(body, put_secrets_back), str(facts.get("form", "compact")))
    return RebuiltBody(raw, is_exact=False, notes=notes)


def _with_secrets(
    body: Any, facts: Mapping[str, Any], media: Mapping[str, bytes], put_secrets_back: Callable[[str], str]
) -> RebuiltBody:
    if "form" not in facts:
        raise CannotRepeat("a secret was removed from a body that is not plain JSON")
    raw = _changed(body, facts, media, put_secrets_back).raw
    is_as_long = len(raw) == facts.get("bytes")
    size = "its size is the recorded one" if is_as_long else f"it has {len(raw)} bytes, {facts.get('bytes')} left then"
    return RebuiltBody(raw, is_exact=False, notes=(f"a secret was put back into the body; {size}",))


def _written(value: Any, form: str) -> bytes:
    """JSON in one of the forms that capture knows (`spaced`, `compact`, each also `-ascii`)."""
    separators = (", ", ": ") if form.startswith("spaced") else (",", ":")
    return json.dumps(value, separators=separators, ensure_ascii=form.endswith("-ascii")).encode()


def _readable(body: Any, facts: Mapping[str, Any]) -> Any:
    """The body's value where it is JSON; nothing where a changed one could not be written again."""
    if "exact_text" in facts and "json" in str(facts.get("media_type")) and not facts.get("invalid_json"):
        return json.loads(facts["exact_text"])
    return body if "form" in facts else None


def _was_redacted(passed: Mapping[str, Any]) -> bool:
    return any(str(place).partition(".")[0] == "body" for place in passed.get("redacted") or ())


def _filled(value: Any, put_secrets_back: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_filled(entry, put_secrets_back) for entry in value]
    if isinstance(value, dict):
        return {name: _filled(entry, put_secrets_back) for name, entry in value.items()}
    return put_secrets_back(value) if isinstance(value, str) and holds_marker(value) else value


def _files_in(body: Any, facts: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What is said of each file that the bytes of a body cannot be made without."""
    if "exact_text" in facts:
        return
    if _is_file(body, facts):
        yield body["media"]
    elif _is_multipart(body, facts):
        yield from (part["media"] for part in body if "media" in part)
    else:
        yield from _references(body)


def _references(body: Any) -> Iterator[Mapping[str, Any]]:
    """What is said of each file that stood in JSON as base64."""
    for _, part in parts_of(body):
        if isinstance(part, dict) and part.keys() == {"media", "base64"} and isinstance(part["media"], dict):
            yield part["media"]


def _is_file(body: Any, facts: Mapping[str, Any]) -> bool:
    """Whether a body is bytes that are no text: only what is said of them is in the record."""
    is_json = "form" in facts or "exact_text" in facts
    return not is_json and isinstance(body, dict) and body.keys() == {"media"} and "sha256" in body["media"]


def _is_multipart(body: Any, facts: Mapping[str, Any]) -> bool:
    return isinstance(body, list) and str(facts.get("media_type")).startswith("multipart/")


def _require(described: Mapping[str, Any], media: Mapping[str, bytes]) -> None:
    sha256 = described.get("sha256")
    content = media.get(str(sha256))
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        which = f"{described.get('type')}, {described.get('bytes')} bytes, sha256 {str(sha256)[:12]}…"
        raise CannotRepeat(f"a file that it sent is not in the data directory ({which})")
