"""A book of remarks as lines of JSON that say of themselves whether they are whole, and back."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, cast

from exporters.privacy.profiles import Profile
from exporters.remarks.book import RemarkBook
from exporters.remarks.remarks import Remark, Remarks, RunMark
from exporters.remarks.variables import Value, Variable, VariableType, written
from otel_tracking.erasure import RunId

VERSION = 1


def lines_of(book: RemarkBook) -> list[bytes]:
    """The lines of a book, the head first."""
    lines = [_line(line) for line in _said(book)]
    head = {"remarks": VERSION, "lines": len(lines), "sha256": _sha256(lines)}
    return [_line(head), *lines]


def book_of(content: bytes) -> RemarkBook:
    """The book of these lines. Raises `ValueError`, `TypeError` or `KeyError` for anything that is not whole."""
    first, *lines = content.splitlines(keepends=True)
    head = json.loads(first)
    if (head["remarks"], head["lines"], head["sha256"]) != (VERSION, len(lines), _sha256(lines)):
        raise ValueError("its lines are not those that it had")
    said = [json.loads(line) for line in lines]
    variables = {one["name"]: variable_of(one) for one in (line["variable"] for line in said if "variable" in line)}
    runs = dict(_run_of(line, variables) for line in said if "run" in line)
    return RemarkBook(variables=tuple(variables.values()), runs=runs)


def variable_as_dict(variable: Variable) -> dict[str, Any]:
    """A variable for JSON; without what has no value."""
    said = {
        **asdict(variable),
        "type": variable.type.value,
        "choices": list(variable.choices),
        "leaves": variable.leaves.value,
    }
    return {name: value for name, value in said.items() if value not in ("", None, [])}


def variable_of(said: Mapping[str, Any]) -> Variable:
    """The variable that `variable_as_dict` said, or somebody else in this way. Raises `WrongVariable`."""
    kind, leaves = said["type"], said.get("leaves", Profile.FULL)
    return Variable(**{**said, "type": kind, "leaves": leaves, "choices": tuple(said.get("choices", ()))})


def _said(book: RemarkBook) -> Iterator[dict[str, Any]]:
    for variable in book.variables:
        yield {"variable": variable_as_dict(variable)}
    for run, remarks in book.runs.items():
        yield {
            "run": [run.execution_id, run.trace_id],
            "marks": {mark.value: said[1:] for mark, said in remarks.marks.items()},
            "note": remarks.note,
            "values": {name: (_plain(said.what), *said[1:]) for name, said in remarks.values.items()},
        }


def _run_of(line: Mapping[str, Any], variables: Mapping[str, Variable]) -> tuple[RunId, Remarks]:
    marks = {_MARKS[mark]: Remark(True, *said) for mark, said in line["marks"].items()}
    values = {name: Remark(_value(variables[name], what), by, at) for name, (what, by, at) in line["values"].items()}
    note = None if line["note"] is None else Remark(*line["note"])
    return RunId(*line["run"]), Remarks(marks=marks, note=note, values=values)


_MARKS = {mark.value: mark for mark in RunMark}


def _plain(value: Value) -> Any:
    return written(value) if isinstance(value, dt.date) else value


def _value(variable: Variable, plain: Any) -> Value:
    if variable.type is VariableType.DATE:
        return dt.date.fromisoformat(plain)
    if type(plain) is not _TYPES[variable.type]:
        raise TypeError(f"{variable.name} has a {type(plain).__name__}")
    return cast(Value, plain)


_TYPES: Mapping[VariableType, type] = {
    VariableType.TEXT: str,
    VariableType.INTEGER: int,
    VariableType.NUMBER: float,
    VariableType.BOOLEAN: bool,
    VariableType.CHOICE: str,
}


def _line(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said).encode() + b"\n"


def _sha256(lines: list[bytes]) -> str:
    return hashlib.sha256(b"".join(lines)).hexdigest()
