"""Give the people of a record that comes from elsewhere the pseudonyms that its study wants at the source."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from exporters.privacy.studies import PseudonymsAt, facts_of, open_study, study_names
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
    """The record with pseudonyms where a recording would have put them: its own fields, and what it began with."""
    whose = Attribution(Troubles(), pseudonyms)
    head = whose.without_names({name: getattr(record, name) for name in (*KINDS, "metadata")})
    return replace(record, **head, items=tuple(_without_names(item, whose) for item in record.items))


def _without_names(item: ExecutionItem, whose: Attribution) -> ExecutionItem:
    if item.item_type != ItemType.PIPELINE_START or not isinstance(item.metadata, dict):
        return item
    return replace(item, metadata=whose.without_names(item.metadata))
