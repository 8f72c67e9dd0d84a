"""Read a list that people keep in a spreadsheet: CSV in UTF-8, with commas or semicolons."""

from __future__ import annotations

from pathlib import Path


def text_of_list(path: Path, largest: int) -> str:
    """The text of a list of at most `largest` bytes, without a byte order mark.

    Raises `ValueError` with a sentence for one that cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as trouble:
        raise ValueError(f"{path} cannot be read ({trouble.strerror})") from trouble
    if len(content) > largest:
        raise ValueError(f"{path} has more than {largest:,} bytes; {largest:,} at most would work")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as trouble:
        line = content[: trouble.start].count(b"\n") + 1
        raise ValueError(f"line {line} of {path} is not in UTF-8; saved as 'CSV UTF-8' it would work") from None


def delimiter_of(text: str) -> str:
    """What stands between the cells: spreadsheets in Germany write semicolons.

    >>> delimiter_of("person;state"), delimiter_of("person,state")
    (';', ',')
    """
    first = text.partition("\n")[0]
    return ";" if first.count(";") > first.count(",") else ","
