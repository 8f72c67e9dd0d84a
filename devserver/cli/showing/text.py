"""Text for terminals: anybody's words shown as words, short enough, with nothing in them that a terminal obeys."""

from __future__ import annotations

import re

from exporters.story.letters import cut, sign_of

_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_OBEYED = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\ufeff{_BIDI_CONTROLS}]")
"""Control characters, what reorders the line around it, and halves of characters that cannot be encoded."""


def safe_text(value: object) -> str:
    r"""`value` as text that a terminal only shows: control characters become visible signs, line ends stay.

    >>> safe_text("rot \x1b[31m und \u202e kehrt")
    'rot ␛[31m und ⟨U+202E⟩ kehrt'
    """
    return _OBEYED.sub(_sign, str(value).replace("\r\n", "\n"))


def safe_line(value: object) -> str:
    r"""The same on one line.

    >>> safe_line("eins\n\n  zwei")
    'eins zwei'
    """
    return " ".join(safe_text(value).split())


def shorten(text: str, limit: int) -> str:
    """`text`, or its beginning with its full length behind it.

    >>> shorten("a" * 100_000, 12)
    'aaaaaaaaaaaa… (100,000 characters)'
    """
    return text if len(text) <= limit else f"{cut(text, limit).rstrip()}… ({len(text):,} characters)"


def count(number: int, what: str) -> str:
    """`1 run`, `3 runs`.

    >>> count(1, "run"), count(3, "run")
    ('1 run', '3 runs')
    """
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _sign(found: re.Match[str]) -> str:
    return "    " if found[0] == "\t" else sign_of(found)
