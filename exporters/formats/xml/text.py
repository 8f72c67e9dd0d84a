r"""Text in XML: what XML 1.0 cannot hold is written with a backslash, and comes back.

Only text that needs it is escaped, and says so: `<text escaped="true">a\u0000b\\c</text>`. In it `\uXXXX` is one
character and `\\` a backslash. All other text stands as it is.
"""

from __future__ import annotations

import re

from lxml.etree import _Element

ESCAPED = "escaped"

_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TO_ESCAPE = re.compile(f"\\\\|{_IMPOSSIBLE.pattern}")
_ESCAPE = re.compile(r"\\(\\|u[0-9a-f]{4})")


def is_possible(text: str) -> bool:
    r"""Whether XML can hold this text as it is.

    >>> is_possible("a < b\r\n"), is_possible("a\x00b"), is_possible("\ud83d")
    (True, False, False)
    """
    return not _IMPOSSIBLE.search(text)


def write_text(element: _Element, text: str) -> None:
    """Make `text` the content of an element, escaped where it must be."""
    if is_possible(text):
        element.text = text
    else:
        element.text = escape(text)
        element.set(ESCAPED, "true")


def read_text(element: _Element) -> str:
    """The text that `write_text` was given."""
    text = element.text or ""
    return unescape(text) if element.get(ESCAPED) in ("true", "1") else text


def escape(text: str) -> str:
    r"""The text with impossible characters and backslashes escaped.

    >>> print(escape("a\x00\\b"))
    a\u0000\\b
    """
    return _TO_ESCAPE.sub(lambda found: "\\\\" if found[0] == "\\" else f"\\u{ord(found[0]):04x}", text)


def unescape(text: str) -> str:
    r"""The text that was escaped; halves of characters stay halves.

    >>> unescape(escape("\ud83d\ude00\\u0041")) == "\ud83d\ude00\\u0041"
    True
    """
    return _ESCAPE.sub(lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)), text)


def spell_out(text: str) -> str:
    r"""The text with impossible characters as `\uXXXX` and nothing else changed: for elements that cannot say so.

    >>> print(spell_out("a\x00b"))
    a\u0000b
    """
    return _IMPOSSIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", str(text))
