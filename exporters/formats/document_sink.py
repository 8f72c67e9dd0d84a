"""Write a document per run and format, for people who open files instead of databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from exporters.errors import NotWritable, WriteFailed
from exporters.formats import format_named
from exporters.formats.documents import check_options, options_of, render_document
from exporters.storage.files import make_directory, write_file
from exporters.storage.layout import folder_name
from exporters.storage.writing.tombstones import Refusals, Tombstones
from otel_tracking import canonical
from otel_tracking.record import ExecutionRecord

REVISION_FILE = ".revision"


class DocumentSink:
    """Documents at `DATA/documents/<execution_id>/<execution_id>.<suffix>`; a later revision replaces an earlier one.

    `options` go to the formats that have them, for example `{"audience": "student"}` to HTML. Media are those of the
    record, or the files below `data_dir`. Runs that were erased get none; `refused` counts them. Raises
    `UnknownFormat`, `MissingExtra`, `UnknownOption` and `NotWritable` at once, before any run.

    >>> import tempfile
    >>> sink = DocumentSink(tempfile.mkdtemp(), formats=["json"])
    """

    def __init__(
        self, data_dir: str | Path, formats: Iterable[str] = ("json",), options: Mapping[str, str] | None = None
    ) -> None:
        data_dir = Path(data_dir).expanduser().absolute()
        self.location = str(data_dir)
        self._names = list(formats)
        self._formats = [format_named(name) for name in self._names]
        self._options = dict(options or {})
        check_options(self._options, self._formats)
        self._data_dir = data_dir
        self._tombstones, self._refusals = Tombstones(data_dir), Refusals()
        self._documents = data_dir / "documents"
        try:
            make_directory(self._documents)
            write_file(self._documents / ".writable", b"")
        except OSError as trouble:
            raise NotWritable(f"documents cannot be written to {self._documents}: {trouble}") from trouble

    def opener(self) -> Callable[[], DocumentSink]:
        """What opens the same documents in another process."""
        return partial(DocumentSink, self._data_dir, self._names, self._options)

    @property
    def refused(self) -> int:
        """How many records were of runs that had been erased."""
        return self._refusals.count

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        """Whether a run was erased, by anyone: its record would be taken and not kept."""
        return self._tombstones.holds(execution_id, trace_id)

    def write(self, record: ExecutionRecord) -> None:
        """Write all formats of one record, unless a later revision is there already, or the run was erased."""
        try:
            with self._tombstones.writing():
                if self.is_erased(record.execution_id, record.trace_id):
                    self._refusals.add(1)
                else:
                    self._write(record, self._folder_of(record))
        except OSError as trouble:
            raise WriteFailed(f"documents in {self._documents} are not complete: {trouble}") from trouble

    def _write(self, record: ExecutionRecord, folder: Path) -> None:
        owner = owner_of(folder)
        if owner and owner[0] == record.trace_id and owner[1] > record.revision:
            return
        for form in self._formats:
            options = options_of(form, self._options)
            document = render_document(record, form, data_dir=self._data_dir, options=options)
            write_file(folder / f"{folder_name(record.execution_id)}{form.suffix}", document)
        # Last: a crash before this makes the same revision come again, never an older one win.
        write_file(folder / REVISION_FILE, canonical.dumps([record.trace_id, record.revision]).encode())

    def _folder_of(self, record: ExecutionRecord) -> Path:
        """The run's folder; where another run with the same id has it, one that is named after the trace."""
        folder = self._documents / folder_name(record.execution_id)
        owner = owner_of(folder)
        is_free = owner is None or owner[0] == record.trace_id
        return folder if is_free else folder.with_name(f"{folder.name}_{record.trace_id or 'imported'}")

    def close(self) -> None:
        """Nothing is open between writes."""


def owner_of(folder: Path) -> tuple[str | None, int] | None:
    """Trace id and revision of the run whose documents are in `folder`; None where nobody's are."""
    try:
        trace_id, revision = canonical.loads((folder / REVISION_FILE).read_text())
        return (trace_id, revision) if type(revision) is int else None
    except (OSError, ValueError, TypeError):
        return None
