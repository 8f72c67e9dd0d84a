"""What a run appends is what recovery reads, whatever the sizes, the threads and the space left."""

import itertools
import linecache
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flight_recorder_stage import OUR_CODE, ram_directory, recover
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.flight_recorder import FlightRecorder, find_dead

SMALL = {"segment_bytes": 4096, "spare_segments": 4}


@pytest.fixture
def ram():
    with ram_directory() as directory:
        yield directory


def left_behind(directory, entries, **options):
    """The run that a recorder leaves which was closed before the run was freed."""
    recorder = FlightRecorder(directory, **options)
    run = recorder.begin(7)
    for entry in entries:
        run.append(entry)
    recorder.settle()
    recorder.close()
    return recover(directory)[7]


def test_an_entry_whose_append_returned_true_is_recovered(ram):
    """Entries come back equal and in the order they were appended."""
    recorder = FlightRecorder(ram)
    run = recorder.begin(2**128 - 1)
    assert [run.append(entry) for entry in (b"one", b"", b"three")] == [True, True, True]
    recorder.close()

    assert recover(ram)[2**128 - 1].entries == [b"one", b"", b"three"]
    assert find_dead(ram) == []


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(0, 13_000) | st.integers(3_990, 4_030), max_size=25))
def test_any_sizes_in_small_segments_come_back_equal(sizes):
    """Entries that end exactly, almost or far beyond the end of a segment are put together again."""
    entries = [bytes([number]) * size for number, size in enumerate(sizes)]
    with ram_directory() as ram:
        recorder = FlightRecorder(ram, **SMALL)
        run = recorder.begin(7)
        for entry in entries:
            run.append(entry)
        recorder.settle()
        recorder.close()
        assert [run.entries for run in recover(ram).values()] == ([entries])


def test_several_threads_write_to_one_run_and_each_keeps_its_order(ram):
    """No entry is lost, doubled or mixed with another when threads share a run."""
    recorder = FlightRecorder(ram, **SMALL)
    run = recorder.begin(7)

    def write(name):
        for number in range(300):
            run.append(f"{name} {number} ".encode() * (1 + number % 40))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(write, "abcd"))
    recorder.settle()
    recorder.close()

    told = [entry.split()[:2] for entry in recover(ram)[7].entries]
    assert len(told) == 1200
    for name in (b"a", b"b", b"c", b"d"):
        assert [int(number) for who, number in told if who == name] == list(range(300))


def test_many_runs_at_once_do_not_mix(ram):
    """Each of a hundred open runs holds its own entries, far more than segments were ready for."""
    recorder = FlightRecorder(ram, **SMALL)
    runs = [recorder.begin(number) for number in range(100)]
    for turn in range(5):
        for run in runs:
            run.append(b"%d of %d" % (turn, run.trace_id))
    recorder.settle()
    recorder.close()

    recovered = recover(ram)
    assert {number: recovered[number].entries for number in range(100)} == {
        number: [b"%d of %d" % (turn, number) for turn in range(5)] for number in range(100)
    }


def test_large_entries_are_written_off_the_thread_and_keep_their_place(ram):
    """Media of 64 MB and a graph beyond what is copied at once stand where they were appended."""
    media, graph, small = os.urandom(64 * 2**20), os.urandom(700_000), os.urandom(3_000)
    recorder = FlightRecorder(ram)
    run = recorder.begin(7)
    run.append(b"before")
    run.append_later(media)
    assert run.append(graph) is False
    run.append_later(small)
    assert run.append(b"after") is True
    recorder.settle()
    assert recorder.health()["entries_waiting"] == 0
    recorder.close()

    assert recover(ram)[7].entries == [b"before", media, graph, small, b"after"]


def test_without_ready_segments_entries_wait_in_order(ram):
    """Nothing waits for the file system: what has no segment yet is kept, counted and written soon."""
    recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=1)
    run = recorder.begin(7)
    told = [run.append(b"%d" % number * 900) for number in range(200)]
    recorder.settle()
    health = recorder.health()
    recorder.close()

    assert health["entries_waiting"] == 0
    assert health["counters"].get("entries_waited", 0) == told.count(False)
    assert recover(ram)[7].entries == [b"%d" % number * 900 for number in range(200)]


def test_that_entries_wait_in_memory_only_is_told_once(ram, caplog):
    recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=2, max_bytes=5 * 4096)
    for number in range(20):
        recorder.begin(number).append(b"an entry")
        recorder.settle()
    recorder.close()
    (told,) = [record.getMessage() for record in caplog.records]
    assert "no space left (max_bytes=20480 are in use)" in told and "if the process is killed" in told


