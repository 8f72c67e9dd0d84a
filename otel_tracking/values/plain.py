"""What callers pass, as the plain values that places, names, media and errors are made of. Nothing here raises."""

from __future__ import annotations

import operator
from typing import Any

from otel_tracking import attributes as names
from otel_tracking.frame import MediaBytes
from otel_tracking.taxonomy import ItemType, usual_media_type
from otel_tracking.values.kinds import class_name

MEDIA_TYPES = {"image": "image/png", "audio": "audio/wav", "music": "audio/wav", "video": "video/mp4"}
"""Type of media bytes whose type nobody names."""


def plain_number(value: Any) -> Any:
    """`value` as an int (enumerations and numpy numbers are one) or as text: places are counted, so they are keys."""
    if type(value) is int or value is None:
        return value
    try:
        return operator.index(value)
    except Exception:
        return names.safe_text(value)


def describe_error(error: BaseException) -> dict[str, Any]:
    """`error_type`, `error_class` and `error_message` of an exception, as failed items keep them."""
    return {
        "error_type": type(error).__name__,
        "error_class": class_name(error),
        "error_message": _message_of(error),
    }


def _message_of(error: BaseException) -> str:
    """An exception's message without secrets: HTTP clients write the whole URL into theirs."""
    from otel_tracking.secrets.redaction import Redaction  # only here: a run without errors has no need of it

    return Redaction().text(names.safe_text(error), labelled=True)


def is_cancellation(error: BaseException) -> bool:
    """Whether somebody stopped the work (CancelledError, KeyboardInterrupt, a closed generator): not a failure."""
    return not isinstance(error, Exception)


def hold_media(media: Any, media_format: str | None, media_type: str) -> MediaBytes | None:
    """Media bytes, or None where `media` is nothing of the kind."""
    # bytes cannot change and are kept by reference; anything else is copied now.
    try:
        data = media if type(media) is bytes else memoryview(media).tobytes()
    except (TypeError, ValueError):
        return None
    return MediaBytes(data, text_or(media_format, MEDIA_TYPES.get(media_type, "application/octet-stream")))


def text(value: Any) -> str:
    """`value` as a plain string."""
    return str.__str__(value) if isinstance(value, str) else names.safe_text(value)


def text_or(value: Any, usual: str) -> str:
    """`value` as a plain string, or what is usual where there is none."""
    return text(value or usual) if value is None or type(value) is str else text(value)


def known_type(item_type: Any, media_type: Any) -> tuple[str, str]:
    """Item type and media type as plain strings, the latter the usual one of the former where it is not given.

    An enumeration's text, not its member: what is frozen must not depend on our classes.
    """
    name = text(item_type)
    return name, text_or(media_type, usual_media_type(name))


KNOWN_TYPES = {item_type: (str.__str__(item_type), str.__str__(usual_media_type(item_type))) for item_type in ItemType}


def event_name(name: str) -> str:
    """`name` as the name of a span event, which is valid Unicode for every exporter."""
    return name if name.isascii() else names.viewer_text(name)
