"""The Delta tables of a store: `executions`, `items` and `blobs` under one URI, with the columns of the Parquet store.

URI/executions/   URI/items/   URI/blobs/       each partitioned by `date`, the day that a run is stored under
URI/spill/executions/ …                         what there is so far of runs that did not end
URI/aside/                                      messages that could not be taken, as they came
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from exporters.errors import NoTable, NotWritable, StorageError, WriteFailed, WrongTable
from exporters.storage.tables.schema import schema
from otel_tracking.extras import Extra

if TYPE_CHECKING:
    from deltalake import CommitProperties, DeltaTable, WriterProperties

Options = Mapping[str, str]
"""Options of the object store, by their names in its own documentation, such as `AWS_ENDPOINT_URL`."""

_ESCAPES = re.compile("\x1b\\[[0-9;]*m")
_QUERIES = re.compile(r"(?<=\S)\?[^\s\"'<>]*")
_SAID_BY_SERVER = re.compile("<Code>(?P<code>[^<]*)</Code>\\s*<Message>(?P<message>[^<]*)</Message>")

DATE = "date"
TRIES = 20
"""How often is tried what a commit of somebody else came before."""
_COUNTED = "delta.dataSkippingStatsColumns"
"""Of these columns a table's log, which stays when rows go, has the least and the greatest values of each file."""

_EXTRA = Extra("delta", "Tables on object storage need")

