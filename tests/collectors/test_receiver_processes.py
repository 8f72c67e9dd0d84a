"""Between processes: nothing of a record is lost on the way, and nothing that was answered with 200 is lost at all."""

import json
import os
import signal

import pytest
from children import run_python, start_python
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from receiver_stage import body_of, collecting, post, receiving, spans_of_runs, text_of

from collectors.receiving import Spool
from collectors.receiving.entries import PROTOBUF
from collectors.testing import RememberingSink
from otel_tracking.errors import RecordingError

SENDER = """
import json, sys
from collectors import start_recording
from collectors.testing import RememberingSink
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from otel_tracking import canonical
from sources import log_everywhere

sink = RememberingSink()
recording = start_recording([sink], journal=False, otlp_endpoint=sys.argv[1], otlp_content="full")
values = {**KEPT, **ENUMS, **{name: make for name, (make, _) in PLAINED.items()}, **LOSSY}
del values["shares itself exponentially"]  # megabytes of repetition, which take long and are shown elsewhere
for name, make in values.items():
    with recording.tracker().execution("dada", safety_level="kids") as run:
        log_everywhere(make())(run)
recording.flush(timeout=60)
recording.provider.force_flush(60_000)  # close itself waits for the endpoint for some seconds only
recording.close(timeout=60)
print(recording.health()["otlp"]["sent"] == sum(len(record.spans) for record in sink.records))
for record in sink.records:
    print(json.dumps(canonical.dumps({**record.to_dict(), "finish_reason": None})))
"""


def test_the_record_of_every_odd_value_arrives_byte_for_byte(sink, tmp_path):
    """The sender's own record and the collector's have the same canonical text, but for the finish reason."""
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        sent_all, *lines = run_python(SENDER, address, PYTHONPATH=_paths()).splitlines()

    assert sent_all == "True"
    theirs = {json.loads(text)["trace_id"]: text for text in map(json.loads, lines)}
    ours = {record.trace_id: text_of(record) for record in sink.records}
    assert len(ours) == len(KEPT) + len(ENUMS) + len(PLAINED) + len(LOSSY) - 1
    for trace_id, text in theirs.items():
        assert ours[trace_id] == text
    assert {str(record.finish_reason) for record in sink.records} == {"counts_met"}


def _paths():
    from children import ROOT

    return os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "collectors")])


KILLED = """
import sys, threading
from pathlib import Path
from collectors.receiving import Collector, Spool, TraceReceiver
from collectors.receiving.server import listening
from collectors.testing import WaitingSink

collector = Collector([WaitingSink()], Spool(Path(sys.argv[1])))
with listening(TraceReceiver(collector), "127.0.0.1", 0) as address:
    print(address, flush=True)
    threading.Event().wait()
"""


def test_what_was_answered_with_200_survives_a_kill(sink, tmp_path):
    """A whole run that no sink had yet, and half a run whose rest comes later."""
    [whole, half], records = spans_of_runs(2)
    child = start_python(KILLED, tmp_path)
    address = child.stdout.readline().decode().strip()
    try:
        assert post(address, body_of(whole)).status_code == 200
        assert post(address, body_of(half[1:])).status_code == 200
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()

    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        assert post(address, body_of(half[:1])).status_code == 200
    assert {record.trace_id: text_of(record) for record in sink.records} == {
        trace_id: text_of(record) for trace_id, record in records.items()
    }
    assert not list(tmp_path.glob("*.otlp"))


class KnowingSink(RememberingSink):
    """A sink that can say what it has."""

    def contains(self, trace_id, revision):
        return any((record.trace_id, record.revision) == (trace_id, revision) for record in self.records)


def test_a_run_that_was_stored_before_is_not_stored_again(tmp_path):
    """Its sender had not got the answer, and the collector was started anew."""
    sink = KnowingSink()
    [run], _ = spans_of_runs(1)
    for _ in range(2):
        with collecting([sink], tmp_path) as collector, receiving(collector) as address:
            assert post(address, body_of(run)).status_code == 200
        assert len(sink.records) == 1
    assert collector.health()["stored_already"] == 1


