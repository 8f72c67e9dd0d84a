"""A sink with a process of its own keeps the same records, and is as good a neighbour as one that has none."""

import logging
import os
import signal
import subprocess
import sys
from functools import partial

import pytest
from builders import log_everywhere
from children import run_python
from folder_sink import FolderSink
from odd_values import KEPT

from collectors import start_recording
from collectors.elsewhere import channel
from collectors.recording import assembly as assembling
from collectors.testing import RememberingSink
from exporters import DocumentSink, ParquetSink, read_records
from otel_tracking import ItemType, canonical
from otel_tracking.errors import RecordingError

PATIENCE = 60


def run(recording, *names):
    """A run of each configuration."""
    for name in names:
        with recording.tracker().execution(name) as execution:
            execution.item("user_input_text", content=name)


class DyingSink(FolderSink):
    """Ends its process at some configurations."""

    def opener(self):
        return partial(DyingSink, self._folder)

    def write(self, record):
        if record.config_name == "bad":
            os._exit(7)
        super().write(record)


class TellingSink(FolderSink):
    def opener(self):
        return partial(TellingSink, self._folder)

    def write(self, record):
        logging.getLogger("otel_tracking").warning("the disk is nearly full")
        super().write(record)


class UnknownThere(FolderSink):
    """Can be opened with something that no other process can import."""

    def opener(self):
        return lambda: self


def folder(tmp_path):
    return FolderSink(tmp_path / "folder")


def test_health_counts_what_is_made_there(tmp_path):
    with start_recording([folder(tmp_path)], journal=False, assembly="process") as recording:
        with recording.tracker().execution("dada") as execution:
            execution.item("interception_iteration", content=object())
        assert recording.flush(PATIENCE)
        health = recording.health()
    assert (health["records"], health["items"], health["lossy_values"]) == (1, 3, 1)
    assert any("interception_iteration" in complaint for complaint in health["unusual_items"])
    [sink] = health["sinks"]
    assert (sink["sink"], sink["delivered"], sink["restarts"]) == ("FolderSink", 1, 0)
    assert sink["process"] != os.getpid()


def test_several_sinks_have_a_process_each_and_what_cannot_travel_stays(tmp_path):
    staying = RememberingSink()
    sinks = [ParquetSink(tmp_path), DocumentSink(tmp_path, formats=["json"]), staying]
    with start_recording(sinks, journal=False, assembly="process") as recording:
        run(recording, "a", "b")
        assert recording.flush(PATIENCE)
        health = recording.health()
    assert len({sink.get("process") for sink in health["sinks"]}) == 3
    assert (health["records"], health["items"]) == (2, 6)
    assert [record.config_name for record in staying.records] == ["a", "b"]
    assert sorted(record.config_name for record in read_records(tmp_path)) == ["a", "b"]
    assert len(list((tmp_path / "documents").glob("*/*.json"))) == 2


def test_media_arrive(tmp_path):
    with start_recording([ParquetSink(tmp_path)], journal=False, assembly="process") as recording:
        with recording.tracker().execution("dada") as execution:
            execution.item(ItemType.OUTPUT_IMAGE, media=b"\x89PNG\r\n\x1a\n" + bytes(3_000_000))
        assert recording.flush(PATIENCE)
    [record] = read_records(tmp_path)
    [path] = [item.file_path for item in record.items if item.file_path]
    assert (tmp_path / path).stat().st_size == 3_000_008


def test_a_run_that_ends_its_process_holds_up_no_other(tmp_path):
    sink = DyingSink(tmp_path / "folder")
    recording = start_recording([sink], journal=False, assembly="process", retry_seconds=0.001)
    run(recording, "a", "bad", "b", "c")
    # They are in the folder a moment before this process is told so.
    while len(sink.records) < 3 or recording.health()["sinks"][0]["pending"] != 1:
        recording.flush(timeout=0.05)
    assert sorted(record.config_name for record in sink.records) == ["a", "b", "c"]
    assert recording.health()["guarded_errors"]["sink DyingSink"] > 0
    assert recording.close(timeout=1) is False
    assert sorted(record.config_name for record in sink.records) == ["a", "b", "c"]


def test_what_it_says_is_logged_here(tmp_path, caplog):
    with start_recording([TellingSink(tmp_path / "folder")], journal=False, assembly="process") as recording:
        run(recording, "a")
        assert recording.flush(PATIENCE)
    assert ("otel_tracking", logging.WARNING, "the disk is nearly full") in caplog.record_tuples


