"""One run, read five ways: from SDK spans, OTLP protobuf, OTLP JSON, the journal, and as another process has it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from builders import Bang
from builders import log_everywhere as log_everywhere
from children import ROOT
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from wire import from_sdk, over_json, over_protobuf, read_protobuf

from collectors import start_recording
from collectors.building.record import build_record
from collectors.building.spans_of_record import spans_of_record
from collectors.elsewhere.messages import packed, unpacked
from collectors.spans.of_journal import read_run
from collectors.spans.to_otlp import request_of
from collectors.testing import RememberingSink
from otel_tracking import ExecutionRecord, canonical
from otel_tracking.run import Execution

Pipeline = Callable[[Execution], None]


class KeepSpans(SpanProcessor):
    """A second processor on the provider, as an exporter would be: it keeps what ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class KeepRuns:
    """A sink that is given runs, as one with a process of its own is, and keeps what would travel there."""

    name = "runs"

    def __init__(self) -> None:
        self.sink = self
        self.told: list[bytes] = []

    def begin(self) -> None:
        """There is nothing to get ready."""

    def is_erased(self, execution_id: str | None, trace_id: str | None) -> bool:
        return False

    def health(self) -> dict[str, Any]:
        return {}

    def write(self, run: Any) -> None:
        self.told.append(packed(run))

    def close(self) -> None:
        """Nothing is open."""


class KeptJournal:
    """A journal that keeps the entries of every run in memory, in the order they came."""

    def __init__(self, trace_id: int) -> None:
        self.trace_id, self.entries = trace_id, []

    def append(self, entry: bytes) -> bool:
        self.entries.append(bytes(entry))
        return True

    def append_later(self, entry):
        """Make and keep an entry."""
        return self.append(entry())

    def free(self) -> None:
        """Nothing: the test reads the entries afterwards."""


class KeptJournals:
    """A flight recorder whose journals stay readable."""

    def __init__(self) -> None:
        self.journals: list[KeptJournal] = []

    def begin(self, trace_id: int) -> KeptJournal:
        self.journals.append(KeptJournal(trace_id))
        return self.journals[-1]

    def entries(self) -> list[bytes]:
        return [entry for journal in self.journals for entry in journal.entries]


def records_of_all_sources(pipeline: Pipeline) -> dict[str, ExecutionRecord]:
    """The record of a run of `pipeline` from each source, and the one its sink got."""
    sink, kept, journals, runs = RememberingSink(), KeepSpans(), KeptJournals(), KeepRuns()
    with start_recording([sink, runs], journal=False) as recording:
        recording.provider.add_span_processor(kept)
        recording._open_runs._recorder = journals  # type: ignore[assignment]
        run = recording.tracker().execution("dada", safety_level="kids")
        try:
            with run:
                pipeline(run)
        except Bang:
            pass  # the pipeline's own end
        assert recording.flush(timeout=60)
        assert recording.provider.force_flush(60_000)
    stored = sink.latest()[run.trace_id]
    return {
        "sink": stored,
        "outbox": _sent_again(stored),
        "elsewhere": unpacked(runs.told[-1]).build().record(),
        "sdk": build_record([from_sdk(span) for span in kept.spans]),
        "protobuf": build_record(over_protobuf(kept.spans)),
        "json": build_record(over_json(kept.spans)),
        "journal": build_record(read_run(int(run.trace_id, 16), journals.entries()).spans),
    }


def _sent_again(record: ExecutionRecord) -> ExecutionRecord:
    """What a collector makes of what an outbox sends of a record."""
    spans = read_protobuf(request_of(spans_of_record(record), {}))
    return build_record(spans, finish_reason=record.finish_reason, revision=record.revision)


def assert_all_equal(records: dict[str, ExecutionRecord]) -> ExecutionRecord:
    """All records have the same canonical bytes and are equal; returns one of them."""
    first = records["sink"]
    expected = text_of(first)
    for source, record in records.items():
        assert text_of(record) == expected, source
        if '"$float":"nan"' not in expected:
            assert replace(record, attachments={}) == replace(first, attachments={}), source
    return first


def text_of(record: ExecutionRecord) -> str:
    return canonical.dumps(record.to_dict())


def assert_equal_from_all_sources(pipeline: Pipeline) -> ExecutionRecord:
    """Run `pipeline` and compare; returns the record."""
    return assert_all_equal(records_of_all_sources(pipeline))


def recovered_text(directory: Path | str, namespace: str = "default") -> list[str]:
    """The canonical records that a process of its own recovers from a journal directory."""
    told = subprocess.run(
        [sys.executable, "-c", _RECOVER, str(directory), namespace],
        capture_output=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    return told.stdout.decode().split("\n")[:-1]


_RECOVER = """
import sys
from collectors import recover
from collectors.testing import RememberingSink
from otel_tracking import canonical

sink = RememberingSink()
recover([sink], directory=sys.argv[1], namespace=sys.argv[2])
for record in sink.records:
    sys.stdout.buffer.write(canonical.dumps(record.to_dict()).encode() + b"\\n")
"""


def log_many(values: Sequence[Any]) -> Callable[[Execution], None]:
    """A pipeline with one item for each value."""

    def pipeline(run: Execution) -> None:
        with run.stage(2) as stage:
            for value in values:
                stage.item("interception_iteration", content=value, metadata={"value": value})

    return pipeline
