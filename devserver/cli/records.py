"""Get the runs that a command line names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from devserver.cli.options import is_chosen, refuse
from exporters import each_execution, find_run, read_rows
from exporters.errors import UnknownExecution
from exporters.storage.reading.damage import Damages, OnDamage
from exporters.storage.reading.execution_index import ExecutionRow
from otel_tracking import ExecutionRecord


def load(data_dir: Path, text: str) -> ExecutionRecord:
    """The record that an id, or enough of one, means.

    Raises `UnknownExecution` or `AmbiguousExecution`, and `BrokenFile` where it is damaged.
    """
    row, damages = find_run(data_dir, text), Damages()
    record = next(record for _, record in read_rows(data_dir, [row], on_damage=damages))
    if record is None:
        damages.refuse()
        raise UnknownExecution(f"{row.execution_id} was erased a moment ago; otel-tracking list shows what is there")
    return record


def chosen_rows(
    data_dir: Path, texts: tuple[str, ...], everything: bool, selection: Mapping[str, Any], on_damage: OnDamage
) -> Iterator[ExecutionRow]:
    """The rows of the runs that `ID…`, `--all` or options that choose mean, each once; a refusal where none was given.

    Only ids are looked up at once; all others come as a stream.
    """
    if bool(texts) == (everything or is_chosen(selection)):
        raise refuse("name one or more runs, or say --all, or choose some (--study NAME); otel-tracking list has ids.")
    if texts:
        return iter(list(dict.fromkeys(find_run(data_dir, text) for text in texts)))
    return each_execution(data_dir, on_damage=on_damage, **selection)


def none_found(data_dir: Path, selection: Mapping[str, Any]) -> str:
    """What to say where there was no run."""
    if is_chosen(selection):
        said = ", ".join(f"{name} {value}" for name, value in selection.items() if value is not None)
        return f"no run in {data_dir} matches ({said}); otel-tracking list shows what is there"
    return f"no run is stored in {data_dir}; otel-tracking run makes one"
