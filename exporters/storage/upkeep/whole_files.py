"""Tell which files can be read whole, with all that belongs to them, and which leftovers nobody misses."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from exporters.errors import BrokenFile
from exporters.storage.files import is_there
from exporters.storage.reading.damage import Damage, OnDamage
from exporters.storage.reading.execution_index import ExecutionRow, sibling
from exporters.storage.reading.run_loader import mentions_blobs
from exporters.storage.tables.blobs import REFERENCE_SIZE
from exporters.storage.tables.shape import added_columns
from exporters.storage.tables.table_file import FEW_ROWS, check_file, open_parquet, read_checked
from exporters.storage.upkeep.share import NOBODY, Share


@dataclass(slots=True)
class WholeFiles:
    """The executions files that can be read whole, and whether all of them and of theirs are sealed.

    `added` are the columns of each table that a newer version has added.
    """

    paths: set[Path] = field(default_factory=set)
    are_sealed: bool = True
    added: dict[str, dict[pa.Field, None]] = field(default_factory=lambda: defaultdict(dict))


def whole_files(rows: Iterable[ExecutionRow], tell: OnDamage, share: Share = NOBODY) -> WholeFiles:
    """Which of the files that have these rows are whole; `tell` is told of the others, `share` how far it is."""
    by_path: dict[Path, list[ExecutionRow]] = {}
    for row in rows:
        by_path.setdefault(row.path, []).append(row)
    found = WholeFiles()
    for done, (path, together) in enumerate(by_path.items(), start=1):
        try:
            _check(path, together, found)
            found.paths.add(path)
        except BrokenFile as trouble:
            tell(Damage(trouble.path or path, str(trouble)))
        share(done, len(by_path))
    return found


def _check(path: Path, rows: Sequence[ExecutionRow], found: WholeFiles) -> None:
    """Find the files of these rows whole; `BrokenFile` where one is damaged or gone."""
    paths = _paths(path, rows)
    try:
        are_sealed = [check_file(part) for part in paths.values()]
        files = {table: open_parquet(part) for table, part in paths.items()}
    except FileNotFoundError as trouble:
        gone = f"{trouble.filename} is gone; a copy from a backup would work"
        raise BrokenFile(gone, sibling(path, "items")) from trouble
    if "items" in files:
        _check_count(paths["items"], files["items"], rows)
    if "blobs" not in files and any(_mentions_blobs(paths[table], file) for table, file in files.items()):
        blobs = sibling(path, "blobs")
        raise BrokenFile(f"{blobs} is gone; a copy from a backup would work", blobs)
    found.are_sealed &= all(are_sealed)
    for table, file in files.items():
        found.added[table].update(dict.fromkeys(added_columns(table, file)))


def _paths(path: Path, rows: Sequence[ExecutionRow]) -> dict[str, Path]:
    """The files that these rows need, by table, and the one that may be there."""
    items, blobs = sibling(path, "items"), sibling(path, "blobs")
    needed = {"executions": path} | ({"items": items} if any(row.item_rows for row in rows) else {})
    return needed | ({"blobs": blobs} if is_there(blobs) else {})


def _check_count(path: Path, file: Any, rows: Sequence[ExecutionRow]) -> None:
    found = Counter(_columns(path, file, ["write_id"])["write_id"].to_pylist())
    for row in rows:
        if found[row.write_id] != row.item_rows:
            has = f"{path} has {found[row.write_id]} of the {row.item_rows} items of {row.execution_id}"
            raise BrokenFile(has, path)


def _mentions_blobs(path: Path, file: Any) -> bool:
    return mentions_blobs(_columns(path, file, sorted(_json_columns(file.metadata))))


def _json_columns(metadata: Any) -> set[str]:
    """The columns of JSON in which there is room for a reference; most of a small file have nothing but nulls."""
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(place) for group in groups for place in range(metadata.num_columns)]
    large = [chunk.path_in_schema for chunk in chunks if chunk.total_uncompressed_size >= REFERENCE_SIZE]
    return {name for name in large if name.endswith("_json")}


def _columns(path: Path, file: Any, names: Sequence[str]) -> pa.Table:
    # For a file of one run, threads cost twice what they do.
    is_large = file.metadata.num_rows > FEW_ROWS
    return read_checked(path, lambda: file.read(columns=names, use_threads=is_large))


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
