"""Records as lines of canonical JSON, one record a line: for programs that read one line after another."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

from exporters.errors import BrokenFile
from exporters.formats.json import parse as parse_json
from exporters.formats.json import plain_fields_of
from otel_tracking.record import ExecutionRecord

_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""Letters that some readers take for the end of a line; in JSON they stand in texts alone."""


def render(record: ExecutionRecord) -> bytes:
    """The record as one line, UTF-8, with a newline at its end."""
    fields = plain_fields_of(record)
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{text.translate(_ENDS)}\n".encode()


def parse(document: bytes) -> ExecutionRecord:
    """The record of a line; `BrokenFile` says what is wrong with it."""
    return parse_json(document)


def read_lines(file: BinaryIO) -> Iterator[ExecutionRecord]:
    """The records of a file of lines, one at a time. `BrokenFile` names the line that is none."""
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                yield parse(line)
            except BrokenFile as trouble:
                raise BrokenFile(f"line {number}: {trouble}") from trouble
