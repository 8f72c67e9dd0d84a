"""The imperative style: scopes open and close by themselves, one execution for each thread or task."""

import asyncio
import threading

from builders import Bang, finished, items_of

from otel_tracking import Status
from otel_tracking.imperative import ImperativeMethods


def test_a_whole_run_call_by_call_has_the_tree_of_scopes(recording, sink):
    tracker = recording.tracker()
    execution_id = tracker.start_execution("stillepost", safety_level="kids")
    tracker.log_stage1_input("Eine Blume")
    tracker.log_stage1_translation("A flower", from_lang="de", to_lang="en")
    tracker.log_stage1_safety_check(safe=True)
    for hop in (1, 2):
        tracker.log_stage2_iteration(hop, f"hop {hop}", input_text=f"hop {hop - 1}")
    tracker.log_stage2_final("final")
    for number in (1, 2):
        tracker.log_stage3_safety_check(number, safe=True)
        tracker.log_stage4_output(number, "output_image", media=b"png", metadata={"seed": 7})
    tracker.finalize_execution()

    record = finished(recording, sink)
    assert (record.execution_id, record.status, record.outputs_generated) == (execution_id, Status.COMPLETED, 2)
    assert [span.name for span in record.spans] == [
        *("execution", "stage.translation_safety", "stage.interception", "iteration", "iteration"),
        *("output", "stage.output_safety", "stage.output", "output", "stage.output_safety", "stage.output"),
    ]
    places = [(item.stage, item.stage_iteration, item.loop_iteration) for item in items_of(record, "output_image")]
    assert places == [(4, None, 1), (4, None, 2)]
    hops = items_of(record, "interception_iteration")
    assert [(hop.stage_iteration, hop.input_text) for hop in hops] == [(1, "hop 0"), (2, "hop 1")]
    assert (record.used_seed, record.stages_completed) == (7, (1, 2, 3, 4))


def test_a_place_that_has_no_scope_is_recorded_as_it_was_given(recording, sink):
    tracker = recording.tracker()
    tracker.start_execution("dada")
    tracker.log_item("output_image", loop_iteration=3)
    tracker.log_item("user_edit", stage=7, stage_iteration=2)
    tracker.log_item("translation_result", stage=1, loop_iteration=5)
    tracker.finalize_execution()
    _, *items, _ = finished(recording, sink).items
    assert [(item.stage, item.stage_iteration, item.loop_iteration) for item in items] == [
        (0, None, 3),
        (7, 2, None),
        (1, None, 5),
    ]


def test_an_error_or_a_cancellation_ends_the_run_as_such(recording, sink):
    tracker = recording.tracker()
    for ending in ({"error": Bang("boom")}, {"error": "only text"}, {"cancelled": "the button"}):
        tracker.start_execution("dada")
        tracker.finalize_execution(**ending)
    assert recording.flush(timeout=60)
    assert [record.status for record in sink.records] == [Status.ERROR, Status.ERROR, Status.CANCELLED]
    assert [record.error["error_message"] for record in sink.records] == ["boom", "only text", "the button"]


def test_a_second_start_ends_the_first_run_as_cancelled(recording, sink):
    tracker = recording.tracker()
    tracker.start_execution("first")
    tracker.start_execution("second")
    tracker.finalize_execution()
    assert recording.flush(timeout=60)
    assert {record.config_name: record.status for record in sink.records} == {
        "first": Status.CANCELLED,
        "second": Status.COMPLETED,
    }


def test_calls_without_a_run_are_counted_and_harmless(recording, sink):
    tracker = recording.tracker()
    tracker.log_stage1_input("nobody listens")
    tracker.finalize_execution()
    assert recording.health()["guarded_errors"] == {"log_item": 1, "finalize": 1}


def test_threads_that_share_a_tracker_have_a_run_each(recording, sink):
    tracker, barrier = recording.tracker(), threading.Barrier(4)

    def work(name):
        tracker.start_execution(name)
        for hop in range(1, 20):
            barrier.wait()
            tracker.log_stage2_iteration(hop, name)
        tracker.finalize_execution()

    threads = [threading.Thread(target=work, args=(f"run {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_not_mixed(recording, sink, 4)


def test_tasks_that_share_a_tracker_have_a_run_each(recording, sink):
    tracker = recording.tracker()

    async def work(name):
        tracker.start_execution(name)
        for hop in range(1, 20):
            await asyncio.sleep(0)
            tracker.log_stage2_iteration(hop, name)
        tracker.finalize_execution()

    async def main():
        await asyncio.gather(*(work(f"run {number}") for number in range(4)))

    asyncio.run(main())
    assert_not_mixed(recording, sink, 4)


def assert_not_mixed(recording, sink, runs):
    assert recording.flush(timeout=60)
    assert len(sink.records) == runs
    for record in sink.records:
        hops = items_of(record, "interception_iteration")
        assert [hop.stage_iteration for hop in hops] == list(range(1, 20))
        assert {hop.content for hop in hops} == {record.config_name}


def test_every_helper_says_what_it_logs():
    helpers = [name for name in vars(ImperativeMethods) if name.startswith("log_stage")]
    assert len(helpers) == 9
    assert all(vars(ImperativeMethods)[name].__doc__.startswith("Log ") for name in helpers)