def test_beyond_max_bytes_entries_stay_in_memory_until_a_run_is_freed(ram):
    """Too many entries are neither an error nor a stall; they are counted and written when there is space again."""
    recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=2, max_bytes=5 * 4096)
    first, second = recorder.begin(1), recorder.begin(2)
    for number in range(8):
        first.append(b"a" * 1500)
        second.append(b"%d" % number * 1000)
    recorder.settle()
    assert recorder.health()["entries_waiting"] > 0
    assert "max_bytes" in str(recorder.health()["space"])
    assert recorder.health()["bytes"] <= 5 * 4096

    first.free()
    recorder.settle()
    assert recorder.health()["entries_waiting"] == 0
    recorder.close()
    recovered = recover(ram)
    assert list(recovered) == [2]
    assert recovered[2].entries == [b"%d" % number * 1000 for number in range(8)]


def test_an_entry_that_can_never_fit_does_not_block_the_others(ram):
    """Media larger than all the space there is stay in memory; small entries go on into the map."""
    recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=2, max_bytes=20 * 4096)
    run = recorder.begin(7)
    run.append_later(bytes(2**20))
    assert run.append(b"small")
    recorder.settle()
    assert recorder.health()["entries_waiting"] == 1
    recorder.close()

    dead = recover(ram)[7]
    assert (dead.entries, dead.truncated, dead.unfinished) == ([b"small"], False, 1)


def test_a_freed_run_is_never_seen_again_and_its_segments_are_used_again(ram):
    """Thousands of runs need the space of those open at once."""
    recorder = FlightRecorder(ram, **SMALL)
    for number in range(1000):
        run = recorder.begin(number)
        run.append(b"x" * 3000)
        run.append(b"y" * 3000)
        run.free()
        recorder.settle()
    health = recorder.health()
    last = recorder.begin(5000)
    last.append(b"z")
    recorder.close()

    assert health["bytes"] < 100_000
    assert health["entries"] == 2000
    assert [(run.trace_id, run.entries, run.unfinished) for run in recover(ram).values()] == [(5000, [b"z"], 0)]


def test_after_a_burst_the_memory_is_given_back(ram):
    """Spare files beyond what is wanted are removed, so that a busy minute does not hold the RAM disk for ever."""
    recorder = FlightRecorder(ram, **SMALL)
    runs = [recorder.begin(number) for number in range(200)]
    for run in runs:
        run.append(b"x")
    recorder.settle()
    at_most = recorder.health()["bytes"]
    for run in runs:
        run.free()
    recorder.settle()

    assert recorder.health()["bytes"] < at_most / 4
    assert recorder.health()["segments_spare"] >= 4
    recorder.close()


def test_a_run_that_ended_takes_no_more_entries(ram):
    """Appending after `free` or `close` is a counted no-op, and so is freeing twice."""
    recorder = FlightRecorder(ram)
    run, other = recorder.begin(1), recorder.begin(2)
    run.free()
    run.free()
    assert run.append(b"late") is False
    recorder.close()
    recorder.close()
    assert other.append(b"later") is False
    assert recorder.begin(3).append(b"latest") is False
    other.append_later(b"media")
    recorder.settle()

    counters = recorder.health()["counters"]
    assert counters == {"entries_refused (freed)": 1, "entries_refused (closed)": 3}
    assert recover(ram)[2].entries == []


def test_free_after_close_still_counts(ram):
    """A record that becomes durable while the recorder is being closed does not come back."""
    recorder = FlightRecorder(ram)
    run, other = recorder.begin(1), recorder.begin(2)
    run.append(b"durable soon")
    other.append(b"never")
    recorder.close()
    run.free()

    assert list(recover(ram)) == [2]


def test_what_is_no_entry_is_counted_not_raised(ram):
    """A wrong type or an impossible trace id is told by health; the caller's work goes on."""
    recorder = FlightRecorder(ram)
    run = recorder.begin(7)
    assert run.append("text") is False
    run.append_later(None)
    assert recorder.begin(-1).append(b"entry") is False
    assert run.append(b"entry") is True
    recorder.settle()
    health = recorder.health()
    recorder.close()

    assert sum(times for what, times in health["counters"].items() if what.startswith("errors.")) == 3
    assert recover(ram)[7].entries[-1] == b"entry"


def lines_of_append():
    """How many lines of our code one append in the fast path runs."""
    with ram_directory() as ram:
        recorder = FlightRecorder(ram)
        run = recorder.begin(7)
        lines = []
        during_append(run, b"x", at_line=None, act=lambda: None, lines=lines)
        recorder.close()
    return len(lines)


