"""Exceptions of the pipeline pass through unchanged; the record says what ended, where, and whether it was stopped."""

import asyncio
import threading

import pytest
from builders import Bang, finished, items_of

from otel_tracking import Status

SCOPES = ["run", "stage", "iteration", "output", "output stage", "call"]


def fail_in(run, where, error):
    """Raise `error` in the innermost of these scopes."""
    with run:
        if where == "run":
            raise error
        if where.startswith("output"):
            with run.output(2) as output:
                if where == "output":
                    raise error
                with output.stage(3):
                    raise error
        with run.stage(2) as stage:
            if where == "stage":
                raise error
            with stage.iteration(5) as iteration:
                if where == "iteration":
                    raise error
                with iteration.backend_call("ollama", model="m"):
                    raise error


@pytest.mark.parametrize("where", SCOPES)
def test_an_exception_passes_through_every_scope_as_the_same_object(recording, sink, where):
    error = Bang("boom")
    with pytest.raises(Bang) as caught:
        fail_in(recording.tracker().execution("dada"), where, error)
    assert caught.value is error
    record = finished(recording, sink)
    assert record.status == Status.ERROR
    assert (record.error["error_type"], record.error["error_message"]) == ("Bang", "boom")


@pytest.mark.parametrize("where", SCOPES)
@pytest.mark.parametrize("kind", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit, SystemExit])
def test_whoever_stops_the_work_cancels_the_run(recording, sink, where, kind):
    error = kind("stop")
    with pytest.raises(kind) as caught:
        fail_in(recording.tracker().execution("dada"), where, error)
    assert caught.value is error
    record = finished(recording, sink)
    assert record.status == Status.CANCELLED
    assert all(span.status == "unset" for span in record.spans)
    assert not items_of(record, "output_failed")


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("run", (0, None, None)),
        ("stage", (2, None, None)),
        ("iteration", (2, 5, None)),
        ("call", (2, 5, None)),
        ("output stage", (3, None, 2)),
    ],
)
def test_the_record_names_the_innermost_place_of_an_error(recording, sink, where, place):
    with pytest.raises(Bang):
        fail_in(recording.tracker().execution("dada"), where, Bang("boom"))
    error = finished(recording, sink).error
    assert (error["stage"], error["stage_iteration"], error["loop_iteration"]) == place


def test_an_error_raised_from_another_has_the_place_of_the_first(recording, sink):
    run = recording.tracker().execution("dada")
    with pytest.raises(LookupError), run:
        try:
            with run.stage(2) as stage, stage.iteration(4):
                raise Bang
        except Bang as error:
            raise LookupError("wrapped") from error
    error = finished(recording, sink).error
    assert (error["error_type"], error["stage_iteration"]) == ("LookupError", 4)


def test_an_error_that_was_dealt_with_is_not_the_runs(recording, sink):
    with recording.tracker().execution("dada") as run, run.stage(2) as stage:
        with pytest.raises(Bang), stage.backend_call("ollama", model="m"):
            raise Bang
        stage.item("interception_final", content="done")
    record = finished(recording, sink)
    assert (record.status, record.error) == (Status.COMPLETED, None)
    assert [span.error["error_type"] for span in record.attempts] == ["Bang"]


def test_an_exception_that_cannot_say_its_message_passes_through(recording, sink):
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("mute")

    with pytest.raises(Mute), recording.tracker().execution("dada") as run, run.output(1):
        raise Mute
    assert finished(recording, sink).error["error_type"] == "Mute"


def test_a_generator_closed_from_another_thread_ends_its_run_as_cancelled(recording, sink):
    def pipeline():
        with recording.tracker().execution("dada") as run, run.stage(1) as stage:
            stage.item("user_input_text", content="a")
            yield run

    generator = pipeline()
    next(generator)
    thread = threading.Thread(target=generator.close)
    thread.start()
    thread.join()
    record = finished(recording, sink)
    assert record.status == Status.CANCELLED
    assert all(span.execution_time is not None for span in record.spans)


def test_tasks_that_run_at_once_do_not_mix_their_runs(recording, sink):
    async def pipeline(name):
        with recording.tracker().execution(name) as run, run.stage(2) as stage:
            for number in range(1, 5):
                await asyncio.sleep(0)
                with stage.iteration(number) as iteration:
                    await asyncio.sleep(0)
                    iteration.item("interception_iteration", content=f"{name} {number}")

    async def main():
        await asyncio.gather(*(pipeline(f"run {number}") for number in range(5)))

    asyncio.run(main())
    assert recording.flush(timeout=60)
    assert len(sink.records) == 5
    for record in sink.records:
        contents = [item.content for item in items_of(record, "interception_iteration")]
        assert contents == [f"{record.config_name} {number}" for number in range(1, 5)]


def test_a_cancelled_task_leaves_a_cancelled_record(recording, sink):
    async def main():
        reached = asyncio.Event()

        async def pipeline():
            with recording.tracker().execution("dada") as run, run.stage(1):
                reached.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(pipeline())
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert finished(recording, sink).status == Status.CANCELLED


def test_a_person_may_cancel_a_run(recording, sink):
    with recording.tracker().execution("dada") as run, run.stage(1):
        run.cancel("the button")
    record = finished(recording, sink)
    assert (record.status, record.error["error_message"]) == (Status.CANCELLED, "the button")
