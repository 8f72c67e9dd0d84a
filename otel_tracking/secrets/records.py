"""Take secrets out of a record that somebody else made: imported, or handed over by an earlier server."""

from __future__ import annotations

from dataclasses import replace

from otel_tracking import canonical
from otel_tracking.record import ExecutionRecord
from otel_tracking.secrets.frozen import usual_redactor


def without_secrets(record: ExecutionRecord) -> ExecutionRecord:
    """The record without secrets; the same object where it has none.

    >>> import datetime as dt
    >>> noon = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    >>> record = ExecutionRecord(execution_id="1", config_name="dada", timestamp=noon)
    >>> without_secrets(replace(record, metadata={"api_key": "0123456789"})).metadata
    {'api_key': '[removed: api_key]'}
    """
    redactor, text = usual_redactor(), canonical.dumps(record.to_dict())
    if not redactor.may_hold_secret(text.encode("utf-8", "surrogatepass")):
        return record
    fields, removed = redactor.clean(canonical.loads(text))
    return replace(ExecutionRecord.from_dict(fields), attachments=record.attachments) if removed else record
