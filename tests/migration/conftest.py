"""A server of era A with a data directory of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from era_a_server import Backends, make_server

from devserver import era_a
from devserver.settings import Settings
from exporters import read_records
from otel_tracking import ExecutionRecord
from otel_tracking.migration import era_a as ready_made

# Who reads waits a second for runs that have just ended; a busy machine may take longer to store one.
ready_made.SETTLE_SECONDS = 60.0


@dataclass
class EraA:
    """The server, what is asked of it, and what it left behind."""

    data_dir: Path

    def ask(self, schema: str, text: str = "Eine Blume auf der Wiese", *, backends: Any = None, **more: Any) -> Any:
        """The answer of `POST /api/schema/pipeline/execute`."""
        client = make_server(backends or Backends()).test_client()
        return client.post("/api/schema/pipeline/execute", json={"schema": schema, "input_text": text, **more})

    def get(self, path: str) -> Any:
        """The answer of another route."""
        return make_server(Backends()).test_client().get(path)

    def records(self) -> list[ExecutionRecord]:
        """What is stored, once everything is, and nothing went wrong on the way."""
        recording = era_a.start()
        assert recording.flush(timeout=30)
        health = recording.health()
        assert (health["guarded_errors"], health["unusual_items"], health["dropped"]) == ({}, {}, 0)
        return list(read_records(self.data_dir))

    def record(self) -> ExecutionRecord:
        """The only one."""
        (record,) = self.records()
        return record

    def run(self, schema: str, text: str = "Eine Blume auf der Wiese", **more: Any) -> ExecutionRecord:
        """The record of one request."""
        self.ask(schema, text, **more)
        return self.record()


@pytest.fixture
def server(tmp_path):
    era_a.start(Settings(data_dir=tmp_path, journal=False))
    yield EraA(tmp_path)
    era_a.stop()
