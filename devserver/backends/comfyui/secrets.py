"""Take a graph's secrets out of what comes back: the server's words, and the files that the graph saved.

ComfyUI writes the whole graph into each file: into PNG as texts, into others as tags. A key that stands in the graph
would come back with the picture and stay with it. Only files that hold a secret are changed, and nothing else in them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from typing import Any, NamedTuple

from otel_tracking.secrets.media import PNG, rewrite_png, split_packed
from otel_tracking.secrets.redaction import Redaction, marker, redact_text

Masks = list[tuple[bytes, bytes]]
"""What to look for, and as many asterisks."""


class CleanedFile(NamedTuple):
    """A file without secrets, and in how many places there were some."""

    content: bytes
    removed: int = 0


def secrets_of(graph: Any) -> frozenset[str]:
    """The values in a graph that are secrets by their name, their node or their shape.

    >>> sorted(secrets_of({"8": {"class_type": "Any", "inputs": {"api_key": "0123456789"}}}))
    ['0123456789']
    """
    found: set[str] = set()
    Redaction(secrets=found).clean(json.loads(json.dumps(graph)))
    return frozenset(found)


def clean_text(text: str, secrets: Collection[str]) -> str:
    """What a server says, without the secrets it repeats and without what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, marker("secret"))
    return redact_text(text)


def clean_file(content: bytes, secrets: Collection[str]) -> CleanedFile:
    """The file with asterisks where a secret was."""
    masks = _masks_for(secrets)
    if not masks:
        return CleanedFile(content)
    return _clean_png(content, masks) if content.startswith(PNG) else _mask(content, masks)


def _masks_for(secrets: Collection[str]) -> Masks:
    """A secret stands in a file as it is, as JSON writes it, or as JSON within a text of JSON; the longest first."""
    forms: set[bytes] = set()
    for secret in secrets:
        once = json.dumps(secret)[1:-1]
        texts = (secret, once, json.dumps(once)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
        forms |= {text.encode("utf-8", "surrogatepass") for text in texts if text}
    return [(form, b"*" * len(form)) for form in sorted(forms, key=len, reverse=True)]


def _mask(content: bytes, masks: Masks) -> CleanedFile:
    removed = 0
    for form, stars in masks:
        removed += content.count(form)
        content = content.replace(form, stars)
    return CleanedFile(content, removed)


def _clean_png(content: bytes, masks: Masks) -> CleanedFile:
    removed = 0

    def rewrite(kind: bytes, data: bytes) -> bytes:
        nonlocal removed
        cleaned = _clean_chunk(kind, data, masks)
        removed += cleaned.removed
        return cleaned.content

    return CleanedFile(rewrite_png(content, rewrite), removed)


def _clean_chunk(kind: bytes, data: bytes, masks: Masks) -> CleanedFile:
    """The data of a text chunk; packed text is looked at unpacked."""
    head, packed = split_packed(kind, data)
    if packed:
        try:
            cleaned = _mask(zlib.decompress(packed), masks)
        except zlib.error:
            return _mask(data, masks)
        return (
            CleanedFile(head + zlib.compress(cleaned.content), cleaned.removed)
            if cleaned.removed
            else CleanedFile(data)
        )
    return _mask(data, masks)
