"""Pseudonyms at the source: nobody's own id is in anything that a run leaves behind, however it ends."""

import os
import signal
import sqlite3

import pytest
from builders import items_of, record_of
from children import run_python, start_python
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from study_stage import NAMES, files_with, keys_in, runs_of

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.errors import RequestError, SettingsError
from devserver.pipeline import Request
from devserver.settings import Settings
from devserver.testing import scripted_engines
from devserver.web.asking.runner import Runner
from devserver.web.asking.tickets import Tickets
from devserver.wiring import open_devserver, whose_runs
from exporters import list_executions, read_records
from exporters.privacy.at_source import as_at_source
from exporters.privacy.studies import new_study
from otel_tracking import ExecutionTracker, ItemType, canonical
from otel_tracking.pseudonyms import KINDS, Pseudonyms, is_pseudonym

OURS = Pseudonyms(bytes(range(32)))
PSEUDONYMS = {field: OURS.of(field, value) for field, value in NAMES.items()}


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    return keys_in(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def names_in(text):
    return [name for name in NAMES.values() if name in text]


def people_of(run):
    return {field: getattr(run, field) for field in KINDS}


class TestARecording:
    def test_has_pseudonyms_in_every_record_and_item(self):
        sink = RememberingSink()
        with start_recording([sink], journal=False, pseudonyms=OURS, study_id="garden") as recording:
            recording.tracker().execution("dada", metadata={"user_id": "Anna Musterfrau"}, **NAMES).end()
        [record] = sink.latest().values()
        assert people_of(record) == PSEUDONYMS
        assert record.study_id == "garden"
        assert record.metadata == {"user_id": PSEUDONYMS["user_id"]}
        assert names_in(canonical.dumps(record.to_dict())) == []
        assert items_of(record, ItemType.PIPELINE_START)[0].metadata["device_id"] == PSEUDONYMS["device_id"]

    def test_without_pseudonyms_records_as_it_did(self):
        def given_names(run):
            run.amend(**NAMES)

        assert people_of(record_of(given_names)) == NAMES

    def test_has_them_in_what_is_amended_later(self):
        def amended(run):
            run.amend(user_id="Anna Musterfrau", metadata={"session_id": "Klasse 4b"})
            run.fact("execution", {"device_id": "tablet-von-anna"})

        record = record_of(amended, pseudonyms=OURS)
        assert (record.user_id, record.device_id) == (PSEUDONYMS["user_id"], PSEUDONYMS["device_id"])
        assert names_in(canonical.dumps(record.to_dict())) == []

    def test_has_them_for_imperative_calls(self):
        sink = RememberingSink()
        with start_recording([sink], journal=False, pseudonyms=OURS) as recording:
            tracker = recording.tracker()
            tracker.start_execution("dada", **NAMES)
            tracker.finalize_execution()
        [record] = sink.latest().values()
        assert people_of(record) == PSEUDONYMS

    def test_leaves_out_whoever_can_be_given_none_and_counts_it(self):
        class Unspeakable:
            def __repr__(self):
                raise ValueError("no")

        sink = RememberingSink()
        with start_recording([sink], journal=False, pseudonyms=OURS) as recording:
            with recording.tracker().execution("dada", user_id=Unspeakable(), session_id="Klasse 4b"):
                pass
            assert recording.health()["guarded_errors"] == {"pseudonym": 1}
        [record] = sink.latest().values()
        assert people_of(record) == {**dict.fromkeys(KINDS), "session_id": PSEUDONYMS["session_id"]}

    def test_leaves_everybody_out_of_a_run_of_another_study_whose_key_it_has_not(self):
        sink = RememberingSink()
        with start_recording([sink], journal=False, pseudonyms=OURS, study_id="garden") as recording:
            with recording.tracker().execution("dada", study_id="winter", **NAMES):
                pass
            assert recording.health()["guarded_errors"] == {"pseudonym": 3}
        [record] = sink.latest().values()
        assert (record.study_id, people_of(record)) == ("winter", dict.fromkeys(KINDS))

    def test_leaves_numbers_and_pseudonyms_as_what_they_say(self):
        sink = RememberingSink()
        with start_recording([sink], journal=False, pseudonyms=OURS) as recording:
            recording.tracker().execution("dada", user_id=7, session_id=PSEUDONYMS["session_id"]).end()
        [record] = sink.latest().values()
        assert (record.user_id, record.session_id) == (OURS.of("user_id", "7"), PSEUDONYMS["session_id"])


def test_spans_of_any_provider_have_pseudonyms_alone():
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with ExecutionTracker(provider, pseudonyms=OURS).execution("dada", **NAMES) as run:
        run.amend(user_id="Anna Musterfrau")
    told = "".join(span.to_json() for span in exporter.get_finished_spans())
    assert names_in(told) == []
    assert told.count(PSEUDONYMS["session_id"]) >= 2  # ours, and the one that viewers read


KILLED = """
import os, signal, sys
from collectors import start_recording
from exporters import ParquetSink
from otel_tracking.pseudonyms import Pseudonyms

data, journal, *names = sys.argv[1:]
recording = start_recording(
    [ParquetSink(data)], journal=journal, pseudonyms=Pseudonyms(bytes(range(32))), study_id="garden"
)
with recording.tracker().execution("dada", **dict(zip(("user_id", "session_id", "device_id"), names))) as run:
    run.amend(user_id=names[0])
    print(run.execution_id, flush=True)
    signal.pause()
"""

RECOVERED = """
import sys
from collectors import recover
from exporters import ParquetSink
print(len(recover([ParquetSink(sys.argv[1])], directory=sys.argv[2]).recovered))
"""


def test_a_run_whose_process_was_killed_leaves_pseudonyms_alone(data, ram):
    """In the journal that the dead process left, in what is recovered of it, and in the files of the dataset."""
    child = start_python(KILLED, data, ram, *NAMES.values())
    execution_id = child.stdout.readline().decode().strip()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert [files_with(name, data, ram) for name in NAMES.values()] == [[], [], []]
    assert files_with(PSEUDONYMS["user_id"], ram), "the journal has nothing of the run, so this would prove nothing"

    assert run_python(RECOVERED, data, ram).strip() == "1"
    [record] = read_records(data)
    assert (record.execution_id, record.study_id, people_of(record)) == (execution_id, "garden", PSEUDONYMS)
    assert [files_with(name, data, ram) for name in NAMES.values()] == [[], [], []]


def test_files_of_runs_without_pseudonyms_are_found_by_the_same_search(data):
    """The search above finds names where they are."""
    runs_of(data, {"user_id": "Anna Musterfrau"})
    found = {path.relative_to(data).parts[0] for path in files_with("Anna Musterfrau", data)}
    assert found == {"executions", "items", ".summaries"}


class TestADevServerOfAStudy:
    def settings(self, data, **more):
        return Settings(data_dir=data, journal=False, study="garden", **more)

    def test_is_set_up_by_a_variable(self):
        assert Settings.from_environment(environment={"DEVSERVER_STUDY": " garden "}).study == "garden"
        assert Settings.from_environment(environment={}).study is None

    def test_records_its_runs_in_it_under_pseudonyms(self, data):
        study = new_study(data, "garden")
        with open_devserver(self.settings(data), engines=scripted_engines()) as server:
            server.pipeline.run(Request(prompt="Eine Blume", **NAMES))
            assert server.recording.flush(30)
        [row] = list_executions(data)
        assert row.study_id == "garden"
        assert people_of(row) == {field: study.pseudonyms.of(field, value) for field, value in NAMES.items()}
        assert [files_with(name, data) for name in NAMES.values()] == [[], [], []]

    def test_leaves_names_to_the_export_where_the_study_wants_it_so(self, data):
        new_study(data, "garden", pseudonyms_at="export").key_path.unlink()
        with open_devserver(self.settings(data), engines=scripted_engines()) as server:
            server.pipeline.run(Request(prompt="Eine Blume", **NAMES))
            server.pipeline.run(Request(prompt="Eine Blume", study_id="winter"))
            assert server.recording.flush(30)
        assert {row.study_id: row.user_id for row in list_executions(data)} == {
            "garden": "Anna Musterfrau",
            "winter": None,
        }

    def test_refuses_a_run_of_another_study(self, data):
        new_study(data, "garden")
        with open_devserver(self.settings(data), engines=scripted_engines()) as server:
            server.pipeline.check(Request(prompt="Eine Blume", study_id="garden"))
            with pytest.raises(RequestError, match="'winter', and people here get the pseudonyms of garden"):
                server.pipeline.check(Request(prompt="Eine Blume", study_id="winter"))

    @pytest.mark.parametrize("harm", ["no study", "no key", "another key", "key of all"])
    def test_does_not_start_without_its_key(self, data, keys, harm):
        if harm != "no study":
            path = new_study(data, "garden").key_path
        if harm == "no key":
            path.unlink()
        elif harm == "another key":
            path.write_text("ab" * 32)
        elif harm == "key of all":
            path.chmod(0o644)
        there = sorted(data.rglob("*"))
        refused = pytest.raises(SettingsError, match="DEVSERVER_STUDY is 'garden': ")
        with refused, open_devserver(self.settings(data), engines=scripted_engines()):
            pass
        with pytest.raises(SettingsError):
            whose_runs(self.settings(data))
        assert sorted(data.rglob("*")) == there

    def test_keeps_no_name_of_who_waits(self, data, tmp_path):
        """The table of tickets has the request until it begins; the pages show it meanwhile."""
        study = new_study(data, "garden")
        with open_devserver(self.settings(data), engines=scripted_engines()) as server:
            runner = Runner(server.pipeline, slots=0, tickets=Tickets(tmp_path / "serving"))
            job = runner.submit(Request(prompt="Eine Blume", **NAMES))
            assert [files_with(name, tmp_path / "serving") for name in NAMES.values()] == [[], [], []]
            assert job.request.user_id == study.pseudonyms.of("user_id", "Anna Musterfrau")
            with sqlite3.connect(tmp_path / "serving" / "tickets.sqlite") as database:
                [(kept,)] = database.execute("SELECT request FROM tickets")
            database.close()
            assert study.pseudonyms.of("session_id", "Klasse 4b") in kept
            runner.stop(job)
            assert runner.close(30)


class TestARecordFromElsewhere:
    def test_gets_the_pseudonyms_that_its_study_wants_at_the_source(self, data):
        study = new_study(data, "garden")
        record = record_of(lambda run: run.amend(study_id="garden", metadata={"user_id": "Anna Musterfrau"}, **NAMES))
        kept = as_at_source(data, record)
        assert people_of(kept) == {field: study.pseudonyms.of(field, value) for field, value in NAMES.items()}
        assert names_in(canonical.dumps(kept.to_dict())) == []
        assert as_at_source(data, kept) == kept

    def test_stays_as_it_is_where_its_study_is_none_or_wants_them_in_exports(self, data):
        new_study(data, "garden", pseudonyms_at="export")
        for study_id in (None, "garden", "elsewhere", 7):
            record = record_of(lambda run, name=study_id: run.amend(study_id=name, **NAMES))
            assert as_at_source(data, record) == record

    def test_is_of_the_study_of_the_server_where_it_says_none(self, data):
        new_study(data, "garden")
        kept = as_at_source(data, record_of(lambda run: run.amend(**NAMES)), "garden")
        assert kept.study_id == "garden"
        assert all(is_pseudonym(value) for value in people_of(kept).values())


ERA_A = """
import sys
from dataclasses import replace
from devserver import era_a

era_a.start()
tracker = era_a.ExecutionTracker("dada", "eco", "kids", user_id="anonymous")
tracker.user_id, tracker.session_id = sys.argv[1:]
tracker.set_stage(1)
early = tracker.get_execution_record()
tracker.log_pipeline_complete()
tracker.finalize()
era_a.save_execution_record(replace(early, execution_id="exec_20261127_120000_00000001"))
era_a.stop()
print(tracker.user_id, early.user_id, early.study_id)
"""


def test_the_tracker_of_era_a_tells_no_name_either(data, tmp_path):
    """Who asked is set on the tracker when the run goes on already; a record so far may be stored by hand."""
    study = new_study(data, "garden")
    environment = {"DEVSERVER_DATA_DIR": str(data), "DEVSERVER_JOURNAL": "off", "DEVSERVER_STUDY": "garden"}
    told = run_python(ERA_A, "Anna Musterfrau", "Klasse 4b", **environment).split()
    pseudonym = study.pseudonyms.of("user_id", "Anna Musterfrau")
    assert told == ["Anna", "Musterfrau", pseudonym, "garden"]
    assert {row.user_id for row in list_executions(data)} == {pseudonym}
    assert {row.study_id for row in list_executions(data)} == {"garden"}
    assert [files_with(name, data) for name in ("Anna Musterfrau", "Klasse 4b")] == [[], []]


ERA_A_WITHOUT_A_KEY = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from devserver import era_a

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
try:
    era_a.start()
except Exception as refused:
    print(type(refused).__name__)
tracker = era_a.ExecutionTracker("dada", "eco", "kids", user_id=sys.argv[1])
tracker.finalize()
print("".join(span.to_json() for span in exporter.get_finished_spans()))
"""


def test_where_the_key_is_not_there_era_a_says_so_at_its_start_and_later_names_nobody(data):
    """The pipeline goes on; what it says goes to the application's own traces, as it does without a store."""
    new_study(data, "garden").key_path.unlink()
    environment = {"DEVSERVER_DATA_DIR": str(data), "DEVSERVER_JOURNAL": "off", "DEVSERVER_STUDY": "garden"}
    told = run_python(ERA_A_WITHOUT_A_KEY, "Anna Musterfrau", **environment)
    assert told.startswith("SettingsError")
    assert '"devserver.user_id": "user-' in told
    assert "Anna" not in told
    assert list_executions(data) == []
