"""Get the records that a command line names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from devserver.cli.options import refuse
from exporters import find_execution, list_executions, read_records
from exporters.errors import UnknownExecution
from otel_tracking import ExecutionRecord


def load(data_dir: Path, text: str) -> ExecutionRecord:
    """The record that an id, or enough of one, means. Raises `UnknownExecution` or `AmbiguousExecution`."""
    execution_id = find_execution(data_dir, text)
    record = next(read_records(data_dir, execution_id=execution_id), None)
    if record is None:
        raise UnknownExecution(f"{execution_id} was erased a moment ago; otel-tracking list shows what is there")
    return record


def chosen_ids(data_dir: Path, texts: tuple[str, ...], everything: bool) -> list[str]:
    """The execution ids that `ID…` or `--all` mean, each once; a refusal where neither or both were given."""
    if bool(texts) == everything:
        raise refuse("name one or more runs, or say --all; otel-tracking list shows the ids.")
    if everything:
        return [row.execution_id for row in list_executions(data_dir)]
    return list(dict.fromkeys(find_execution(data_dir, text) for text in texts))


def load_each(data_dir: Path, execution_ids: list[str]) -> Iterator[ExecutionRecord]:
    """The records of these ids, one at a time."""
    for execution_id in execution_ids:
        yield from read_records(data_dir, execution_id=execution_id, limit=1)
