"""What a run's folder holds, in the order in which it came: entities, a person's edits, files that nobody lists."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from exporters.recorders.finding import METADATA
from exporters.recorders.metadata import Recorded, RecordedEntry

FINAL, EDITS = "final", "prompting_process"

_NUMBERED = re.compile(r"\d{1,6}_(.+)")


def in_order(recorded: Recorded) -> Iterator[RecordedEntry]:
    """What `metadata.json` lists: entities and edits, each in their order, an edit before what was saved after it."""
    waiting = deque(recorded.edits)
    for entity in recorded.entities:
        while waiting and _is_before(waiting[0], entity):
            yield waiting.popleft()
        yield entity
    yield from waiting


def unlisted(names: Iterable[str], listed: Collection[str]) -> Iterator[RecordedEntry]:
    """What it does not list: a recorder that died after it wrote a file, and before it said so, leaves such files."""
    for name in names:
        path = PurePosixPath(name)
        if name not in listed and name != METADATA and not path.name.startswith("."):
            numbered = _NUMBERED.fullmatch(path.stem)
            said = {"type": numbered[1] if numbered else path.stem, "filename": name}
            yield RecordedEntry(said, is_edit=name.startswith(f"{EDITS}/"), is_listed=False)


def folders_of(entry: RecordedEntry) -> tuple[str, ...]:
    """The folders in which the file of an entry lies, where its name says none."""
    return (EDITS,) if entry.is_edit else (FINAL,)


def _is_before(edit: RecordedEntry, entity: RecordedEntry) -> bool:
    return edit.moment is not None and entity.moment is not None and edit.moment < entity.moment
