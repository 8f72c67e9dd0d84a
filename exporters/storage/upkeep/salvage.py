"""Say what is left of runs whose files are damaged, and bring back what can be had.

Nothing is deleted: a file that is damaged or foreign is moved to `DATA/damaged/`, where no reader looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from exporters.errors import StorageError
from exporters.formats.json import import_record
from exporters.storage.files import make_directory, sync_directory
from exporters.storage.layout import folder_name
from exporters.storage.tables.table_file import open_parquet, read_checked
from exporters.storage.upkeep.inspection import TABLES, Fault, Oddity
from exporters.storage.writing.locks import compaction_lock
from exporters.storage.writing.parquet_dataset import ParquetSink

ASIDE = "damaged"


@dataclass(frozen=True, slots=True)
class Left:
    """What there is of a run beside a file that is damaged: rows of tables, media files, and a document of it all."""

    execution_id: str
    rows: dict[str, int]
    media: int
    document: Path | None

    def sentence(self) -> str:
        """What is left, for people."""
        parts = [f"its {count} row{'' if count == 1 else 's'} of {table}" for table, count in self.rows.items()]
        parts += [f"{self.media} media file{'' if self.media == 1 else 's'}"] if self.media else []
        parts += [f"its document {self.document}, which has everything"] if self.document else []
        return f"of {self.execution_id} there are {', '.join(parts) or 'no other traces here'}"


def what_is_left(data_dir: Path, path: Path) -> list[Left]:
    """What there is of each run that a damaged file had, as far as its neighbours tell whose it was."""
    rows: dict[str, dict[str, int]] = {}
    for table in TABLES:
        for execution_id in _ids_in(data_dir / table / path.parent.name / path.name):
            counts = rows.setdefault(execution_id, {})
            counts[table] = counts.get(table, 0) + 1
    for execution_id in _ids_of_folders(data_dir, path):
        rows.setdefault(execution_id, {})
    return [_left(data_dir, execution_id, counts) for execution_id, counts in sorted(rows.items())]


def _left(data_dir: Path, execution_id: str, rows: dict[str, int]) -> Left:
    name = folder_name(execution_id)
    media = data_dir / "media" / name
    document = data_dir / "documents" / name / f"{name}.json"
    count = sum(path.is_file() for path in media.iterdir()) if media.is_dir() else 0
    return Left(execution_id, rows, count, document if document.is_file() else None)


def _ids_in(path: Path) -> list[str]:
    """The execution id of each row of a file; none where it cannot be read."""
    try:
        file = open_parquet(path)
        found = read_checked(path, lambda: file.read(columns=["execution_id"])["execution_id"].to_pylist())
    except (OSError, StorageError):
        return []
    return [execution_id for execution_id in found if execution_id]


def _ids_of_folders(data_dir: Path, path: Path) -> list[str]:
    """Runs with media or documents whose short id a file of one run bears in its name."""
    label = path.name.partition("-")[0]
    folders = [folder for kind in ("documents", "media") for folder in (data_dir / kind).glob(f"*_{label}")]
    return [folder.name for folder in folders] if len(label) == 8 else []


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair did: files moved to where they belong, files set aside, runs that are stored again."""

    moved: tuple[tuple[Path, Path], ...]
    aside: tuple[tuple[Path, Path], ...]
    restored: tuple[str, ...]


def repair(data_dir: Path, oddities: Iterable[Oddity]) -> Repair:
    """Move each file that says where it belongs there, set aside what is damaged or foreign, and store runs again
    of which a document has everything."""
    moved: list[tuple[Path, Path]] = []
    aside: list[tuple[Path, Path]] = []
    documents: set[Path] = set()
    with compaction_lock(data_dir):
        for oddity in oddities:
            if oddity.fault is Fault.ALONE:
                documents |= _documents(data_dir, oddity.path)
                continue
            home = _home(data_dir, oddity)
            if home is None:
                documents |= _documents(data_dir, oddity.path)
            target = home or data_dir / ASIDE / oddity.path.relative_to(data_dir)
            _move(oddity.path, target)
            (moved if home else aside).append((oddity.path, target))
    restored = [execution_id for path in sorted(documents) if (execution_id := _restore(data_dir, path))]
    return Repair(tuple(moved), tuple(aside), tuple(restored))


def _home(data_dir: Path, oddity: Oddity) -> Path | None:
    """Where a file belongs, if nothing is there."""
    known = {f"{table}/" for table in TABLES}
    if oddity.place is None or not oddity.place.startswith(tuple(known)) or ".." in oddity.place:
        return None
    home = data_dir / oddity.place / oddity.path.name
    return None if home == oddity.path or home.exists() else home


def _documents(data_dir: Path, path: Path) -> set[Path]:
    return {left.document for left in what_is_left(data_dir, path) if left.document}


def _move(path: Path, target: Path) -> None:
    make_directory(target.parent)
    number = 1
    while target.exists() or target.is_symlink():
        target, number = target.with_name(f"{path.name}.{number}"), number + 1
    path.rename(target)
    for directory in (target.parent, path.parent):
        sync_directory(directory)


def _restore(data_dir: Path, document: Path) -> str | None:
    """Store the run of a document unless it is stored; its id where it was not."""
    try:
        record = import_record(document)
    except StorageError:
        return None
    sink = ParquetSink(data_dir)
    if sink.is_erased(record.execution_id, record.trace_id):
        return None
    if record.trace_id and (known := sink.stored(record.trace_id)) and known.revision >= record.revision:
        return None
    sink.write(record)
    return record.execution_id
