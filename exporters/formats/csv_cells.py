"""Cells that a spreadsheet shows as they are, and the one kind of file they are written to.

UTF-8 with a byte order mark, CRLF, quoted as RFC 4180 wants it. A text that a spreadsheet would take for a formula, or
turn into another number or into a date (`007`, `3-4`, an id such as `12e45`), gets an apostrophe before it, and so does
a number of more digits than spreadsheets keep, such as a seed; so does a text that begins with an apostrophe, so that
whoever reads it knows which to take away.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, Self

from exporters.story.readable import readable, visible

_FORMULA = re.compile("['=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_MONTHS = "jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez"
_TURNED = re.compile(
    rf"\s*(?:[0-9.,][0-9.,:/\-\s]*(?:e[+\-]?[0-9]+)?\s*[%€$]?|[$€][0-9.,]+|[0-9]{{1,4}}[\-/. ]*(?:{_MONTHS})[a-zä]*"
    rf"[\-/., 0-9]*|(?:{_MONTHS})[a-zä]*[\-/., ]*[0-9][\-/., 0-9]*)\s*",
    re.IGNORECASE,
)
"""What spreadsheets read as a number, a time or a date, in English or German."""
_SAME = re.compile(r"0|[1-9][0-9]{0,14}")
"""A number that they show as it was written."""
LARGEST = 2**53
"""Of whole numbers: beyond it spreadsheets, and statistics that count in floats, keep another one."""
_UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
MARK = b"\xef\xbb\xbf"


class CsvFile:
    """A CSV file row by row, begun with the names of its columns; a block, at whose end `file` is still open."""

    def __init__(self, file: BinaryIO, names: Sequence[str]) -> None:
        self._file, self._names = file, names

    def __enter__(self) -> Self:
        self._file.write(MARK)
        self._text = io.TextIOWrapper(self._file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.writer(self._text, lineterminator="\r\n")
        self._rows.writerow(self._names)
        return self

    def __exit__(self, *error: object) -> None:
        self._text.detach()

    def write(self, rows: Iterable[Iterable[str]]) -> None:
        """Append rows of cells, each made by `cell_of` or as safe."""
        self._rows.writerows(rows)


def cell_of(value: Any) -> str:
    """Any value as a cell; numbers as numbers, since a negative one is no formula; large ones as text."""
    if value is None:
        return ""
    if type(value) is int and abs(value) > LARGEST:
        return f"'{readable(value)}"
    if type(value) in (int, float):
        return readable(value)
    return protect(spelled(value if type(value) is str else readable(value)))


def spelled(text: str) -> str:
    """The text with characters that no table can hold as signs."""
    return _UNSAFE.sub(lambda found: visible(found[0]), text)


def protect(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet might not show it as it is.

    >>> protect("=1+1"), protect("'quoted'"), protect("007"), protect("3-4"), protect("a flower"), protect("42")
    ("'=1+1", "''quoted'", "'007", "'3-4", 'a flower', '42')
    """
    is_turned = len(text) <= _LONGEST_TURNED and _TURNED.fullmatch(text) and not _SAME.fullmatch(text)
    return f"'{text}" if is_turned or _FORMULA.match(text) else text


_LONGEST_TURNED = 400


def unprotect(cell: str) -> str:
    """The text that was protected."""
    return cell.removeprefix("'")