ASIDE = pa.schema(
    [
        pa.field("topic", pa.string()),
        pa.field("partition", pa.int64()),
        pa.field("offset", pa.int64()),
        pa.field("trace_id", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("message", pa.binary()),
    ]
)


def delta_schema(table: str) -> pa.Schema:
    """The schema of a table as Delta keeps it: that of the store, and the day."""
    columns = [field.with_metadata({"description": field.metadata[b"description"]}) for field in schema(table)]
    return pa.schema([*columns, pa.field(DATE, pa.string())])


class DeltaStore:
    """The tables under a URI: `s3://bucket/path`, `az://…`, `gs://…`, or a folder. Not for several threads at once."""

    def __init__(self, uri: str, options: Options | None = None) -> None:
        """Opens nothing. Raises `MissingExtra` without deltalake."""
        _EXTRA.check()
        self.uri, self._options = uri.rstrip("/"), dict(options or {})

    def below(self, folder: str) -> DeltaStore:
        """The tables in a folder of this one."""
        return DeltaStore(self._place(folder), self._options)

    def open(self, table: str) -> DeltaTable:
        """A table as it is now. Raises `NoTable` where there is none, `WriteFailed` where it cannot be reached."""
        from deltalake import DeltaTable
        from deltalake.exceptions import TableNotFoundError

        try:
            with self.said(table):
                return DeltaTable(self._place(table), storage_options=self._options)
        except TableNotFoundError:
            raise NoTable(f"there is no table of runs at {self._place(table)}") from None

    def open_or_make(self, table: str, columns: pa.Schema | None = None) -> DeltaTable:
        """A table, made where it is missing. Raises `WrongTable` where one of other columns is there."""
        from deltalake import DeltaTable

        wanted = delta_schema(table.rpartition("/")[2]) if columns is None else columns
        partition_by = [DATE] if DATE in wanted.names else []
        try:
            with self.said(table):
                found = DeltaTable.create(
                    self._place(table),
                    schema=wanted,
                    mode="ignore",
                    partition_by=partition_by,
                    configuration={_COUNTED: _counted(wanted.names)},
                    storage_options=self._options,
                )
                found.update_incremental()
        except WriteFailed as trouble:
            raise NotWritable(str(trouble)) from trouble
        _check(self._place(table), found, wanted)
        return found

    def append(self, table: DeltaTable, rows: pa.Table, commit: CommitProperties | None = None) -> None:
        """Append rows through a handle, as one commit; columns that the table lacks are added to it."""
        from deltalake import write_deltalake

        write_deltalake(
            table, rows, mode="append", schema_mode="merge", commit_properties=commit, writer_properties=packing()
        )

    def add(self, table: DeltaTable, rows: pa.Table) -> None:
        """Append rows to what the table is by now, whatever was removed from it or joined since somebody looked."""
        from deltalake.exceptions import CommitFailedError

        for tries in range(TRIES):
            table.update_incremental()
            try:
                return self.append(table, rows)
            except CommitFailedError:
                if tries == TRIES - 1:
                    raise

    def has_file(self, table: str, path: str) -> bool:
        """Whether a file is there, in the table or no more."""
        from deltalake.fs import DeltaStorageHandler
        from pyarrow.fs import FileType, PyFileSystem

        [found] = PyFileSystem(DeltaStorageHandler(self._place(table), self._options)).get_file_info([path])
        return bool(found.type == FileType.File)

    @contextmanager
    def said(self, table: str) -> Iterator[None]:
        """A block in which trouble with the place is said in one sentence, as `WriteFailed`; Delta's own passes."""
        from deltalake.exceptions import DeltaError

        try:
            yield
        except (DeltaError, StorageError):
            raise
        except Exception as trouble:
            raise WriteFailed(f"{self._place(table)} cannot be used: {first_sentence(trouble)}") from trouble

    def _place(self, table: str) -> str:
        return f"{self.uri}/{table}"


def packing() -> WriterProperties:
    """How files are written: packed like those of a local store.

    Whole texts as least and greatest value of a column would take most of a small file.
    """
    from deltalake import WriterProperties

    return WriterProperties(compression="ZSTD", statistics_truncate_length=64)


def says_nothing_of_people(table: DeltaTable) -> None:
    """Have the log of a table keep no values of columns in which people may stand, also of an older one."""
    wanted = _counted([field.name for field in table.schema().fields])
    if table.metadata().configuration.get(_COUNTED) != wanted:
        table.alter.set_table_properties({_COUNTED: wanted})


def _counted(names: Sequence[str]) -> str:
    return ",".join(name for name in ("write_id", "timestamp", "offset") if name in names) or names[0]


def _check(place: str, found: DeltaTable, wanted: pa.Schema) -> None:
    """Whether rows of ours fit: columns that are missing come with the first row, others may be there beside."""
    there = pa.schema(found.schema().to_arrow())
    wrong = [
        f"{field.name} is {there.field(field.name).type}, not {field.type}"
        for field in wanted
        if field.name in there.names and not _is_same(there.field(field.name).type, field.type)
    ]
    lacking = [name for name in _needed(wanted) if name not in there.names]
    wrong += [f"it has no column {', '.join(lacking)}"] if lacking else []
    if wrong:
        raise WrongTable(f"{place} is a table of something else: {'; '.join(wrong[:3])}. A new URI would work")
    if found.metadata().partition_columns != ([DATE] if DATE in wanted.names else []):
        raise WrongTable(f"{place} is partitioned by {found.metadata().partition_columns}, not by {DATE}")


def _needed(wanted: pa.Schema) -> Sequence[str]:
    always = ("execution_id", "trace_id", "revision", "write_id", DATE)
    return [name for name in always if name in wanted.names] or wanted.names


def _is_same(found: pa.DataType, ours: pa.DataType) -> bool:
    def plain(kind: pa.DataType) -> str:
        return str(kind).replace("large_", "").replace("_view", "").replace("element", "item")

    return plain(found) == plain(ours)


def first_sentence(trouble: BaseException) -> str:
    r"""What an error of a library says, without the walk through its insides: the server's own word, or the last cause.

    >>> first_sentence(OSError("Generic S3 error\n  \x1b[31m↳\x1b[0m Error performing GET\n   ↳ Connection refused"))
    'Generic S3 error: Connection refused'
    >>> first_sentence(OSError("error sending https://school.example/records?sv=2&sig=abc"))
    'error sending https://school.example/records'
    """
    # What stands behind the question mark of an address may open the store.
    text = _QUERIES.sub("", _ESCAPES.sub("", str(trouble))).strip()
    if said := _SAID_BY_SERVER.search(text):
        return f"{said['code']}: {said['message']}"[:300].rstrip(".")
    lines = [line.strip().removeprefix("↳").strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines[1:] if text.count("↳")]
    return ": ".join([*lines[:1], *causes[-1:]])[:300].rstrip(".") or type(trouble).__name__
