"""A run from elsewhere is whole when the counts on its root are met, or when it was waited for long enough."""

import random

import pytest
from builders import items_of
from hypothesis import given
from hypothesis import strategies as st
from receiver_stage import spans_of_runs, text_of
from wire import from_sdk

from collectors.building.record import build_record
from collectors.receiving import runs as limits
from collectors.receiving.runs import TOO_LATE, RemoteRuns
from collectors.testing import ManualClock
from otel_tracking import FinishReason, ItemType

SPANS, RECORDS = spans_of_runs(4)
RUNS = [[from_sdk(span) for span in run] for run in SPANS]
SECOND = 10**9


def remote_runs(clock=None, **options):
    """Runs whose wall clock is far ahead, so that the spans' own time counts."""
    return RemoteRuns(
        **{"grace": 30.0, "patience": 600.0, "max_age": 3600.0, **options},
        clock=clock or ManualClock(),
        now_ns=lambda: 2**62,
    )


def record_of(due):
    return build_record(due.spans, finish_reason=due.reason, revision=due.revision, late_spans=due.late_spans)


@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_however_spans_are_mixed_split_and_repeated_each_run_is_made_once(dice: random.Random, pieces: int):
    """The record is the sender's own, byte for byte, whatever came first and how often."""
    spans = [span for run in RUNS for span in run]
    sent = [*spans, *dice.choices(spans, k=10)]
    dice.shuffle(sent)
    runs, due = remote_runs(), []
    for number in range(pieces):
        due += runs.take(sent[number::pieces], 1_000, number).due

    assert sorted(text_of(record_of(one)) for one in due) == sorted(map(text_of, RECORDS.values()))
    assert {(one.reason, one.revision) for one in due} == {(FinishReason.COUNTS_MET, 1)}
    assert len(runs) == 0


def test_a_run_that_misses_a_span_waits_for_others_to_go_on_in_time():
    """While nothing arrives nobody's time is up; when spans of 30 seconds later have come, it is."""
    clock = ManualClock()
    runs = remote_runs(clock)
    runs.take(RUNS[0][1:], 100, 1)
    clock.advance(500)
    assert not runs.overdue()

    runs.take([later(span, 31) for span in RUNS[1]], 100, 2)
    [due] = runs.overdue()
    record = record_of(due)
    assert (due.reason, record.dropped) == (FinishReason.GRACE_EXPIRED, 2)


def test_a_run_of_which_nothing_more_is_heard_is_written_all_the_same():
    """After `patience` seconds, should nobody else send anything either."""
    clock = ManualClock()
    runs = remote_runs(clock)
    runs.take(RUNS[0][1:], 100, 1)
    clock.advance(600)
    assert [due.reason for due in runs.overdue()] == [FinishReason.GRACE_EXPIRED]


def test_a_run_without_its_root_is_waited_for_longer():
    """It may still go on; in the end it was interrupted."""
    clock = ManualClock()
    runs = remote_runs(clock)
    runs.take(RUNS[0][:-1], 100, 1)
    clock.advance(3_599)
    assert not runs.overdue()
    clock.advance(1)
    [due] = runs.overdue()
    assert (due.reason, str(record_of(due).status)) == (FinishReason.TOO_OLD, "interrupted")


def test_a_clock_that_is_ahead_elsewhere_ends_nobodys_grace():
    """Time of spans counts up to our own."""
    # The runs were made when these tests were collected, which may be minutes ago.
    runs = RemoteRuns(grace=86_400.0, patience=600.0, max_age=3600.0, clock=ManualClock())
    runs.take(RUNS[0][1:], 100, 1)
    runs.take([later(span, 10**6) for span in RUNS[1][:1]], 100, 2)
    assert not runs.overdue()


def test_what_comes_late_makes_a_higher_revision_with_everything_in_it():
    """And is whole again."""
    runs = remote_runs(grace=0.0)
    runs.take(RUNS[0][1:], 100, 1)
    runs.overdue()
    [due] = runs.take(RUNS[0][:1], 100, 2).due

    record = record_of(due)
    assert (due.reason, record.revision, record.late_spans, record.dropped) == (FinishReason.LATE_SPAN, 2, 1, 0)
    assert len(items_of(record, ItemType.INTERCEPTION_ITERATION)) == 2


def test_a_request_that_is_sent_again_changes_nothing():
    """Neither a second record nor another revision; the segment that holds it is free at once."""
    runs = remote_runs()
    assert len(runs.take(RUNS[0], 100, 1).due) == 1
    again = runs.take(RUNS[0], 100, 2)
    assert (again.due, list(again.unchanged), again.duplicates) == ([], [RUNS[0][0].trace_id], len(RUNS[0]))


@pytest.mark.parametrize(("name", "value"), [("MOST_OPEN_RUNS", 2), ("MOST_OPEN_BYTES", 250)])
def test_runs_that_are_waited_for_are_limited_in_number_and_size(monkeypatch, name, value):
    """The oldest becomes a record as it is."""
    monkeypatch.setattr(limits, name, value)
    runs = remote_runs()
    due = [one for run in RUNS[:3] for one in runs.take(run[1:], 100, 1).due]
    assert [(one.trace_id, one.reason) for one in due] == [(RUNS[0][0].trace_id, FinishReason.TOO_MANY_OPEN)]
    assert len(runs) == 2


def test_spans_of_a_run_that_is_forgotten_come_too_late(monkeypatch):
    """They are counted and make no poorer revision of a record that is there."""
    monkeypatch.setattr(limits, "MOST_SETTLED_BYTES", 50)
    runs = remote_runs(grace=0.0)
    runs.take(RUNS[0][1:], 100, 1)
    assert len(runs.overdue()) == 1
    late = runs.take(RUNS[0][:1], 100, 2)
    assert (late.due, [refusal.reason for refusal in late.refused]) == ([], [TOO_LATE])


def later(span, seconds):
    """The same, so many seconds later."""

    return span._replace(start_ns=span.start_ns + seconds * SECOND, end_ns=span.end_ns + seconds * SECOND)
