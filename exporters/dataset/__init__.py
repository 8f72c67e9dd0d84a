"""Make a citable dataset of stored runs: tables, codebook, checksums and a README, in a directory of its own.

    OUT/executions.parquet   OUT/items.parquet   OUT/journeys.parquet   OUT/blobs.parquet
    OUT/executions.csv   OUT/items.csv   OUT/journeys.csv   (blobs only where there are some)
    OUT/annotations.parquet   OUT/annotations.csv           (where researchers said something of a run)
    OUT/codebook.csv   OUT/codebook.json   OUT/query.json   OUT/README.md   OUT/SHA256SUMS

The same runs and the same query give the same bytes, whoever asks and however the store was compacted: rows are in the
order of their ids, and nothing says when, where or from which files the dataset was made.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from exporters.dataset.readme import About, Description, readme
from exporters.dataset.tables import Counts, Progress, Tables, tables_for, write_tables
from exporters.errors import NothingSelected, NotWritable
from exporters.privacy.exports_ledger import Export, ExportKind, run_ids
from exporters.privacy.way_out import WayOut, open_way_out
from exporters.storage.files import PRIVATE_DIRECTORY, make_directory, sync_directory, write_file
from exporters.storage.reading.damage import Damages, OnDamage
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.records import chosen_executions
from exporters.storage.reading.selection import Selection
from exporters.storage.tables.codebook import codebook_csv, codebook_json
from otel_tracking.erasure import RunId
from otel_tracking.extras import Extra


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset that was made: where, how many rows each table has, and the sha256 of its list of checksums.

    `identifier` names its whole content: who has the same one has the same bytes.
    """

    path: Path
    rows: Counts
    files: Sequence[str]
    identifier: str


def make_dataset(
    data_dir: str | Path,
    out: str | Path,
    *,
    description: Description | None = None,
    way_out: WayOut | None = None,
    replace: bool = False,
    progress: Progress | None = None,
    on_damage: OnDamage | None = None,
    executions: Collection[RunId] | None = None,
    **selection: Unpack[Selection],
) -> Dataset:
    """The wanted runs that may leave as a dataset in `out`, which is there whole or not at all.

    Keywords are those of `Selection`; `executions` are wanted runs by their ids. They leave by an `way_out`; by default
    as they are, without those whose study has no consent for them, and without marked ones that nobody named. The
    ledger of exports knows of the dataset before it is in its place.

    Raises `NothingSelected` where there is no such run, and `NotWritable` where `out` is there already, unless
    `replace` says that it may go and it is a dataset; `ErasedMeanwhile` where a run of it was erased while it was made;
    `MissingExtra` without DuckDB.

    Runs of which a file is damaged are left out, and README.md says how many. `on_damage` is told of each; without it,
    damage is a `BrokenFile` and there is no dataset.

    >>> import tempfile
    >>> make_dataset("/nowhere", tempfile.mkdtemp() + "/dataset")
    Traceback (most recent call last):
    exporters.errors.NothingSelected: no run in /nowhere matches; there is no dataset
    """
    Extra("queries", "Datasets need").check()
    data_dir, out = Path(data_dir), Path(out).expanduser().absolute()
    damages = Damages()
    _check(out, replace)
    way_out = way_out or open_way_out(data_dir, with_marked=executions is not None)
    chosen = chosen_executions(data_dir, executions, on_damage=damages, **selection)
    wanted = [row for row in chosen if way_out.lets_out(row)]
    if not wanted:
        _refuse_or_tell(damages, on_damage)
        raise NothingSelected(way_out.why_nothing("dataset"))
    make_directory(out.parent)
    work = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}.tmp")
    work.mkdir(mode=PRIVATE_DIRECTORY)
    # An erasure sweeps what nobody holds.
    held = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        rows = write_tables(data_dir, work, wanted, way_out, progress, damages)
        _refuse_or_tell(damages, on_damage)
        about = About(
            description=description or Description(),
            query=_query(way_out.query(selection), executions),
            rows=rows,
            damaged=len(wanted) - rows["executions"],
            privacy=way_out.statement(),
        )
        _write_about(work, about, {name: columns for name, columns in tables_for(way_out).items() if name in rows})
        identifier = _write_checksums(work)
        with way_out.passing(_noted(out, wanted, way_out, about)):
            _put_in_place(work, out)
    except BaseException as trouble:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(trouble, OSError) and trouble.filename:
            # By the name that it was to have: nobody knows the directory in which it was made.
            trouble.filename = str(trouble.filename).replace(str(work), str(out))
        raise
    finally:
        os.close(held)
    return Dataset(path=out, rows=rows, files=sorted(path.name for path in out.iterdir()), identifier=identifier)


def _refuse_or_tell(damages: Damages, on_damage: OnDamage | None) -> None:
    if on_damage is None:
        damages.refuse()
        return
    for damage in damages:
        on_damage(damage)


def _check(out: Path, replace: bool) -> None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out.is_dir() and (out / "SHA256SUMS").is_file()):
        raise NotWritable(f"{out} is there and is no dataset; a new directory would work")
    if not replace:
        raise NotWritable(f"{out} holds a dataset already; another directory would work, or --replace")


def _put_in_place(work: Path, out: Path) -> None:
    if out.exists():
        old = work.with_name(work.name + ".old")
        out.replace(old)
        work.replace(out)
        shutil.rmtree(old)
    else:
        work.replace(out)
    sync_directory(out.parent)


def _query(selection: Mapping[str, Any], executions: Collection[RunId] | None) -> dict[str, str]:
    """What chose the runs, in words; ids that were given one by one stand in the tables."""
    named = {} if executions is None else {"executions": "named one by one"}
    return {**named, **{name: _plain(value) for name, value in sorted(selection.items())}}


def _write_about(work: Path, about: About, tables: Tables) -> None:
    left_out = {"left_out": about.damaged} if about.damaged else {}
    said = {"query": about.query, "rows": about.rows, **left_out, "privacy": about.privacy}
    files = {
        "codebook.csv": codebook_csv(tables),
        "codebook.json": codebook_json(tables),
        "query.json": (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode(),
        "README.md": readme(work, about).encode(),
    }
    for name, content in files.items():
        write_file(work / name, content)


def _noted(out: Path, wanted: Sequence[ExecutionRow], way_out: WayOut, about: About) -> Export:
    """What the ledger knows of the dataset, and how it is made again."""
    said = {"title": about.description.title, "authors": list(about.description.authors)}
    return Export(
        kind=ExportKind.DATASET,
        runs=run_ids(wanted),
        path=str(out),
        profile=way_out.profile.value,
        options={**said, "licence": about.description.licence, "roster": way_out.roster},
    )


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _write_checksums(work: Path) -> str:
    """`SHA256SUMS`, which `sha256sum --check` reads; its own sha256."""
    lines = [f"{_sha256(path)}  {path.name}\n" for path in sorted(work.iterdir())]
    content = "".join(lines).encode()
    write_file(work / "SHA256SUMS", content)
    return hashlib.sha256(content).hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
