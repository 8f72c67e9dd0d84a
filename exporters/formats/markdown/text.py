r"""Texts of strangers in Markdown: read as they were written, and nothing in them is a heading, a link or HTML.

A sign that means something to CommonMark, or to one of the dialects that people use (GitHub, pandoc), is written with a
backslash before it; a text of several lines is a quotation, and stays in it.
"""

from __future__ import annotations

import re

from exporters.story.readable import visible, visible_line

_SIGNS = re.compile(r"[\\`*_\[\]<>&#|~$^@{}!]|:(?=//|[a-z+-][\w+-]*:)|(?<=www)\.", re.IGNORECASE)
"""Emphasis, code, links, HTML, entities, tables, formulas, mentions; names of emoji, what is made a link by itself."""

_AT_THE_START = re.compile(r"(\d{1,9})([.)])|[-+=:%]")
"""What makes a list, a line below a heading or a definition of what follows."""

_FENCES = re.compile("`{3,}")
_INDENT = "&nbsp;"


def inline(value: object) -> str:
    r"""`value` on one line, which may begin a paragraph.

    >>> inline("# <b>Titel</b>\n & mehr")
    '\\# \\<b\\>Titel\\</b\\> \\& mehr'
    """
    return _line(visible_line(value))


def within(value: object) -> str:
    r"""`value` on one line, with something before it.

    >>> within("1. [x]")
    '1. \\[x\\]'
    """
    return _escaped(visible_line(value))


def quote(text: str) -> str:
    r"""A text as a quotation, line by line.

    >>> print(quote("1. eins\n\n    zwei"))
    > 1\. eins\
    > \
    > &nbsp;&nbsp;&nbsp;&nbsp;zwei
    """
    # A backslash at its end makes a line end of a line's end. At the end of all there must be none.
    return "\\\n".join(f"> {_line(line)}" for line in _lines(visible(text).rstrip()))


def cell(value: object, limit: int | None = None) -> str:
    r"""`value` in a table: what goes over several lines is divided by `<br>`.

    >>> cell("a | b\nc")
    'a \\| b<br>c'
    """
    text = visible(value)
    shown = text if limit is None or len(text) <= limit else f"{text[:limit]}…"
    return "<br>".join(map(_escaped, _lines(shown)))


def code(text: str) -> str:
    """A text as a block of code, as it stands: its fence is longer than any in it."""
    shown = visible(text)
    longest = max((len(found) for found in _FENCES.findall(shown)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{shown}\n{fence}"


def _lines(text: object) -> list[str]:
    return re.split("[\n\u2028\u2029\x0b\x0c\x85]", visible(text))


def _line(line: str) -> str:
    line = line.rstrip()
    start = len(line) - len(line.lstrip())
    written = _escaped(line[start:])
    begun = _AT_THE_START.match(written)
    if begun:
        written = f"{begun[1] or ''}\\{written[len(begun[1] or '') :]}"
    # As entities: no reader takes them for an indent, or away.
    return "".join(_INDENT if space in " \t" else f"&#{ord(space)};" for space in line[:start]) + written


def _escaped(line: str) -> str:
    return _SIGNS.sub(lambda found: f"\\{found[0]}", line)
