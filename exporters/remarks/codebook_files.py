"""A code book as a file that people and programs read and write: CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from exporters.errors import WrongRemarks, WrongVariable
from exporters.formats.csv_cells import CsvFile, protect, unprotect
from exporters.remarks.lines import variable_as_dict, variable_of
from exporters.remarks.variables import Variable
from exporters.storage.lists import delimiter_of, text_of_list

COLUMNS = ("name", "type", "label", "choices", "description", "study", "leaves")
SUFFIXES = (".csv", ".json")
LARGEST = 4 * 2**20
_BETWEEN = " | "


def codebook_as_json(variables: Iterable[Variable]) -> bytes:
    """A code book as an object: `{"variables": [{"name": …, "type": …}]}`."""
    said = {"variables": [variable_as_dict(one) for one in variables]}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode()


def codebook_as_csv(variables: Iterable[Variable]) -> bytes:
    """A row for each variable; the values of a choice stand in one cell: `low | high`."""
    file = io.BytesIO()
    with CsvFile(file, COLUMNS) as table:
        for one in variables:
            said = {**variable_as_dict(one), "choices": _BETWEEN.join(one.choices)}
            table.write([[protect(str(said.get(name, ""))) for name in COLUMNS]])
    return file.getvalue()


def read_codebook(path: Path) -> list[Variable]:
    """The variables in a file of either kind. Raises `WrongRemarks` with a sentence for each that is wrong."""
    try:
        text = text_of_list(path, LARGEST)
        entries = _of_json(text) if path.suffix.lower() == ".json" else _of_csv(text)
    except (ValueError, csv.Error, RecursionError) as trouble:
        raise WrongRemarks([f"{path} is no code book: {trouble!s:.300}"]) from None
    found, wrong = [], []
    for place, entry in enumerate(entries, start=1):
        try:
            found.append(variable_of(_known(entry)))
        except (WrongVariable, TypeError, KeyError, ValueError) as trouble:
            why = f"it has no {trouble.args[0]}" if isinstance(trouble, KeyError) else trouble
            wrong.append(f"variable {place} of {path}: {why!s:.300}")
    if wrong:
        raise WrongRemarks(wrong)
    return found


def _known(entry: Any) -> dict[str, Any]:
    """What an entry says by names that are known, as text; an empty one says nothing."""
    if not isinstance(entry, Mapping):
        raise TypeError(f"it is a {type(entry).__name__}, not an object with name and type")
    if unknown := entry.keys() - set(COLUMNS):
        raise TypeError(f"{', '.join(map(str, sorted(unknown, key=str)))} is nothing that a variable has")
    said = {name: value for name, value in entry.items() if value not in ("", None)}
    choices = said.pop("choices", [])
    if not isinstance(choices, list) or not all(isinstance(text, str) for text in (*choices, *said.values())):
        raise TypeError("what it says is no text")
    return {**said, "choices": choices}


def _of_json(text: str) -> list[Any]:
    said = json.loads(text)
    entries = said.get("variables") if isinstance(said, dict) else None
    if not isinstance(entries, list):
        raise ValueError('{"variables": [{"name": "quality", "type": "integer"}]} would work')
    return entries


def _of_csv(text: str) -> list[dict[str, Any]]:
    first, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    names = [cell.strip().lower() for cell in first]
    if not {"name", "type"} <= set(names) or len(set(names)) < len(names):
        raise ValueError(f"its first line is {', '.join(names)!r:.100}; {','.join(COLUMNS)} would work")
    return [_entry(names, row) for row in rows if any(cell.strip() for cell in row)]


def _entry(names: list[str], row: list[str]) -> dict[str, Any]:
    if len(row) != len(names):
        raise ValueError(f"a row has {len(row)} cells, the first line {len(names)}")
    cells: dict[str, Any] = {name: unprotect(cell).strip() for name, cell in zip(names, row, strict=True)}
    choices = [choice.strip() for choice in cells.get("choices", "").split(_BETWEEN.strip())]
    return {**cells, "choices": [choice for choice in choices if choice]}