def test_where_there_is_no_process_to_be_had_records_are_made_here(tmp_path, caplog):
    sink = UnknownThere(tmp_path / "folder")
    with start_recording([sink], journal=False, assembly="process") as recording:
        run(recording, "a", "b")
        assert recording.flush(PATIENCE)
        assert recording.health()["sinks"][0]["process"] is None
        assert recording.health()["items"] == 6
    assert sorted(record.config_name for record in sink.records) == ["a", "b"]
    assert "has no process of its own" in caplog.text


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_to_the_whole_group_are_the_pipelines_to_mind(name, tmp_path):
    """Ctrl-C and a service manager tell every process; what is under way is written all the same."""
    with start_recording([folder(tmp_path)], journal=False, assembly="process") as recording:
        run(recording, "a")
        assert recording.flush(PATIENCE)
        [told] = recording.health()["sinks"]
        os.kill(told["process"], getattr(signal, name))
        run(recording, "b")
        assert recording.flush(PATIENCE)
        assert recording.health()["sinks"][0]["restarts"] == 0


def test_a_sink_that_remembers_cannot_be_opened_elsewhere_and_is_refused_by_a_sentence():
    with pytest.raises(RecordingError, match=r"none of the sinks \(RememberingSink\).*ParquetSink does"):
        start_recording([RememberingSink()], assembly="process")
    with pytest.raises(RecordingError, match="'thread' or 'process' would work"):
        start_recording([], assembly="subinterpreter")


def test_a_forked_child_leaves_the_process_to_its_parent(tmp_path):
    with start_recording([folder(tmp_path)], journal=False, assembly="process") as recording:
        run(recording, "a")
        assert recording.flush(PATIENCE)
        child = os.fork()
        if child == 0:
            recording.close()
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        run(recording, "b")
        assert recording.flush(PATIENCE)
        [told] = recording.health()["sinks"]
    assert told["restarts"] == 0
    with pytest.raises(ProcessLookupError):
        os.kill(told["process"], 0)


def test_a_script_without_a_guard_is_not_run_twice(tmp_path):
    """Another process of Python may import the main module; this one does not."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        "from collectors import start_recording\n"
        "from exporters import ParquetSink\n"
        "print('once')\n"
        "with start_recording([ParquetSink(sys.argv[1])], journal=False, assembly='process') as recording:\n"
        "    recording.tracker().execution('dada').end()\n"
        "    print(recording.flush(60), recording.health()['sinks'][0]['process'] is not None)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    told = subprocess.run(
        [sys.executable, script, tmp_path / "data"], capture_output=True, text=True, env=environment, check=True
    )
    assert told.stdout.split("\n")[:-1] == ["once", "True True"]
    assert told.stderr == ""


def test_only_who_wants_it_pays_for_it():
    assert run_python("import collectors, sys; print('multiprocessing.connection' in sys.modules)") == "False\n"


def test_it_keeps_what_a_sink_here_keeps(tmp_path):
    texts = {}
    for assembly in ("thread", "process"):
        with start_recording([ParquetSink(tmp_path / assembly)], journal=False, assembly=assembly) as recording:
            for name in KEPT:
                with recording.tracker().execution("dada", safety_level="kids") as execution:
                    log_everywhere(KEPT[name]())(execution)
            assert recording.flush(PATIENCE)
            assert recording.health()["records"] == len(KEPT)
        records = read_records(tmp_path / assembly)
        said = [[(item.content, item.input_text, item.metadata) for item in record.items[1:-1]] for record in records]
        texts[assembly] = sorted(map(canonical.dumps, said))
    assert texts["thread"] == texts["process"]


def test_a_large_run_is_stored_whole_from_here_and_a_small_one_there(tmp_path, monkeypatch):
    monkeypatch.setattr(assembling, "LARGE", 50)
    with start_recording([ParquetSink(tmp_path)], journal=False, assembly="process") as recording:
        with recording.tracker().execution("large") as execution:
            for number in range(100):
                execution.item("user_input_text", content=number, metadata={"big": 2**70, "media": None})
        run(recording, "small")
        assert recording.flush(PATIENCE)
        assert (recording.health()["records"], recording.health()["items"]) == (2, 105)
    records = {record.config_name: record for record in read_records(tmp_path)}
    assert [item.content for item in records["large"].items[1:-1]] == list(range(100))
    assert len(records["small"].items) == 3


class Unclosable(FolderSink):
    def opener(self):
        return partial(Unclosable, self._folder)

    def close(self):
        if os.environ.get("THERE"):
            raise RuntimeError("Anna wrote this")


def test_what_goes_wrong_while_it_is_closed_there_is_counted_and_not_printed(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("THERE", "1")
    recording = start_recording([Unclosable(tmp_path / "folder")], journal=False, assembly="process")
    run(recording, "a")
    assert recording.flush(PATIENCE)
    monkeypatch.delenv("THERE")
    recording.close(PATIENCE)
    assert recording.health()["guarded_errors"]["sink Unclosable"] == 1
    assert "Anna" not in "".join(capfd.readouterr())


def test_where_no_process_becomes_ready_records_are_made_here(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(channel, "get_executable", lambda: "/bin/false")
    with start_recording([folder(tmp_path)], journal=False, assembly="process", retry_seconds=0.001) as recording:
        run(recording, "a", "b")
        assert recording.flush(PATIENCE), recording.health()
        assert recording.health()["items"] == 6
    assert "has no process of its own" in caplog.text
