"""What waits for a research programme loses the spans of an erased run, what was refused too."""

import os

from places_stage import OTHER, PLANTED, bytes_of, erase, files_with, is_planted, killed_at_every_step, nothing
from requests_stage import OTHER_SPANS, OTHER_TRACE, PLANTED_SPANS, PLANTED_TRACE, request_of

from collectors.outbox.boxes import open_box, states_of
from collectors.outbox.erasing import ErasableOutbox
from collectors.outbox.line import ANYBODY
from collectors.outbox.refused import keep_refused
from collectors.receiving.entries import PROTOBUF
from devserver.erasing import places_of
from devserver.settings import Settings
from exporters.erasure import Reason
from exporters.erasure import erase as erase_everywhere
from otel_tracking.erasure import Beyond


def fill(directory):
    """Two folders that dead processes left, with requests of one run, of the other and of both; and refused ones."""
    boxes = [open_box(directory, 40), open_box(directory)]
    for box in boxes:
        for spans in (PLANTED_SPANS, OTHER_SPANS, [*PLANTED_SPANS, *OTHER_SPANS]):
            box.append(PROTOBUF, request_of(spans), [ANYBODY], beyond=True)
    for box in boxes:
        box.close()
    for spans in (PLANTED_SPANS, OTHER_SPANS, [*PLANTED_SPANS, *OTHER_SPANS]):
        keep_refused(directory, request_of(spans), 2**20)


def test_no_byte_stays_and_what_others_wait_for_stays(tmp_path):
    fill(tmp_path)
    assert files_with(tmp_path, PLANTED)
    runs, _ = erase(ErasableOutbox(tmp_path))
    assert [run.trace_id for run in runs] == [f"{PLANTED_TRACE:032x}"]
    assert files_with(tmp_path, PLANTED) == files_with(tmp_path, PLANTED_TRACE.to_bytes(16)) == []
    assert ErasableOutbox(tmp_path).left(runs) == []
    assert ErasableOutbox(tmp_path).erase(runs, nothing) == []
    assert [state.requests for state in states_of(tmp_path)] == [2, 2, 2]
    assert files_with(tmp_path, OTHER) and files_with(tmp_path, OTHER_TRACE.to_bytes(16))


def test_killed_at_every_step_and_again(tmp_path):
    fill(tmp_path / "outbox")

    def check(copy):
        assert files_with(copy, PLANTED) == []
        assert [path for path in copy.rglob(".*") if path.is_file()] == []
        assert [state.requests for state in states_of(copy)] == [2, 2, 2]

    assert killed_at_every_step(tmp_path / "outbox", tmp_path / "copy", ErasableOutbox, check) >= 6


def test_what_a_process_at_work_has_is_named_and_left_to_it(tmp_path):
    """It lets go by itself: tests/outbox/test_sent_until_taken.py."""
    box = open_box(tmp_path)
    box.append(PROTOBUF, request_of(PLANTED_SPANS), [ANYBODY])
    before = bytes_of(tmp_path)
    runs, [beyond] = erase(ErasableOutbox(tmp_path))
    assert isinstance(beyond, Beyond)
    assert f"process {os.getpid()}" in beyond.what
    assert bytes_of(tmp_path) == before
    assert len(ErasableOutbox(tmp_path).left(runs)) == 1
    box.close()


def test_an_erasure_of_a_data_directory_reaches_its_outbox(tmp_path):
    fill(tmp_path / "outbox")
    done = erase_everywhere(tmp_path, is_planted, places=places_of(Settings(data_dir=tmp_path)), reason=Reason.PERSON)
    assert done.complete
    assert files_with(tmp_path, PLANTED) == []


def test_where_nothing_waits_there_is_nothing(tmp_path):
    place = ErasableOutbox(tmp_path / "nowhere")
    assert (place.find(is_planted), place.erase(frozenset(), nothing), place.left(frozenset())) == ([], [], [])
