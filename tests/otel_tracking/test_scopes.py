"""Scopes closed twice, out of order, too late or by somebody else; transitions; whose attempt an item is."""

import threading

import pytest
from builders import Bang, finished, items_of

from otel_tracking import ExecutionTracker, FinishReason, Status


def transitions(record):
    return [(item.metadata["from_stage"], item.metadata["to_stage"]) for item in items_of(record, "stage_transition")]


def test_each_change_of_stage_is_logged_once_and_none_at_either_end(recording, sink):
    with recording.tracker().execution("dada") as run:
        run.item("user_input_text")
        with run.stage(1):
            pass
        with run.stage(2):
            pass
        for number in (1, 2):
            with run.output(number) as output:
                with output.stage(3):
                    pass
                with output.stage(4):
                    pass
    record = finished(recording, sink)
    assert transitions(record) == [(1, 2), (2, 3), (3, 4), (4, 3), (3, 4)]
    root = record.spans[0]
    assert {item.span_id for item in items_of(record, "stage_transition")} == {root.span_id}


def test_the_same_stage_again_is_no_change(recording, sink):
    with recording.tracker().execution("dada") as run:
        for _ in range(3):
            with run.stage(2):
                pass
    assert transitions(finished(recording, sink)) == []


def test_a_stage_begun_after_the_runs_end_still_reaches_the_record(recording, sink):
    with recording.tracker().execution("dada") as run, run.stage(1):
        pass
    with run.stage(2) as stage:
        stage.item("interception_final", content="late")
    record = finished(recording, sink)
    assert transitions(record) == [(1, 2)]
    assert items_of(record, "interception_final")[0].content == "late"
    assert record.dropped == 0


def test_closing_twice_changes_nothing(recording, sink):
    run = recording.tracker().execution("dada")
    stage = run.stage(1)
    for _ in range(2):
        stage.end()
    for _ in range(2):
        run.end()
    stage.end(Bang("too late"))
    record = finished(recording, sink)
    assert (record.status, len(record.spans), record.revision) == (Status.COMPLETED, 2, 1)


def test_scopes_closed_out_of_order_make_one_whole_record(recording, sink):
    run = recording.tracker().execution("dada")
    stage = run.stage(2)
    iteration = stage.iteration(1)
    run.end()
    stage.end()
    iteration.item("interception_iteration", content="after its parents")
    iteration.end()
    record = finished(recording, sink)
    assert record.finish_reason == FinishReason.ROOT_ENDED
    assert items_of(record, "interception_iteration")[0].content == "after its parents"
    assert all(span.execution_time is not None for span in record.spans)


@pytest.mark.parametrize("where", ["run", "stage"])
def test_an_item_after_the_end_writes_a_higher_revision(recording, sink, where):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        pass
    first = finished(recording, sink)
    scope = run if where == "run" else stage
    scope.item("interception_final", content="late")
    second = finished(recording, sink)

    assert (first.revision, second.revision) == (1, 2)
    assert second.finish_reason == FinishReason.LATE_SPAN
    [late] = items_of(second, "interception_final")
    assert (late.content, late.span_id) == ("late", scope.span_id)
    assert second.items[: len(first.items)] == first.items
    assert (second.late_spans, second.dropped, second.status) == (1, 0, first.status)


def test_fields_amended_after_the_end_are_in_the_next_revision(recording, sink):
    with recording.tracker().execution("dada") as run:
        pass
    finished(recording, sink)
    run.amend(used_seed=7)
    assert finished(recording, sink).used_seed == 7


def test_an_item_logged_while_another_thread_closes_its_scope_is_not_lost(recording, sink):
    def close_first(span, frame):
        if frame.name == "interception_final" and not stage.ended:
            stage.end()
            run.end()
            assert recording.flush(timeout=60)
        recording.tracker()._emit(span, frame)

    run = ExecutionTracker(recording.provider, emit=close_first).execution("dada")
    stage = run.stage(2)
    stage.item("interception_final", content="in between")
    record = finished(recording, sink)
    assert [item.content for item in items_of(record, "interception_final")] == ["in between"]
    assert record.dropped == 0


def test_threads_in_one_scope_share_its_numbering_without_gaps(recording, sink):
    barrier = threading.Barrier(4)
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:

        def work(worker):
            barrier.wait()
            for number in range(200):
                stage.item("interception_iteration", content=(worker, number))

        threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    record = finished(recording, sink)
    assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))
    contents = [item.content for item in items_of(record, "interception_iteration")]
    assert sorted(contents) == [(worker, number) for worker in range(4) for number in range(200)]
    assert all([n for w, n in contents if w == worker] == list(range(200)) for worker in range(4))


def test_an_item_takes_model_backend_and_time_from_the_last_successful_call(recording, sink):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        with stage.backend_call("ollama", model="first") as first:
            pass
        with pytest.raises(Bang), stage.backend_call("openrouter", model="failed"):
            raise Bang
        stage.item("interception_final", content="by the first")
        stage.item("interception_final", content="own words", model_used="mine", backend_used="me", execution_time=1.5)
        with stage.backend_call("openrouter", model="second"):
            pass
        stage.item("interception_final", content="by the second")
        stage.item("interception_final", content="named", attempt=first)
    by_first, own, by_second, named = items_of(finished(recording, sink), "interception_final")
    assert (by_first.model_used, by_first.backend_used, by_first.attempt) == ("first", "ollama", first.span_id)
    assert by_first.execution_time == first.execution_time > 0
    assert (own.model_used, own.backend_used, own.execution_time) == ("mine", "me", 1.5)
    assert by_second.model_used == "second"
    assert (named.model_used, named.attempt) == ("first", first.span_id)


def test_an_item_without_a_call_in_its_scope_has_no_attempt(recording, sink):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        with stage.iteration(1) as iteration, iteration.backend_call("ollama", model="m"):
            pass
        stage.item("interception_final", content="of the stage itself")
    [item] = items_of(finished(recording, sink), "interception_final")
    assert (item.attempt, item.model_used, item.execution_time) == (None, None, None)


def test_a_dict_changed_after_the_call_is_kept_as_it_was(recording, sink):
    settings = {"steps": 20, "loras": ["a"]}
    with recording.tracker().execution("dada", metadata=settings) as run:
        with run.backend_call("comfyui", configured=settings) as call:
            call.passed(settings)
        run.item("user_edit", content=settings, metadata=settings)
        settings["steps"] = 99
        settings["loras"].append("b")
    record = finished(recording, sink)
    [item] = items_of(record, "user_edit")
    kept = [item.content, item.metadata, record.attempts[0].configured, record.attempts[0].passed, record.metadata]
    assert kept == [{"steps": 20, "loras": ["a"]}] * 5


def test_configured_parameters_that_never_left_are_named(recording, sink):
    with recording.tracker().execution("dada") as run:
        configured = {"steps": 1, "cfg": 2, "prompt": "x"}
        with run.backend_call("comfyui", configured=configured) as call:
            call.passed({"body": [{"inputs": {"steps": 1}}]})
    assert finished(recording, sink).attempts[0].not_passed == ("cfg", "prompt")
