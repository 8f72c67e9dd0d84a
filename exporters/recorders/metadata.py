"""What a `metadata.json` of an earlier recorder says, as far as it can be read; nothing of it is thrown away.

Any of its fields may be missing, or be something else than it should: whoever asks gets None, or nothing.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from exporters.errors import BrokenFile
from otel_tracking import canonical
from otel_tracking.record import read_timestamp
from otel_tracking.values.rebuild import Rebuilt

_OF_AN_ENTRY = frozenset({"sequence", "type", "filename", "timestamp", "metadata"})
_DONE = frozenset({"complete", "completed", "done", "finished"})
_EPOCH_MS = re.compile(r"run_(\d{13})_")
_FIRST, _LAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class RecordedEntry:
    """One thing that a recorder saved: an entity, or a person's edit. `is_listed` unless its file alone is there."""

    said: Mapping[str, Any]
    is_edit: bool = False
    is_listed: bool = True

    @property
    def type(self) -> str | None:
        """What the recorder calls it."""
        return _text(self.said.get("type"))

    @property
    def filename(self) -> str | None:
        """Where its content is; None where it names no file."""
        return _text(self.said.get("filename"))

    @property
    def sequence(self) -> int | None:
        """Its number among the others."""
        found = self.said.get("sequence")
        return found if type(found) is int else None

    @cached_property
    def moment(self) -> dt.datetime | None:
        """When it was saved; a time without a zone is taken as UTC, as with every old record."""
        return moment_of(self.said.get("timestamp"))

    @property
    def metadata(self) -> dict[str, Any]:
        """What was said with it: its own metadata, and fields that entries do not usually have."""
        own = self.said.get("metadata")
        more = {name: value for name, value in self.said.items() if name not in _OF_AN_ENTRY}
        known = dict(own) if isinstance(own, Mapping) else {} if own is None else {"metadata": own}
        return {**more, **known}


@dataclass(frozen=True)
class Recorded:
    """A `metadata.json`, and how many of its values can be kept as a description only."""

    said: Mapping[str, Any]
    lossy_values: int = 0

    def text(self, *names: str) -> str | None:
        """The first of these fields that is a text with something in it."""
        return next((value for name in names if isinstance(value := self.said.get(name), str) and value), None)

    @property
    def run_id(self) -> str | None:
        """What the recorder called the run."""
        return self.text("run_id")

    @cached_property
    def entities(self) -> Sequence[RecordedEntry]:
        """What was saved, by its numbers where all have one, else as it is listed."""
        found = [RecordedEntry(said) for said in _objects(self.said.get("entities"))]
        numbers = [entry.sequence for entry in found]
        return found if None in numbers else sorted(found, key=lambda entry: entry.sequence or 0)

    @cached_property
    def edits(self) -> Sequence[RecordedEntry]:
        """The turns of the person who rewrote a prompt, as they are listed."""
        return [RecordedEntry(said, is_edit=True) for said in _objects(self.said.get("prompting_process"))]

    @property
    def moment(self) -> dt.datetime | None:
        """When the run began: as it says, as its id says, or when the first thing was saved."""
        saved = [entry.moment for entry in (*self.entities, *self.edits) if entry.moment]
        return moment_of(self.said.get("timestamp")) or epoch_of(self.run_id) or min(saved, default=None)

    @property
    def models(self) -> Mapping[str, Any]:
        """The model of each stage, by the recorder's own names."""
        return _mapping(self.said.get("models_used"))

    @property
    def is_complete(self) -> bool:
        """Whether the recorder came to the run's end."""
        state = _mapping(self.said.get("current_state"))
        if self.said.get("completed_at") is not None or _DONE & {_word(state.get(name)) for name in _STATES}:
            return True
        return _is_whole(state.get("progress")) or (not state and self._has_all_that_was_expected)

    @property
    def _has_all_that_was_expected(self) -> bool:
        expected = self.said.get("expected_outputs")
        names = {name for name in expected if isinstance(name, str)} if isinstance(expected, list) else set()
        return bool(names) and names <= {entry.type for entry in self.entities}


def read_metadata(content: bytes) -> Recorded:
    """What a `metadata.json` says. Raises `BrokenFile` for what is no JSON, and for what is of no recorder's run."""
    said, refused = read_json(content)
    if not isinstance(said, Mapping) or not ({"run_id", "entities"} & said.keys()):
        raise BrokenFile("metadata.json is of no recorder's run: it has neither run_id nor entities")
    return Recorded(said, refused)


def read_json(content: bytes) -> Rebuilt:
    """The value of JSON that a recorder wrote, with how many values of it were refused. Raises `BrokenFile`."""
    try:
        return canonical.decode_foreign(content.decode("utf-8-sig"))
    except ValueError as trouble:
        raise BrokenFile(f"metadata.json is not JSON in UTF-8: {trouble}") from trouble


def moment_of(value: Any) -> dt.datetime | None:
    """A time in UTC; None for what is no time.

    >>> moment_of("2026-01-29T10:15:00").isoformat(), moment_of("soon")
    ('2026-01-29T10:15:00+00:00', None)
    """
    try:
        return read_timestamp(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


def epoch_of(run_id: str | None) -> dt.datetime | None:
    """When a run began, where its id begins with the milliseconds since 1970.

    >>> epoch_of("run_1769678100123_a1b2c3_canvas").isoformat()
    '2026-01-29T09:15:00.123000+00:00'
    """
    found = _EPOCH_MS.match(run_id or "")
    moment = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(milliseconds=int(found[1])) if found else None
    return moment if moment and _FIRST <= moment < _LAST else None


_STATES = ("stage", "step", "status")


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (part for part in value if isinstance(part, Mapping)) if isinstance(value, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _word(value: Any) -> str:
    return value.strip().casefold() if isinstance(value, str) else ""


def _is_whole(progress: Any) -> bool:
    """Whether a progress such as `6/6` is that of a run in which everything is there."""
    done, slash, of = progress.partition("/") if isinstance(progress, str) else ("", "", "")
    return bool(slash) and done.strip() == of.strip() and done.strip().isdecimal() and done.strip() != "0"
