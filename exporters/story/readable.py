"""Values as people read them in a document: anybody's text made visible, any value as text."""

from __future__ import annotations

import json
import re
import unicodedata
from enum import StrEnum
from typing import Any

from exporters.story.letters import sign_of
from otel_tracking import canonical
from otel_tracking.values.media_in_texts import as_medium

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]")
"""What no document may hold, or what reorders the text around it; marks that only say a direction stay."""

_LONG = 1_024
_MAY_BE_MEDIUM = re.compile(
    # From where a run of such letters begins, and without a way back: a text of one letter is looked at once.
    rf"(?:data:[\w.+-]{{1,40}}/[\w.+-]{{1,80}};base64,)?(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{{{_LONG},}}+={{0,2}}"
)

_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")

_SHOWN_AS_PAYLOAD = frozenset(
    {
        *("$tuple", "$set", "$frozenset", "$datetime", "$date", "$time"),
        *("$decimal", "$fraction", "$uuid", "$path", "$windowspath", "$int", "$float"),
    }
)


def visible(value: object) -> str:
    r"""`value` as text that any document can hold: what cannot be seen becomes a sign, line ends stay.

    >>> visible("rot \x1b[31m und \u202e kehrt")
    'rot ␛[31m und ⟨U+202E⟩ kehrt'
    """
    text = _text(value)
    if len(text) >= _LONG:
        text = _MAY_BE_MEDIUM.sub(_sign_of_medium, text)
    return _UNSEEN.sub(sign_of, text.replace("\r\n", "\n").replace("\r", "\n"))


def _sign_of_medium(found: re.Match[str]) -> str:
    """What people are shown of media that stand in a text as base64: a sign, and not a quarter of a million letters."""
    medium = as_medium(found[0])
    return found[0] if medium is None else f"⟨{medium[1]}, {len(medium[0]) / 1000:,.0f} kB⟩"


def visible_line(value: object) -> str:
    r"""The same on one line.

    >>> visible_line("eins\n\n  zwei")
    'eins zwei'
    """
    return " ".join(visible(value).split())


def readable(value: Any) -> str:
    """Any value as text: text as it is, everything else as JSON, over several lines where it is long.

    >>> readable("a meadow"), readable(5.5), readable({"size": (1, 2)})
    ('a meadow', '5.5', '{"size": [1, 2]}')
    """
    if type(value) is str or isinstance(value, StrEnum):
        return visible(value)
    shown = _shown(json.loads(canonical.dumps(value)))
    if type(shown) is str:
        return visible(shown)
    line = json.dumps(shown, ensure_ascii=False)
    return visible(line if len(line) <= 100 else json.dumps(shown, ensure_ascii=False, indent=2))


def seconds(value: object) -> str:
    """A duration in seconds as people read it; empty where there is none.

    >>> seconds(0.0042), seconds(0.25), seconds(3.14159), seconds(75.2), seconds(None)
    ('4 ms', '0.25 s', '3.1 s', '1 min 15 s', '')
    """
    if type(value) not in (int, float) or not 0 <= value < 1e9:  # type: ignore[operator]
        return ""
    assert isinstance(value, int | float)
    if value < 0.1:
        return f"{value * 1000:.0f} ms" if value >= 0.001 else "< 1 ms"
    if value < 60:
        return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def size(value: object) -> str:
    """A number of bytes as people read it.

    >>> size(1), size(312), size(70_000), size(5_300_000)
    ('1 byte', '312 bytes', '70 KB', '5.3 MB')
    """
    if type(value) is not int or not 0 <= value < 1e18:
        return ""
    if value < 1_000:
        return f"{value} bytes" if value != 1 else "1 byte"
    return f"{value / 1e3:.0f} KB" if value < 1e6 else f"{value / 1e6:.1f} MB"


def language_code(value: object) -> str | None:
    """`value` where it has the shape of a language tag (BCP 47), else None.

    >>> language_code("pt-BR"), language_code("Klingon, maybe"), language_code(None)
    ('pt-BR', None, None)
    """
    return value if type(value) is str and _LANGUAGE.fullmatch(value) else None


def direction_of(text: str) -> str:
    """`rtl` or `ltr`, as the first character with a direction says; `ltr` where there is none.

    >>> direction_of("زهرة"), direction_of("12 Blumen")
    ('rtl', 'ltr')
    """
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return "rtl"
        if kind == "L":
            return "ltr"
    return "ltr"


def _text(value: object) -> str:
    # Our own names (a status, an item type) are enumerations of text, and shown as that text.
    return str.__str__(value) if type(value) is str or isinstance(value, StrEnum) else readable(value)


def _shown(plain: Any) -> Any:
    """Canonical JSON without the tags that matter to programs only."""
    if type(plain) is list:
        return [_shown(entry) for entry in plain]
    if type(plain) is not dict:
        return plain
    tag, payload = next(iter(plain.items())) if len(plain) == 1 else ("", None)
    if tag in _SHOWN_AS_PAYLOAD:
        return _shown(payload)
    if tag == "$str":
        return canonical.loads(json.dumps(plain))
    if tag in ("$bytes", "$bytearray"):
        return size(len(canonical.loads(json.dumps(plain))))
    if tag == "$opaque":
        return plain[tag][1]
    return {key: _shown(entry) for key, entry in plain.items()}
