"""Seal a Parquet file: checksums of all its bytes, and where it belongs, so that damage is noticed before it is parsed.

Page checksums cover what is in a page. They do not cover page headers, indexes, bloom filters and the footer, and
DuckDB looks at none: a flipped bit there gives other values and no error. So 48 bytes lie between the last page and the
footer, where every reader finds its way past them: offsets count from the beginning, and the footer is found from the
end. `docs/decisions/sealed-files.md` tells why.

    pages, indexes | OTSEAL1\\n | place | CRC-32 of the pages | CRC-32 of place, that sum and the footer | footer | PAR1

Before the mark there may be a note, its length and a mark of its own; the first checksum covers them, too.
"""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

from isal.isal_zlib import crc32

from exporters.errors import BrokenFile

MARK = b"OTSEAL1\n"
_PLACE, _SUM, _END = 32, 4, 8
"""Bytes of the place, of a checksum, and of the footer's length with `PAR1`."""
_SEAL = len(MARK) + _PLACE + 2 * _SUM
_CHUNK = 1 << 20
_TAIL = 1 << 18
_NOTE_MARK = b"OTNOTE1\n"
_SMALL = 1 << 20
"""Bytes up to which a file is worth reading whole for its note."""


class _Seal(NamedTuple):
    start: int
    place: bytes
    body_sum: bytes
    is_right: bool


def place_of(path: Path) -> str:
    """Where a file of a store belongs: its table and day.

    >>> place_of(Path("data/items/date=2026-11-23/batch-3309a4a8f984592c-6fe3a90e.parquet"))
    'items/date=2026-11-23'
    """
    return f"{path.parents[1].name}/{path.parent.name}"


def seal(file: BinaryIO, place: str, note: bytes = b"") -> None:
    """Seal the complete Parquet file that was written to `file`, which must be open for reading, too."""
    file.flush()
    size = file.seek(0, os.SEEK_END)
    start = size - _END - _footer_length(file, size)
    file.seek(start)
    footer = file.read()
    if note:
        file.seek(start)
        start += file.write(note + len(note).to_bytes(_SUM, "little") + _NOTE_MARK)
    about = place.encode()[:_PLACE].ljust(_PLACE, b"\0") + _sum_of(file, start)
    file.seek(start)
    file.write(MARK + about + _sum(about + footer) + footer)


def sealed(content: memoryview, place: str, note: bytes = b"") -> list[bytes | memoryview]:
    """The same of a file in memory, in pieces that follow each other: its many bytes are not copied."""
    start = len(content) - _END - int.from_bytes(content[-_END:][:4], "little")
    body, footer = content[:start], content[start:]
    noted = note + len(note).to_bytes(_SUM, "little") + _NOTE_MARK if note else b""
    about = place.encode()[:_PLACE].ljust(_PLACE, b"\0") + _bytes_of_sum(crc32(noted, crc32(body)))
    return [body, noted + MARK + about + _sum(about + bytes(footer)), footer]


def check_footer(path: Path) -> bool:
    """Whether the file has a seal; `BrokenFile` where it lies elsewhere or its footer is not what was written.

    Pages carry checksums of their own.
    """
    with path.open("rb") as file:
        return _checked(file, path) is not None


def check_whole(path: Path) -> bool:
    """Whether the file has a seal; `BrokenFile` where it lies elsewhere or a byte is not what was written."""
    with path.open("rb") as file:
        found = _checked(file, path)
        if found and _sum_of(file, found.start) != found.body_sum:
            raise _changed(path)
    return found is not None


def sealed_note(path: Path) -> bytes | None:
    """The note in a small sealed file, of which every byte is checked; None where there is none. As `check_whole`."""
    with path.open("rb") as opened:
        content = opened.read(_SMALL + 1)
    if len(content) > _SMALL:
        return None
    file = io.BytesIO(content)
    found = _checked(file, path)
    if found is None:
        return None
    if _sum(memoryview(content)[: found.start]) != found.body_sum:
        raise _changed(path)
    return _note_before(content, found.start)


def _note_before(content: bytes, end: int) -> bytes | None:
    end -= len(_NOTE_MARK)
    if not content.startswith(_NOTE_MARK, max(0, end)):
        return None
    length = int.from_bytes(content[end - _SUM : end], "little")
    return content[max(0, end - _SUM - length) : end - _SUM]


def belongs(path: Path) -> str | None:
    """Where a sealed file says that it belongs; None where it does not, or is damaged."""
    with path.open("rb") as file:
        found = _find(file, file.seek(0, os.SEEK_END))
    return found.place.rstrip(b"\0").decode("ascii", "replace") if found and found.is_right else None


def _checked(file: BinaryIO, path: Path) -> _Seal | None:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        raise BrokenFile(f"{path} is empty. A copy from a backup would work", path)
    found = _find(file, size)
    if found is None:
        if _mentions_a_seal(file, size):
            raise _changed(path)
        return None
    if not found.is_right:
        raise _changed(path)
    place = found.place.rstrip(b"\0").decode()
    if place != place_of(path):
        raise BrokenFile(f"{path} is the file of another place, {place}; moved there it would be read", path)
    return found


def _find(file: BinaryIO, size: int) -> _Seal | None:
    """The seal where it belongs; damaged it is still one, as long as its mark or its checksum is right."""
    start = size - _END - _footer_length(file, size) - _SEAL
    if start <= 0:
        return None
    file.seek(start)
    mark, about, footer_sum, footer = file.read(len(MARK)), file.read(_PLACE + _SUM), file.read(_SUM), file.read()
    fits = _sum(about + footer) == footer_sum
    found = _Seal(start, about[:_PLACE], about[_PLACE:], fits and mark == MARK)
    return found if fits or mark == MARK else None


def _mentions_a_seal(file: BinaryIO, size: int) -> bool:
    """Whether there is a seal near the end of the file, though not where it belongs: then the end is not the end."""
    file.seek(max(0, size - _TAIL))
    return MARK in file.read()


def _footer_length(file: BinaryIO, size: int) -> int:
    file.seek(max(0, size - _END))
    return int.from_bytes(file.read(4), "little")


def _sum_of(file: BinaryIO, end: int) -> bytes:
    """The checksum of the first `end` bytes."""
    file.seek(0)
    total = 0
    while end > 0 and (chunk := file.read(min(_CHUNK, end))):
        total = crc32(chunk, total)
        end -= len(chunk)
    return _bytes_of_sum(total)


def _sum(content: bytes | memoryview) -> bytes:
    return _bytes_of_sum(crc32(content))


def _bytes_of_sum(crc: int) -> bytes:
    return crc.to_bytes(_SUM, "little")


def _changed(path: Path) -> BrokenFile:
    sentence = f"{path} is damaged: its bytes are not those that were written. A copy from a backup would work"
    return BrokenFile(sentence, path)
