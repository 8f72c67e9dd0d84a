"""The live feed: everything from the beginning, for any number of readers, until the run has finished."""

import threading

import pytest


def numbered(events):
    return [event.number for event in events]


def test_a_reader_gets_everything_from_the_beginning_in_order(recording):
    with recording.tracker().execution("dada") as run, run.stage(1) as stage:
        stage.item("user_input_text", content="a")
        reader = recording.live.follow(run.trace_id, timeout=60)
        stage.item("translation_result", content="b")
    events = list(reader)
    assert numbered(events) == list(range(1, len(events) + 1))
    assert (events[0].kind, events[0].name) == ("started", "execution")
    assert (events[-1].kind, events[-1].name) == ("finished", "root_ended")
    assert [event.fields["content"] for event in events if event.is_item and "content" in event.fields] == ["a", "b"]


def test_a_reader_that_comes_back_gets_what_it_missed(recording):
    with recording.tracker().execution("dada") as run, run.stage(1) as stage:
        stage.item("user_input_text", content="a")
        seen = next(recording.live.follow(run.trace_id, timeout=60))
    everything = list(recording.live.follow(run.trace_id, timeout=60))
    assert list(recording.live.follow(run.trace_id, after=seen.number, timeout=60)) == everything[1:]


def test_a_reader_that_has_seen_the_end_is_not_kept_waiting(recording):
    with recording.tracker().execution("dada") as run:
        pass
    everything = list(recording.live.follow(run.trace_id, timeout=60))
    assert list(recording.live.follow(run.trace_id, after=everything[-1].number, timeout=60)) == []


def test_several_readers_see_the_same_while_the_run_goes_on(recording):
    read, begun = [], threading.Barrier(4)

    def follow():
        reader = recording.live.follow(run.trace_id, timeout=60)
        events = [next(reader)]
        begun.wait()
        read.append(events + list(reader))

    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        threads = [threading.Thread(target=follow) for _ in range(3)]
        for thread in threads:
            thread.start()
        begun.wait()
        for number in range(50):
            stage.item("interception_iteration", content=number)
    for thread in threads:
        thread.join()
    assert len(read) == 3
    assert read[0] == read[1] == read[2]
    assert [event.fields["content"] for event in read[0] if event.name == "interception_iteration"] == list(range(50))


def test_a_run_just_over_can_still_be_followed(recording):
    with recording.tracker().execution("dada") as run:
        trace_id = run.trace_id
    assert recording.flush(timeout=60)
    del run
    assert list(recording.live.follow(trace_id, timeout=60))[-1].kind == "finished"


@pytest.mark.parametrize("trace_id", ["0" * 31 + "1", "nonsense", ""])
def test_a_run_that_is_not_there_is_a_lookup_error(recording, trace_id):
    with pytest.raises(LookupError):
        recording.live.follow(trace_id)


def test_a_run_in_which_nothing_happens_is_a_timeout(recording):
    with recording.tracker().execution("dada") as run:
        reader = recording.live.follow(run.trace_id, timeout=0)
        with pytest.raises(TimeoutError):
            list(reader)


def test_a_reader_that_goes_away_is_forgotten(recording):
    with recording.tracker().execution("dada") as run:
        reader = recording.live.follow(run.trace_id, timeout=60)
        next(reader)
        reader.close()
        run.item("user_input_text")
        open_run = recording._open_runs.find(int(run.trace_id, 16))
        assert open_run.wakers == ()
