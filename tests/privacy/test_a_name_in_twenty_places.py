"""A name in twenty places is in no byte of what leaves under a profile, nor of anything that is left after `erase`.

The places: a prompt, its translation, metadata of items, of spans and of the run at every depth, a graph, a passed
body, an answer, an error's message, a file's name, a picture's texts, its EXIF, the place where it was taken, a small
copy within it, a sound's tags, a nickname, a session's name, a blocked text, journals, waiting records, spool,
quarantine, tickets, documents, datasets, notes and variables of researchers, the log, and what a viewer of
traces is sent.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "collectors", "exporters", "erasure")]

from cli_stage import call
from household import NAME, NICKNAME, OTHER, STUDY, furnish, holding, namespaces
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from planting import found_in

from collectors import start_recording
from collectors.viewers.redacting import TextRedaction
from collectors.viewers.spans import show_run
from devserver.settings import Settings
from exporters import FORMATS, list_executions, read_records
from exporters.ready_made import viewers_of
from otel_tracking.environment import REDACTED

NAMES = (NAME, NICKNAME)


@pytest.fixture
def house(tmp_path, ram, monkeypatch):
    """The data directory; journals lie in `ram`."""
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    monkeypatch.setenv("DEVSERVER_JOURNAL", str(ram))
    return furnish(tmp_path, ram)


@pytest.mark.parametrize("profile", ["pseudonymous", "public"])
def test_it_is_in_no_byte_of_what_leaves(house, profile, caplog):
    """Every format, with media, and a dataset; what leaves in full has it, so the search works."""
    caplog.set_level(logging.DEBUG)
    out = house.parent / profile
    for name in FORMATS:
        where = out / name
        done = call(
            "export", "--all", "--format", name, "--out", where, "--profile", profile, "--with-media", data=house
        )
        assert done.exit_code == 0, done.output
        assert list(where.rglob("*.*")), name
    assert call("dataset", out / "dataset", "--profile", profile, data=house).exit_code == 0
    assert (out / "dataset" / "annotations.csv").is_file()
    for name in ("qdpx", "survey_csv", "annotations_csv"):
        done = call("bundle", out / name, "--format", name, "--profile", profile, data=house)
        assert done.exit_code == 0, done.output
    call("dataset", out.with_name("full"), data=house)

    assert holding(out.with_name("full"), NAMES)
    assert holding(out, NAMES) == {}
    assert found_in([caplog.text.encode()], NAME) == []


def test_it_is_in_no_byte_that_is_left_after_erase(house, ram):
    """Nor of what was exported in full before; the other's run is as it was."""
    out, [waiting] = house.parent / "out", namespaces(house)
    call("export", "--all", "--format", "docx", "--out", out / "documents", "--with-media", data=house)
    call("dataset", out / "dataset", data=house)
    call("annotate", "--to", out / "sheet.csv", data=house)
    his = list(read_records(house, user_id=OTHER))
    for directory in (house, out, ram, waiting):
        assert holding(directory, NAMES), f"nothing was planted in {directory}"
    done = _erase(house)

    assert done.exit_code == 0, done.output
    for directory in (house, out, ram, waiting):
        assert holding(directory, NAMES) == {}, directory
    assert list(read_records(house)) == his
    assert [row.user_id for row in list_executions(house)] == [OTHER]
    assert list((out / "documents").glob("*.docx"))
    assert "was glad" in (out / "sheet.csv").read_text()
    assert found_in([done.output.encode()], NICKNAME) == []


def test_what_viewers_are_sent_does_not_have_it(house, caplog):
    """With the rules of the study; and no line of the log has it."""
    caplog.set_level(logging.DEBUG)
    said = viewers_of(Settings(data_dir=house, study=STUDY, otlp_content=REDACTED))
    kept = []

    class Keep:
        def on_start(self, span, parent_context=None): ...
        def on_end(self, span):
            kept.append(span)

        def shutdown(self): ...
        def force_flush(self, timeout_millis=0):
            return True

    with start_recording(journal=False) as recording:
        recording.provider.add_span_processor(Keep())
        with recording.tracker().execution("dada", user_id=NAME, metadata={"note": NAME}) as run, run.stage(1) as stage:
            stage.item("user_input_text", content=f"{NAME} malt", metadata={NAME: [NICKNAME]})
        assert recording.provider.force_flush(30_000)
    redaction = TextRedaction(said["viewer_text"])
    shown = show_run(kept, alias=str, redaction=redaction).spans

    assert found_in([encode_spans(kept).SerializeToString()], NAME)
    assert found_in([encode_spans(shown).SerializeToString()], NICKNAME) == []
    assert found_in([caplog.text.encode()], NAME) == []


def _erase(data: Path):
    """As `otel-tracking erase` does, with the journals of this house."""
    from click.testing import CliRunner

    from devserver.cli.app import command_line

    return CliRunner().invoke(command_line, ["erase", "--user", NAME, "--yes", "--data", str(data)])
