"""Signs for characters that cannot be seen, and cuts that leave each letter whole."""

from __future__ import annotations

import re
import unicodedata


def sign_of(found: re.Match[str]) -> str:
    """What stands for the character that was found: `␛`, `⟨U+202E⟩`."""
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def cut(text: str, limit: int) -> str:
    """`text`, or its beginning; never cut between a letter and its accent, or inside a joined emoji.

    >>> cut("abcdef", 3), cut("e\u0301a", 1)
    ('abc', '')
    """
    end = min(limit, len(text))
    while 0 < end < len(text) and (unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f"):
        end -= 1
    return text[:end]


def beginning(text: str, limit: int) -> str:
    """A text on one line, or its beginning and a sign that there is more.

    >>> beginning("Eine\\nBlume", 20), beginning("Eine Blume", 4)
    ('Eine Blume', 'Eine …')
    """
    line = " ".join(text.split())
    shown = cut(line, limit)
    return shown if shown == line else f"{shown} …"
