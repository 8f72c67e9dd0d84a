"""What researchers said of a run goes with it: note and variables are in no byte afterwards, whenever a kill comes."""

import shutil

import pytest
from builders import a_record
from places_stage import OTHER, PLANTED, bytes_of, erase, files_with, is_planted, killed_at_every_step, nothing

from exporters import ParquetSink
from exporters.erasure import erase as erase_everywhere
from exporters.erasure import resume
from exporters.erasure.places import RemarksOfRuns
from exporters.remarks.remarks import RemarkChange, RunMark, speaking
from exporters.remarks.store import RemarkStore
from exporters.remarks.variables import Variable
from otel_tracking.erasure import RunId

HERS, HIS = RunId("exec_20261123_120000_0e3a0561", f"{5:032x}"), RunId("exec_20261123_120001_0f0f0f0f", f"{6:032x}")


@pytest.fixture
def data(tmp_path):
    """A run of hers and one of his, with a note and a variable each."""
    sink = ParquetSink(tmp_path / "data")
    for run, user in ((HERS, PLANTED), (HIS, OTHER)):
        sink.write(a_record(execution_id=run.execution_id, trace_id=run.trace_id, user_id=user))
    store = RemarkStore(tmp_path / "data")
    store.change(lambda book: book.with_variable(Variable(name="about", type="text")))
    said = {
        run: RemarkChange(marks={RunMark.TEST: True}, note=f"{name} was sad", values={"about": name})
        for run, name in ((HERS, PLANTED), (HIS, OTHER))
    }
    store.change(lambda book: book.with_changes(said, speaking("Mira")))
    return tmp_path / "data"


def test_note_and_variables_are_gone_and_others_are_as_they_were(data):
    his = RemarkStore(data).read().runs[HIS]
    report = erase_everywhere(data, is_planted, reason="person")

    assert report.complete
    assert "remarks" in {one.place for one in report.removed}
    assert files_with(data, PLANTED) == []
    assert RemarkStore(data).read().runs == {HIS: his}
    assert [one.name for one in RemarkStore(data).read().variables] == ["about"]


def test_a_kill_at_any_step_leaves_all_or_nothing_of_it(data, tmp_path):
    runs = frozenset([HERS])

    class OfHers(RemarksOfRuns):
        def find(self, _):
            return runs

    def check(copy):
        assert RemarkStore(copy).read().runs.keys() == {HIS}
        assert list(OfHers(copy).left(runs)) == []

    copy = tmp_path.parent / f"{tmp_path.name}-copy"
    steps = killed_at_every_step(tmp_path, copy, lambda at: OfHers(at / "data"), lambda at: check(at / "data"))
    assert steps == 2


def test_what_a_death_left_unfinished_is_gone_as_well(data):
    (data / "remarks" / ".remarks.jsonl.0a0a0a0a.tmp").write_text(PLANTED)
    erase_everywhere(data, is_planted, reason="person")
    assert files_with(data, PLANTED) == []


def test_nothing_is_written_where_nothing_was_said_of_the_run(data):
    before = bytes_of(data)
    assert erase(RemarksOfRuns(data)) == (frozenset(), [])
    assert list(RemarksOfRuns(data).erase(frozenset([RunId("other")]), nothing)) == []
    assert bytes_of(data) == before


def test_a_file_that_cannot_be_read_is_named_and_the_erasure_is_not_complete(data):
    path = RemarkStore(data).path
    copy = path.read_bytes()
    path.write_bytes(copy[:-5])
    report = erase_everywhere(data, is_planted, reason="person")
    assert not report.complete
    assert report.left == (str(path),)
    assert any("put back a copy of it, and erase once more" in one.advice for one in report.beyond)

    path.write_bytes(copy)
    again = erase_everywhere(data, lambda record: record.execution_id == HERS.execution_id, reason="execution")
    assert again.complete
    assert files_with(data, PLANTED) == []


def test_a_copy_that_was_put_back_is_of_erased_runs_alone_found(data):
    path = RemarkStore(data).path
    shutil.copy(path, data.parent / "copy")
    erase_everywhere(data, is_planted, reason="person")
    shutil.copy(data.parent / "copy", path)
    assert set(RemarksOfRuns(data).find(lambda record: True)) == {HERS}
    assert resume(data) is None
