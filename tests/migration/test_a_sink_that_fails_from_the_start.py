"""A sink that cannot be opened is told of once, loudly, in the log and in the figures; the others and runs go on."""

import logging

import pytest

from exporters import read_records
from otel_tracking.environment import RecordingSettings
from otel_tracking.migration import era_a


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """A drop-in that reads its settings at the first run, as a server has it that changed only its imports."""
    # Runs are its own again, whatever was configured before.
    era_a.start(RecordingSettings(data_dir=tmp_path / "before", journal=False))
    era_a.stop()
    monkeypatch.setenv("DEVSERVER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DEVSERVER_JOURNAL", "off")
    monkeypatch.setattr(era_a, "_said", set())
    yield tmp_path / "data"
    era_a.stop(timeout=0.1)


def run():
    era_a.ExecutionTracker("dada", "eco", "kids").finalize()
    era_a.list_execution_records()


def told(caplog):
    return [entry.getMessage() for entry in caplog.records if entry.levelno >= logging.ERROR]


def test_a_file_where_the_directory_should_be(begun, caplog):
    """Said once, however many runs; the figures say it as long as it is so; when it is mended all runs are there."""
    begun.write_text("")
    for _ in range(3):
        run()
    [sentence] = told(caplog)
    assert f"records of finished runs are not stored: data directory {begun} cannot be used" in sentence
    assert "is tried again" in sentence
    assert era_a.get_storage_stats()["error"].startswith("records of finished runs are not stored: data directory")

    begun.unlink()
    assert era_a.start().flush(timeout=60)
    assert len(era_a.list_execution_records()) == 3
    assert "error" not in era_a.get_storage_stats()


def test_a_format_that_nobody_knows(begun, monkeypatch, caplog):
    """The sentence says which would work; records are stored all the same."""
    monkeypatch.setenv("DEVSERVER_FORMATS", "jsno")
    for _ in range(3):
        run()
    [sentence] = told(caplog)
    assert "documents of finished runs are not stored" in sentence
    assert "'jsno'" in sentence
    assert "json" in sentence.replace("jsno", "")
    assert "documents of finished runs are not stored" in era_a.get_storage_stats()["error"]
    era_a.stop(timeout=5)
    assert len(list(read_records(begun))) == 3


def test_settings_that_cannot_be_understood(begun, monkeypatch, caplog):
    """No run can be recorded: the pipeline goes on, and the log says which setting it is, once."""
    monkeypatch.setenv("DEVSERVER_OUTBOX_WHEN_FULL", "burn")
    for _ in range(3):
        run()
    assert told(caplog) == ["no run is recorded: DEVSERVER_OUTBOX_WHEN_FULL is 'burn'; wait or drop_oldest would work"]


def test_a_disk_that_fails_later_is_in_the_figures(begun):
    """What has been stored is counted; that something is not, and how much, is said."""
    run()
    assert era_a.start().flush(timeout=30)
    for path in begun.rglob("*"):
        if path.is_file():
            path.unlink()
    for folder in ("executions", "items", "blobs"):
        (begun / folder).rename(begun / f"{folder}.away") if (begun / folder).exists() else None
        (begun / folder).write_text("")
    run()
    era_a.start().settle(30)
    assert era_a.get_storage_stats()["error"].startswith("1 finished run(s) are not stored yet: ")


def test_traces_are_sent_where_the_environment_says(begun, monkeypatch):
    """`DEVSERVER_OTLP_ENDPOINT` and `DEVSERVER_OTLP_CONTENT` are those of the drop-in too; `off` sends none."""
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", "http://localhost:9")
    monkeypatch.setenv("DEVSERVER_OTLP_CONTENT", "full")
    health = era_a.start().health()["otlp"]
    assert (health["endpoint"], health["content"]) == ("http://localhost:9/v1/traces", "full")
    era_a.stop(timeout=0.1)

    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", "off")
    assert not era_a.start().health()["otlp"].get("endpoint")


def test_traces_that_cannot_be_sent_as_they_are_set_stop_no_record(begun, monkeypatch, caplog):
    """None is sent then, so nothing leaves that should not; the log says why, once."""
    monkeypatch.setenv("DEVSERVER_OTLP_ENDPOINT", "http://localhost:9")
    monkeypatch.setenv("DEVSERVER_OTLP_CONTENT", "everything")
    run()
    run()
    [sentence] = told(caplog)
    assert sentence.startswith("no traces are sent: ")
    assert "everything" in sentence
    assert era_a.start().health()["otlp"]["endpoint"] is None
    assert len(era_a.list_execution_records()) == 2
