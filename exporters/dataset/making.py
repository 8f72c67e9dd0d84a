"""Make a dataset of stored runs as they may leave: whole or not at all, and known to the ledger of exports."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pyarrow.compute as pc
import pyarrow.parquet as pq

from exporters.dataset.about import About, Description
from exporters.dataset.crate.tellers import teller_for
from exporters.dataset.crate.writing import PROFILES
from exporters.dataset.describing import CHECKSUMS, describe, files_of, write_checksums
from exporters.dataset.leaving import RunsLeaving
from exporters.dataset.media import MEDIA
from exporters.dataset.tables import Counts, Progress, tables_for, write_tables
from exporters.errors import NothingSelected, NotWritable, UnknownOption, listed, suggest
from exporters.measures.drift import SOURCES
from exporters.privacy.exports_ledger import Export, ExportKind, run_ids
from exporters.privacy.way_out import WayOut, open_way_out
from exporters.storage.files import PRIVATE_DIRECTORY, make_directory, sync_directory
from exporters.storage.reading.damage import Damages, OnDamage
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.records import chosen_executions
from exporters.storage.reading.selection import Selection
from exporters.storage.tables.table_file import arrow_file
from otel_tracking.erasure import RunId
from otel_tracking.extras import Extra

if TYPE_CHECKING:
    from exporters.measures.meaning import Meanings

CRATES = tuple(PROFILES)
"""How its crate may tell what happened: each stage (`process`), or also who organised them (`provenance`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset that was made: where, how many rows each table has, and the sha256 of its list of checksums.

    `identifier` names its whole content: who has the same one has the same bytes. `files` are its files and, with a
    slash, folders; `media` is how many pictures, sounds and films are in it.
    """

    path: Path
    rows: Counts
    files: Sequence[str]
    identifier: str
    media: int = 0


def make_dataset(
    data_dir: str | Path,
    out: str | Path,
    *,
    description: Description | None = None,
    way_out: WayOut | None = None,
    with_media: bool = True,
    crate: str = "process",
    semantics: bool = False,
    replace: bool = False,
    progress: Progress | None = None,
    on_damage: OnDamage | None = None,
    executions: Collection[RunId] | None = None,
    **selection: Unpack[Selection],
) -> Dataset:
    """The wanted runs that may leave as a dataset in `out`, which is there whole or not at all.

    Keywords are those of `Selection`; `executions` are wanted runs by their ids. They leave by an `way_out`; by default
    as they are, without those whose study has no consent for them, and without marked ones that nobody named.
    `with_media`, their pictures, sounds and films come along; `crate` is one of `CRATES`. `semantics` measures how near
    texts are in meaning, too: that takes about 15 ms for each text that no other is equal to. The ledger of exports
    knows of the dataset before it is in its place.

    Raises `NothingSelected` where there is no such run, and `NotWritable` where `out` is there already, unless
    `replace` says that it may go and it is a dataset; `ErasedMeanwhile` where a run of it was erased while it was made;
    `MissingExtra` without what the extra `datasets` brings, or `semantics` where that is asked for; `EngineUnusable`
    where its engine does not run here.

    Runs of which a file is damaged are left out, and README.md says how many. `on_damage` is told of each; without it,
    damage is a `BrokenFile` and there is no dataset.

    >>> import tempfile
    >>> make_dataset("/nowhere", tempfile.mkdtemp() + "/dataset")
    Traceback (most recent call last):
    exporters.errors.NothingSelected: no run in /nowhere matches; there is no dataset
    """
    Extra("datasets").check()
    meanings = _meanings() if semantics else None
    data_dir, out = Path(data_dir), Path(out).expanduser().absolute()
    damages, description = Damages(), description or Description()
    _check(out, replace, crate)
    way_out = way_out or open_way_out(data_dir, with_marked=executions is not None)
    chosen = chosen_executions(data_dir, executions, on_damage=damages, **selection)
    wanted = [row for row in chosen if way_out.lets_out(row)]
    if not wanted:
        damages.pass_on(on_damage)
        raise NothingSelected(way_out.why_nothing("dataset"))
    with _work_on(out) as work:
        teller = teller_for(wanted)
        leaving = RunsLeaving(data_dir, work, way_out, with_media)
        rows = write_tables(wanted, leaving, teller, progress, damages, meanings)
        damages.pass_on(on_damage)
        about = About(
            description=description,
            query=_query(way_out.query(selection), executions),
            rows=rows,
            damaged=len(wanted) - rows["executions"],
            privacy=way_out.statement(),
            told=teller.told(),
            span=_span(work),
            crate=crate,
            tables={name: columns for name, columns in tables_for(way_out).items() if name in rows},
            media=sum(1 for _ in files_of(work / MEDIA)),
            measures=[source for source in SOURCES if semantics or source.measure != "semantic_similarity"],
        )
        describe(work, about)
        identifier = write_checksums(work, progress)
        if about.media:
            os.sync()  # Tables are synced by whoever writes them; each medium by itself would take longer than copying.
        with way_out.passing(_noted(out, wanted, way_out, about, with_media)):
            _put_in_place(work, out)
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in out.iterdir())
    return Dataset(path=out, rows=rows, files=names, identifier=identifier, media=about.media)


def _meanings() -> Meanings:
    from exporters.measures.meaning import Meanings

    return Meanings()


@contextmanager
def _work_on(out: Path) -> Iterator[Path]:
    """A hidden directory beside `out`, to be put in its place; nothing is left of it when the block raises."""
    make_directory(out.parent)
    work = out.with_name(f".{out.name[:100]}.{secrets.token_hex(4)}.tmp")
    work.mkdir(mode=PRIVATE_DIRECTORY)
    # An erasure sweeps what nobody holds.
    held = os.open(work, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        yield work
    except BaseException as trouble:
        shutil.rmtree(work, ignore_errors=True)
        if isinstance(trouble, OSError) and trouble.filename:
            # By the name that it was to have: nobody knows the directory in which it was made.
            trouble.filename = str(trouble.filename).replace(str(work), str(out))
        raise
    finally:
        fcntl.flock(held, fcntl.LOCK_UN)  # a child that was forked meanwhile has it open, too
        os.close(held)


def _check(out: Path, replace: bool, crate: str) -> None:
    if crate not in CRATES:
        raise UnknownOption(f"{crate!r:.40} is no value of crate.{suggest(crate, CRATES)} There are: {listed(CRATES)}")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out.is_dir() and (out / CHECKSUMS).is_file()):
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


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _span(directory: Path) -> tuple[dt.datetime, dt.datetime] | None:
    """When the first and the last run began, as they left."""
    moments = pq.read_table(arrow_file(directory / "executions.parquet"), columns=["timestamp"])["timestamp"]
    span = pc.min_max(moments).as_py()
    return None if span["min"] is None else (span["min"], span["max"])


def _noted(out: Path, wanted: Sequence[ExecutionRow], way_out: WayOut, about: About, with_media: bool) -> Export:
    """What the ledger knows of the dataset, and how it is made again."""
    said = {"title": about.description.title, "authors": list(about.description.authors)}
    measured = {"semantics": True} if about.with_meanings else {}
    how = {"with_media": with_media, "crate": about.crate, **measured}
    return Export(
        kind=ExportKind.DATASET,
        runs=run_ids(wanted),
        path=str(out),
        profile=way_out.profile.value,
        options={**said, "licence": about.description.licence, **how, "roster": way_out.roster},
    )