def test_a_segment_is_free_when_all_of_its_runs_are_durable(tmp_path):
    """However many requests there were; one run that is not whole keeps its own."""
    runs, _ = spans_of_runs(6)
    spool = Spool(tmp_path, segment_bytes=10)
    places = [spool.append(PROTOBUF, body_of(run), {number}) for number, run in enumerate(runs)]
    assert [place.segment for place in places] == [1, 2, 3, 4, 5, 6]
    for number in (0, 1, 3, 4, 5):
        spool.release([places[number]], number)
    spool.close()
    assert [path.name for path in tmp_path.glob("*.otlp")] == ["000000003.otlp"]


def test_an_entry_that_a_death_left_unfinished_hides_none_before_it(tmp_path):
    """It was never answered with 200."""
    spool = Spool(tmp_path)
    spool.append(PROTOBUF, b"first", {1})
    spool.append(PROTOBUF, b"second", {2})
    spool.close()
    [path] = tmp_path.glob("*.otlp")
    path.write_bytes(path.read_bytes()[:-3])

    again = Spool(tmp_path)
    assert [(entry.kind, entry.body) for entry in again.entries()] == [(PROTOBUF, b"first")]
    again.close()


def test_two_processes_do_not_collect_into_one_directory(tmp_path):
    """The second is told so."""
    first = Spool(tmp_path / "collect")
    with pytest.raises(RecordingError, match="another process collects"):
        Spool(tmp_path / "collect")
    first.close()
    Spool(tmp_path / "collect").close()


def test_files_of_the_spool_are_private(tmp_path):
    """Children's words are in them."""
    spool = Spool(tmp_path / "collect")
    spool.append(PROTOBUF, b"x", {1})
    [path] = (tmp_path / "collect").glob("*.otlp")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    spool.close()


def test_a_segment_that_is_still_read_is_not_removed(tmp_path):
    """After a restart its first run is durable at once, and others have begun to send: the second is not lost."""
    spool = Spool(tmp_path)
    for number in (1, 2):
        spool.append(PROTOBUF, b"body", {number}, "anna")
    spool.close()

    again = Spool(tmp_path)
    entries = again.entries()
    first = next(entries)
    again.hold(first.place, {1})
    again.append(PROTOBUF, b"fresh", {3})
    again.release([first.place], 1)
    second = next(entries)
    assert (second.body, second.sender, again.read(second.place)) == (b"body", "anna", second)
    again.hold(second.place, {2})
    assert not list(entries)
    again.close()
    assert [entry.body for entry in Spool(tmp_path).entries()] == [b"body", b"body", b"fresh"]


def test_a_damaged_entry_hides_none_behind_it(tmp_path):
    """It is counted; the others are read."""
    spool = Spool(tmp_path)
    for body in (b"first", b"second", b"third"):
        spool.append(PROTOBUF, body, {1})
    spool.close()
    [path] = tmp_path.glob("*.otlp")
    path.write_bytes(path.read_bytes().replace(b"second", b"sec0nd"))

    again = Spool(tmp_path)
    assert [entry.body for entry in again.entries()] == [b"first", b"third"]
    assert again.damaged == 1
    again.close()


def test_entries_of_an_earlier_version_are_read(tmp_path):
    """They say nothing of who sent them."""
    import struct
    import zlib

    header = struct.pack(">cII", b"P", 5, zlib.crc32(b"first"))
    Spool(tmp_path).close()
    (tmp_path / "000000001.otlp").write_bytes(header + b"first")
    spool = Spool(tmp_path)
    assert [(entry.kind, entry.body, entry.sender) for entry in spool.entries()] == [(PROTOBUF, b"first", "")]
    spool.close()
