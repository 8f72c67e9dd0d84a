"""What of a run goes into a dataset: its rows as they leave, and its media, which are put there at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from exporters.dataset.media import copy_media, write_media
from exporters.privacy.profiles import Profile
from exporters.privacy.way_out import WayOut
from exporters.remarks.annotated import Annotation, annotation_in, annotation_of
from exporters.remarks.table import remark_row
from exporters.storage.reading.execution_index import ExecutionRow
from exporters.storage.reading.run_loader import StoredRun
from exporters.storage.tables.pack import pack
from exporters.storage.tables.rows import row_of
from exporters.storage.writing.media import load_media
from otel_tracking.columns import columns_of
from otel_tracking.extras import Extra
from otel_tracking.record import ExecutionRecord


@dataclass(frozen=True, slots=True)
class LeavingRun:
    """The rows of one run as they leave, its media by their paths in the dataset, and what was said of it since."""

    rows: StoredRun
    media: frozenset[str] = frozenset()
    remarks: Sequence[Mapping[str, Any]] = ()
    _made: ExecutionRecord | None = None

    def record(self) -> ExecutionRecord:
        """The record that these rows are made of, without attachments. `BrokenFile` where it cannot be made."""
        return self._made or self.rows.record()


@dataclass(frozen=True, slots=True)
class Bunch:
    """Some whole runs, and the rows of all of them."""

    runs: Sequence[LeavingRun]
    executions: pa.Table
    items: pa.Table
    blobs: pa.Table


@dataclass(frozen=True, slots=True)
class RunsLeaving:
    """Lets stored runs out into the dataset that is made at `out`; `with_media` where their media come along."""

    data_dir: Path
    out: Path
    way_out: WayOut
    with_media: bool = True

    def __call__(self, row: ExecutionRow, run: StoredRun) -> LeavingRun:
        """A run as it leaves; one run's media are in memory at a time, and under `full` none."""
        if self.way_out.profile is Profile.FULL:
            media = copy_media(self.data_dir, self.out, run.items) if self.with_media else frozenset()
            said = self.way_out.remarks
            return LeavingRun(run, media, _remarks_on(row, annotation_in(said, said.of(row))))
        record = load_media(self.data_dir, run.record()) if self.with_media else run.record()
        with Extra("documents", "Pictures that leave under a profile need"):
            made = self.way_out.leaving(record).record
        media = write_media(made, self.out)
        made = replace(made, attachments={})
        packed = pack([row_of(columns_of(made), self.data_dir)], [0])
        rows = StoredRun(run.path, packed.executions, packed.items, packed.blobs)
        return LeavingRun(rows, media, _remarks_on(made, annotation_of(made)), made)


def _remarks_on(run: Any, annotation: Annotation) -> Sequence[Mapping[str, Any]]:
    return [remark_row(run, annotation)] if annotation else []
