"""Traces of era A's calls arrive where the environment says, as it says: for a viewer, redacted, or in full."""

import pytest
from otlp_stage import text_of, trace_server

from otel_tracking.migration import era_a

ADDRESS = "mail an lina.sommer@example.org"


def sent(tmp_path, monkeypatch, content, begin=era_a.start):
    """The text of all that arrived of one run."""
    era_a.stop()
    with trace_server() as server:
        settings = {"DATA_DIR": tmp_path, "JOURNAL": "off", "OTLP_ENDPOINT": server.endpoint, "OTLP_CONTENT": content}
        for name, value in settings.items():
            monkeypatch.setenv(f"DEVSERVER_{name}", str(value))
        recording = begin()
        tracker = era_a.ExecutionTracker("dada", "eco", "kids")
        tracker.log_user_input_text(ADDRESS)
        tracker.finalize()
        assert recording.provider.force_flush(30_000)
        assert era_a.stop()
        return text_of(server)


@pytest.mark.parametrize(("content", "is_said"), [("viewer", True), ("full", True), ("redacted", False)])
def test_traces_arrive_as_the_environment_says(content, is_said, tmp_path, monkeypatch):
    text = sent(tmp_path, monkeypatch, content)
    assert "user_input_text" in text
    assert ("lina.sommer@example.org" in text) is is_said


def test_the_earlier_import_sends_them_too(tmp_path, monkeypatch):
    from devserver.era_a import start

    assert "user_input_text" in sent(tmp_path, monkeypatch, "viewer", start)
