"""Runs as a table for survey programs and statistics: a row for each run, its id first, its texts as answers.

Written as the CSV of items is (`formats/csv_cells.py`): with a byte order mark, CRLF, and safe to open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, BinaryIO

from exporters.collections.facts import FACTS, day_of, facts_of, facts_said_of
from exporters.collections.journey import JourneyText, final_of, journey_of, prompt_of
from exporters.collections.names import UniqueNames
from exporters.collections.options import CollectionOptions
from exporters.formats.csv_cells import CsvFile, cell_of
from exporters.story.readable import visible_line
from otel_tracking.record import ExecutionRecord

COLUMNS = ("execution_id", "prompt", "final_text", *(fact.name for fact in FACTS[1:]))
_KINDS = {fact.name: fact.kind for fact in FACTS}


def write(records: Iterable[ExecutionRecord], file: BinaryIO, options: CollectionOptions) -> None:
    """A row for each record. `prompt` is what the person wrote, `final_text` the text that came of it in the end.

    What was said of the runs since has its columns at the end, where there is a code book.
    """
    records = iter(records)
    first = next(records, None)
    said = {} if first is None else {fact.name: fact.kind for fact in facts_said_of(first)}
    columns, kinds = (*COLUMNS, *said), _KINDS | said
    names = UniqueNames()
    with CsvFile(file, columns) as table:
        for record in () if first is None else chain([first], records):
            journey = journey_of(record)
            # Importers take the first column for what tells rows apart.
            own = {"execution_id": names.give(visible_line(record.execution_id))}
            values = facts_of(record, journey) | _answers(journey) | own
            table.write([[_cell(kinds.get(name), values.get(name)) for name in columns]])


def _answers(journey: Sequence[JourneyText]) -> dict[str, str]:
    texts = {"prompt": prompt_of(journey), "final_text": final_of(journey)}
    return {name: text.text for name, text in texts.items() if text}


def _cell(kind: str | None, value: Any) -> str:
    # A date may be taken for one: nothing else is meant.
    if value is not None and kind == "date":
        return day_of(value)
    if value is not None and kind == "time":
        return str(value.isoformat(timespec="seconds"))
    return str(value).lower() if kind == "bool" and value is not None else cell_of(value)