def during_append(run, entry, *, at_line, act, lines=None):
    """Append `entry`, and do `act` where a signal handler would run: before the `at_line`th line of our code."""
    lines = [] if lines is None else lines

    def trace(frame, event, _):
        if not frame.f_code.co_filename.startswith(OUR_CODE):
            return None
        # The interpreter runs handlers after calls, so never on entering or leaving a block.
        source = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
        if event == "line" and not source.startswith(("with ", "try:")):
            lines.append(frame.f_lineno)
            if len(lines) == at_line:
                sys.settrace(None)
                act()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return run.append(entry)
    finally:
        sys.settrace(before)


def test_a_signal_handler_may_append_in_the_middle_of_an_append(ram):
    """At whichever line the handler comes, both entries are kept whole and nothing waits for itself."""
    lines = lines_of_append()
    assert lines > 10
    for at_line in range(1, lines + 1):
        recorder = FlightRecorder(ram, **SMALL)
        run = recorder.begin(7)
        run.append(b"first")
        during_append(run, b"outer" * 10, at_line=at_line, act=lambda run=run: run.append(b"nested"))
        run.append(b"last")
        recorder.settle()
        recorder.close()

        dead = recover(ram)[7]
        assert not dead.truncated and dead.unfinished == 0
        assert dead.entries[0] == b"first" and dead.entries[-1] == b"last"
        assert sorted(dead.entries[1:-1]) == [b"nested", b"outer" * 10]


def test_an_append_broken_off_by_an_exception_leaves_no_trace(ram):
    """A KeyboardInterrupt in the middle of a copy does not spoil what comes after."""

    def interrupt():
        raise KeyboardInterrupt

    for at_line in range(1, lines_of_append() + 1):
        recorder = FlightRecorder(ram, **SMALL)
        run = recorder.begin(7)
        run.append(b"first")
        try:
            is_kept = during_append(run, b"\xff" * 200, at_line=at_line, act=interrupt)
        except KeyboardInterrupt:
            is_kept = False
        run.append(b"last")
        recorder.settle()
        recorder.close()

        dead = recover(ram)[7]
        assert not dead.truncated
        assert [entry for entry in dead.entries if entry != b"\xff" * 200] == [b"first", b"last"]
        assert not is_kept or b"\xff" * 200 in dead.entries


def test_a_signal_handler_may_free_the_run_in_the_middle_of_an_append(ram):
    """The half-written entry never ends up in a segment that another run gets."""
    for at_line in range(1, lines_of_append() + 1):
        recorder = FlightRecorder(ram, segment_bytes=4096, spare_segments=1, max_bytes=2 * 4096)
        run = recorder.begin(7)

        def free(run=run, recorder=recorder):
            run.free()
            # The segments would be used again by now, were they not kept until the append is over.
            recorder.settle(timeout=0.05)

        during_append(run, b"outer" * 100, at_line=at_line, act=free)
        recorder.settle()
        next_run = recorder.begin(8)
        next_run.append(b"next")
        recorder.settle()
        recorder.close()

        recovered = recover(ram)
        assert {number: (run.entries, run.truncated) for number, run in recovered.items()} == {8: ([b"next"], False)}


def test_real_signals_in_the_middle_of_appends_lose_nothing(ram):
    """A timer that fires thousands of times, its handler appending too, finds every entry in the journal."""
    recorder = FlightRecorder(ram)
    run = recorder.begin(7)
    nested, numbers = [], itertools.count()

    def handler(*_):
        entry = b"nested %d" % next(numbers)
        run.append(entry)
        nested.append(entry)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        for number in range(5000):
            run.append(b"outer %d" % number)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    recorder.settle()
    recorder.close()

    entries = recover(ram)[7].entries
    assert [entry for entry in entries if entry.startswith(b"outer")] == [b"outer %d" % n for n in range(5000)]
    # Handlers interrupt one another, too.
    assert sorted(entry for entry in entries if entry.startswith(b"nested")) == sorted(nested)


def test_closing_ends_the_thread(ram):
    """Nothing of a closed recorder goes on running."""
    others = set(threading.enumerate())
    recorder = FlightRecorder(ram)
    [thread] = [one for one in set(threading.enumerate()) - others if one.name == "otel-flight-recorder"]
    recorder.close()
    assert not thread.is_alive()


def test_an_entry_that_cannot_be_made_holds_up_nobody(ram):
    """`append_later` takes a function too; where that raises, the entries behind it are written."""
    recorder = FlightRecorder(ram)
    run = recorder.begin(1)
    run.append_later(lambda: b"made")
    run.append_later(lambda: 1 // 0)
    run.append_later(b"behind it")
    recorder.settle()
    recorder.close()

    assert [entry for entry in recover(ram)[1].entries if entry] == [b"made", b"behind it"]
