"""Tell which files can be read whole, with all that belongs to them, and which leftovers nobody misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporters.errors import BrokenFile
from exporters.storage.files import is_there
from exporters.storage.reading.damage import Damage, OnDamage
from exporters.storage.reading.execution_index import ExecutionRow, sibling
from exporters.storage.reading.run_loader import mentions_blobs
from exporters.storage.tables.table_file import check_file, open_parquet, read_checked


@dataclass(slots=True)
class WholeFiles:
    """The executions files that can be read whole, and whether all of them and of theirs are sealed."""

    paths: set[Path] = field(default_factory=set)
    are_sealed: bool = True


def whole_files(rows: Iterable[ExecutionRow], tell: OnDamage) -> WholeFiles:
    """Which of the files that have these rows are whole; `tell` is told of the others."""
    by_path: dict[Path, list[ExecutionRow]] = {}
    for row in rows:
        by_path.setdefault(row.path, []).append(row)
    found = WholeFiles()
    for path, together in by_path.items():
        try:
            found.are_sealed &= _check(path, together)
            found.paths.add(path)
        except BrokenFile as trouble:
            tell(Damage(trouble.path or path, str(trouble)))
    return found


def _check(path: Path, rows: Sequence[ExecutionRow]) -> bool:
    """Whether the files of these rows are sealed; `BrokenFile` where one is damaged or gone."""
    items, blobs = sibling(path, "items"), sibling(path, "blobs")
    has_items = any(row.item_rows for row in rows)
    try:
        are_sealed = check_file(path)
        if has_items:
            are_sealed &= check_file(items)
            _check_count(items, rows)
    except FileNotFoundError as trouble:
        raise BrokenFile(f"{trouble.filename} is gone; a copy from a backup would work", items) from trouble
    if is_there(blobs):
        return are_sealed & check_file(blobs)
    if any(map(_mentions_blobs, [path, *([items] if has_items else [])])):
        raise BrokenFile(f"{blobs} is gone; a copy from a backup would work", blobs)
    return are_sealed


def _check_count(path: Path, rows: Sequence[ExecutionRow]) -> None:
    file = open_parquet(path)
    found = Counter(read_checked(path, lambda: file.read(columns=["write_id"])["write_id"].to_pylist()))
    for row in rows:
        if found[row.write_id] != row.item_rows:
            has = f"{path} has {found[row.write_id]} of the {row.item_rows} items of {row.execution_id}"
            raise BrokenFile(has, path)


def _mentions_blobs(path: Path) -> bool:
    file = open_parquet(path)
    names = [name for name in file.schema_arrow.names if name.endswith("_json")]
    return read_checked(path, lambda: mentions_blobs(file.read(columns=names)))


def is_replaced(path: Path, stored: Iterable[ExecutionRow], tell: OnDamage) -> bool:
    """Whether every run of a file without executions is stored elsewhere: then it is what a crash left.

    Where one is not, the executions file may be lost, and this is all there is of it.
    """
    revisions: dict[str, int] = {}
    for row in stored:
        revisions[row.key] = max(row.revision, revisions.get(row.key, 0))
    try:
        runs = _runs_in(path)
    except (BrokenFile, FileNotFoundError) as trouble:
        tell(Damage(path, str(trouble)))
        return False
    alone = sorted({execution_id for key, revision, execution_id in runs if revisions.get(key, 0) < revision})
    if alone:
        tell(Damage(path, _left_alone(path, alone)))
    return not alone


def _left_alone(path: Path, execution_ids: list[str]) -> str:
    lost = path.parents[2] / "executions" / path.parent.name / path.name
    return (
        f"{path} is what is left of {execution_ids[0]}"
        f"{f' and {len(execution_ids) - 1} more' if len(execution_ids) > 1 else ''}: {lost} is not there. "
        "A copy of that from a backup would work"
    )


def _runs_in(path: Path) -> set[tuple[str, int, str]]:
    """Key, revision and id of each run that a file of items or blobs has."""
    check_file(path)
    file = open_parquet(path)
    names = ["trace_id", "execution_id", "revision"]
    columns = read_checked(path, lambda: [file.read(columns=names)[name].to_pylist() for name in names])
    return {
        (trace_id or execution_id or "", revision or 0, execution_id or trace_id or "a run")
        for trace_id, execution_id, revision in zip(*columns, strict=True)
    }
