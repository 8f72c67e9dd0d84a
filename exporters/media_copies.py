"""Copy the media of a record out of the data directory, as they are or without the texts that PNG files hold."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exporters.errors import UnsafePath
from exporters.files import write_file
from exporters.journey_parts import STUDENT
from exporters.media import inside
from exporters.png_text import strip_text_chunks
from exporters.withholding import withheld_in
from otel_tracking.record import ExecutionItem, ExecutionRecord


@dataclass(frozen=True, slots=True)
class Copied:
    """The files that were written, and the `file_path`s of those that could not be read."""

    written: tuple[Path, ...]
    missing: tuple[str, ...]


def copy_media(
    record: ExecutionRecord, data_dir: Path, into: Path, *, strip_texts: bool = False, audience: str = "researcher"
) -> Copied:
    """Write each media file of the record below `into`, where its `file_path` says: a document there leads to it.

    `strip_texts` leaves out what PNG files hold beside the picture (prompts, whole graphs); the originals are not
    touched. A `student` gets nothing that a safety check said no to. Raises `UnsafePath` where a copy would be its
    original.
    """
    written, missing = [], []
    for file_path in _paths(record, audience):
        try:
            source, target = inside(data_dir, file_path), inside(into, file_path)
            content = source.read_bytes()
        except (UnsafePath, OSError):
            missing.append(file_path)
            continue
        if target.exists() and target.samefile(source):
            raise UnsafePath(f"{target} is the original itself; a directory outside of the data would work")
        write_file(target, strip_text_chunks(content) if strip_texts else content)
        written.append(target)
    return Copied(tuple(written), tuple(missing))


def _paths(record: ExecutionRecord, audience: str) -> list[str]:
    """The files of the record that this audience may have, each once."""
    withheld = withheld_in(record)

    def may_go(item: ExecutionItem) -> bool:
        return isinstance(item.file_path, str) and not (audience == STUDENT and withheld.holds(item))

    return list(dict.fromkeys(str(item.file_path) for item in record.items if may_go(item)))
