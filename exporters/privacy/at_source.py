"""Give the people of a record that comes from elsewhere the pseudonyms that its study wants at the source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from exporters.errors import BrokenFile
from exporters.privacy.studies import PseudonymsAt, facts_of, open_study, study_names
from exporters.recorders.origin import is_of_recorder, with_keyed_fingerprints
from otel_tracking.attribution import Attribution
from otel_tracking.errors import Troubles
from otel_tracking.pseudonyms import KINDS, Pseudonyms
from otel_tracking.record import ExecutionItem, ExecutionRecord
from otel_tracking.taxonomy import ItemType


def as_at_source(data_dir: str | Path, record: ExecutionRecord, study: str | None = None) -> ExecutionRecord:
    """The record as it may be stored; `study` is whose it is where it says none.

    Raises what `open_study` does, where its study wants pseudonyms and there is no key for them.
    """
    name = study if record.study_id is None else record.study_id
    if not isinstance(name, str) or name not in study_names(data_dir):
        return record
    record = replace(record, study_id=name)
    if facts_of(data_dir, name).pseudonyms_at is PseudonymsAt.EXPORT:
        return record
    return with_pseudonyms(record, open_study(data_dir, name).pseudonyms)


def with_pseudonyms(record: ExecutionRecord, pseudonyms: Pseudonyms) -> ExecutionRecord:
    """The record with pseudonyms where a recording would have put them: its own fields, and what it began with.

    What an earlier recorder said is kept whole, and names people in more places: there, wherever a field is called so.
    Raises `BrokenFile` where that is too deep to be looked through.
    """
    whose = Attribution(Troubles(), pseudonyms)
    head = whose.without_names({name: getattr(record, name) for name in (*KINDS, "metadata")})
    if not is_of_recorder(record):
        return replace(record, **head, items=tuple(_without_names(item, whose) for item in record.items))
    try:
        head["metadata"] = _everywhere(with_keyed_fingerprints(record, pseudonyms), whose)
        return replace(record, **head, items=tuple(_without_any_names(item, whose) for item in record.items))
    except RecursionError:
        raise BrokenFile(f"{record.execution_id} is nested too deeply to be looked through for names") from None


def _without_any_names(item: ExecutionItem, whose: Attribution) -> ExecutionItem:
    return replace(item, metadata=_everywhere(item.metadata, whose), content=_everywhere(item.content, whose))


def _without_names(item: ExecutionItem, whose: Attribution) -> ExecutionItem:
    if item.item_type != ItemType.PIPELINE_START or not isinstance(item.metadata, dict):
        return item
    return replace(item, metadata=whose.without_names(item.metadata))


def _everywhere(value: Any, whose: Attribution) -> Any:
    """A value of JSON with pseudonyms in every object that has a field of people."""
    if isinstance(value, dict):
        inside = {name: part if name in KINDS else _everywhere(part, whose) for name, part in value.items()}
        return whose.without_names(inside) if KINDS.keys() & inside.keys() else inside
    return [_everywhere(part, whose) for part in value] if isinstance(value, list) else value
