"""Scenario 11: many runs at once, on threads and on coroutines; nothing of one gets into another."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from scenario_stage import every_pair

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedTranslator, scripted_engines
from otel_tracking import ItemType

LANGUAGES = ("de", "en", "es", "fr", "ca")
HOPS = ("es", "ca", "fr", "es", "pt", "gl", "es", "en")


class Workshop:
    """A recording with a pipeline, and the records of its runs by user."""

    def __init__(self):
        self.sink = RememberingSink()
        self.recording = start_recording(sinks=[self.sink], raise_errors=True, journal=False)
        self.tracker = self.recording.tracker()
        translator = ScriptedTranslator(pairs=every_pair(*HOPS))
        self.pipeline = Pipeline(self.tracker, scripted_engines(translator=translator))

    def run(self, number):
        """Run number `number`'s prompt through eight named languages."""
        return self.pipeline.run(Request(prompt=f"prompt {number}", user_id=f"user {number}", languages=HOPS))

    def records(self):
        """The records by user."""
        assert self.recording.flush(timeout=60)
        assert self.recording.health()["dropped"] == 0
        by_user = {record.user_id: record for record in self.sink.latest().values()}
        assert len(by_user) == len(self.sink.latest())
        return by_user


@pytest.fixture
def workshop():
    workshop = Workshop()
    yield workshop
    workshop.recording.close()


def assert_all_its_own(record, number):
    """Every item of the record is about prompt `number`, in one unbroken sequence; every span is the run's own."""
    prompt = f"prompt {number}"
    texts = [item.content for item in record.items if item.content is not None]

    assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))
    assert [item.stage_iteration for item in record.items if item.stage_iteration] == list(range(1, 9))
    assert len(texts) == 10
    assert all(text == prompt or text.startswith(f"{prompt} [") for text in texts)
    assert {span.parent_span_id for span in record.spans} <= {None, *(span.span_id for span in record.spans)}
    assert (record.span_count, record.item_count) == (len(record.spans), len(record.items)) == (22, 16)


def test_fifteen_runs_on_eight_threads_stay_apart(workshop):
    """Fifteen devices share eight threads and one pipeline; each record is whole and only its own."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        results = list(threads.map(workshop.run, range(15)))
    records = workshop.records()

    assert len(records) == 15
    for number, result in enumerate(results):
        record = records[f"user {number}"]
        assert record.trace_id == result.trace_id
        assert_all_its_own(record, number)


def test_a_hundred_runs_under_asyncio_stay_apart(workshop):
    """The same from an event loop that hands its runs to threads."""

    async def run_all():
        return await asyncio.gather(*(asyncio.to_thread(workshop.run, number) for number in range(100)))

    results = asyncio.run(run_all())
    records = workshop.records()

    assert len({result.execution_id for result in results}) == len(records) == 100
    for number in range(100):
        assert_all_its_own(records[f"user {number}"], number)


def test_a_hundred_coroutines_that_interleave_at_every_step_stay_apart(workshop):
    """Coroutines on one thread, with all scopes open across awaits: handles are explicit, so no run sees another."""

    async def travel(number):
        with workshop.tracker.execution("stillepost", user_id=f"user {number}") as run:
            await asyncio.sleep(0)
            with run.stage(2) as stage:
                for hop in range(1, 9):
                    with stage.iteration(hop) as iteration:
                        with iteration.backend_call("ollama", model=f"model {number}"):
                            await asyncio.sleep(0)
                        iteration.item(ItemType.INTERCEPTION_ITERATION, content=f"{number}/{hop}")

    async def travel_all():
        await asyncio.gather(*map(travel, range(100)))

    asyncio.run(travel_all())
    records = workshop.records()

    for number in range(100):
        record = records[f"user {number}"]
        hops = [item for item in record.items if item.item_type == "interception_iteration"]
        assert [hop.content for hop in hops] == [f"{number}/{hop}" for hop in range(1, 9)]
        assert {hop.model_used for hop in hops} == {f"model {number}"}
        assert [item.sequence_number for item in record.items] == list(range(1, 11))
        assert len(record.spans) == 18


def test_the_imperative_style_keeps_tasks_apart_too(workshop):
    """`start_execution` in each task: the tracker keeps one execution per context, not one for all."""

    async def travel(number):
        workshop.tracker.start_execution("stillepost", user_id=f"user {number}")
        workshop.tracker.log_stage1_input(f"prompt {number}")
        for hop in range(1, 9):
            await asyncio.sleep(0)
            workshop.tracker.log_stage2_iteration(hop, f"{number}/{hop}")
        workshop.tracker.finalize_execution()

    async def travel_all():
        await asyncio.gather(*map(travel, range(20)))

    asyncio.run(travel_all())
    records = workshop.records()

    for number in range(20):
        hops = [item for item in records[f"user {number}"].items if item.item_type == "interception_iteration"]
        assert [hop.content for hop in hops] == [f"{number}/{hop}" for hop in range(1, 9)]


def test_a_record_goes_to_a_sink_once(workshop):
    """However many runs end at once, a sink is given each record and revision one single time."""
    with ThreadPoolExecutor(max_workers=8) as threads:
        list(threads.map(workshop.run, range(30)))
    workshop.records()
    written = [(record.trace_id, record.revision) for record in workshop.sink.records]

    assert len(written) == len(set(written)) == 30
