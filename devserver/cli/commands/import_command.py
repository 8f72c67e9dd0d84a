"""`otel-tracking import`: take over records that an earlier tracker wrote."""

from __future__ import annotations

from pathlib import Path

import click

from devserver.cli.complaints import FAILED, complain
from devserver.cli.options import data_option, json_option
from devserver.cli.output import print_json
from devserver.cli.showing.text import count, safe_line
from devserver.cli.streams import say
from devserver.erasing import finish_erasures
from devserver.settings import Settings
from exporters import ParquetSink, StorageError, import_record, read_records
from exporters.privacy.at_source import as_at_source
from otel_tracking.secrets.records import without_secrets

IMPORTED, KNOWN, REFUSED, ERASED = "imported", "known", "refused", "erased"


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE...")
@data_option
@json_option
def command(files: tuple[Path, ...], data_dir: Path, as_json: bool) -> int:
    """Take over records that an earlier tracker wrote as JSON, one record a file.

    Fields that nobody knows any more are kept. A record that is stored already is left alone, so the same files may
    be imported twice, and a run that was erased here is not taken over again. People of a study that wants pseudonyms
    at the source get theirs. A file that cannot be read is named, the others are imported, and the exit code is 1.
    """
    finish_erasures(Settings.from_environment(data_dir=data_dir))
    sink = ParquetSink(data_dir)
    results: list[dict[str, str | None]] = []
    for path in files:
        try:
            result, execution_id, reason = take_over(sink, data_dir, path)
        except StorageError as trouble:
            result, execution_id, reason = REFUSED, None, str(trouble)
        results.append({"file": str(path), "result": result, "execution_id": execution_id, "reason": reason})
        if reason:
            complain(reason)
        elif not as_json:
            say(f"{result} {safe_line(execution_id)}")
    if as_json:
        print_json({"files": results})
    else:
        say(_summary([str(entry["result"]) for entry in results]))
    return FAILED if any(entry["result"] == REFUSED for entry in results) else 0


def take_over(sink: ParquetSink, data_dir: Path, path: Path) -> tuple[str, str, str | None]:
    """Store the record of a file: the result, the execution id and, where it was refused, the reason."""
    record = as_at_source(data_dir, without_secrets(import_record(path)))
    if sink.is_erased(record.execution_id, record.trace_id):
        return ERASED, record.execution_id, None
    stored = next(read_records(data_dir, execution_id=record.execution_id), None)
    if stored is None:
        sink.write(record)
        return IMPORTED, record.execution_id, None
    if stored == record:
        return KNOWN, record.execution_id, None
    reason = f"{path}: another record is stored as {record.execution_id} already; it was not replaced"
    return REFUSED, record.execution_id, reason


def _summary(results: list[str]) -> str:
    parts = [f"{count(results.count(IMPORTED), 'record')} imported"]
    if KNOWN in results:
        parts.append(f"{results.count(KNOWN)} stored already")
    if ERASED in results:
        parts.append(f"{results.count(ERASED)} erased earlier and not kept")
    if REFUSED in results:
        parts.append(f"{results.count(REFUSED)} refused")
    return ", ".join(parts)
