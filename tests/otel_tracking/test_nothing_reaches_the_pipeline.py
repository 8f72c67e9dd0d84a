"""Whatever is passed to the tracker, nothing is raised into the pipeline and nothing is lost beside it."""

import random
from enum import IntEnum

import numpy
import pytest
from builders import Bang, finished, items_of
from odd_values import KEPT, LOSSY, Refuses
from opentelemetry.trace import INVALID_SPAN_CONTEXT, Link, NoOpTracerProvider, SpanContext

from otel_tracking import ExecutionTracker, ItemType, MediaType, Status, canonical

ODD = {name: make for name, make in {**KEPT, **LOSSY}.items() if "megabyte" not in name}


@pytest.fixture(autouse=True)
def _few_nodes(monkeypatch):
    """Cut what shares itself exponentially sooner than usual: it would take seconds each time."""
    monkeypatch.setattr(canonical, "MAX_REPEATED", 20_000)


class Step(IntEnum):
    INTERCEPTION = 2


@pytest.mark.parametrize("name", ODD)
def test_any_value_may_be_passed_for_anything(recording, sink, name):
    def odd():
        return ODD[name]()

    run = recording.tracker().execution(odd(), safety_level=odd(), session_id=odd(), metadata=odd(), links=odd())
    with run:
        run.item(odd(), content=odd(), media_type=odd(), media=odd(), media_format=odd(), attempt=odd())
        run.fact(odd(), odd())
        run.amend(used_seed=odd(), foo=odd())
        with run.stage(odd()) as stage, stage.iteration(odd()) as iteration:
            with iteration.backend_call(odd(), model=odd(), configured=odd(), operation=odd()) as call:
                call.passed(odd())
            iteration.item("interception_iteration", content="kept")
        with run.node(odd(), odd(), after=odd(), stage=odd(), loop_iteration=odd(), config_used=odd()) as visit:
            visit.item("interception_final", content="visited")
        with run.output(odd(), config_used=odd()) as output, output.stage(odd()) as stage:
            stage.item("output_image", content="made")
            stage.item("output_image", media=b"png", media_format=odd(), content="with media")
            stage.item("stage3_blocked")
        run.cancel(odd())

    record = finished(recording, sink)
    contents = [item.content for item in record.items]
    assert {"kept", "visited", "made", "with media"} <= {content for content in contents if isinstance(content, str)}
    assert record.dropped == 0
    assert [item.sequence_number for item in record.items] == list(range(1, len(record.items) + 1))


@pytest.mark.parametrize("name", [name for name in ODD if "exponentially" not in name])
def test_any_value_may_be_passed_in_the_imperative_style(recording, sink, name):
    tracker = recording.tracker()
    odd = ODD[name]()
    tracker.start_execution(odd, user_id=odd)
    tracker.log_stage1_translation(odd, from_lang=odd, to_lang=odd, metadata=odd)
    tracker.log_item(odd, stage=odd, stage_iteration=odd, loop_iteration=odd, content="kept")
    tracker.log_stage2_iteration(odd, odd, input_text=odd)
    tracker.log_stage3_safety_check(odd, safe=odd)
    tracker.log_stage4_output(odd, "output_image", media=odd)
    tracker.finalize_execution(odd)

    record = finished(recording, sink)
    assert "kept" in [item.content for item in record.items if isinstance(item.content, str)]
    assert record.dropped == 0


@pytest.mark.parametrize("given", [None, MediaType.TEXT, "text", ""])
def test_a_type_and_a_medium_are_recorded_as_members_and_frozen_as_text(recording, sink, given):
    with recording.tracker().execution("dada") as run:
        run.item(ItemType.USER_INPUT_TEXT, media_type=given)
        [frame] = [frame for frame in run.span.data.events if frame.name == "user_input_text"]
    assert (type(frame.fields()["media_type"]), type(frame.fields()["item_type"])) == (str, str)
    [item] = items_of(finished(recording, sink), "user_input_text")
    assert (item.item_type, item.media_type) == (ItemType.USER_INPUT_TEXT, MediaType.TEXT)
    assert (type(item.item_type), type(item.media_type)) == (ItemType, MediaType)


def test_enumerations_and_numpy_numbers_count_as_the_numbers_they_are(recording, sink):
    with recording.tracker().execution("dada") as run:
        with run.stage(Step.INTERCEPTION) as stage, stage.iteration(numpy.int64(3)) as iteration:
            iteration.item("interception_iteration")
        with run.output(numpy.int32(1)) as output, output.stage(4) as stage:
            stage.item("output_image")

    record = finished(recording, sink)
    [hop] = items_of(record, "interception_iteration")
    assert (hop.stage, hop.stage_iteration) == (2, 3)
    assert (record.status, record.outputs_generated) == (Status.COMPLETED, 1)
    assert {span.loop_iteration for span in record.spans} == {None, 1}


@pytest.mark.parametrize("media", ["text", 5, ["a"], object()])
def test_media_that_are_not_bytes_are_kept_as_content(recording, sink, media):
    with recording.tracker().execution("dada") as run:
        run.item("output_image", media=media)
    [item] = items_of(finished(recording, sink), "output_image")
    assert item.media is None
    assert item.content is not None
    assert recording.health()["guarded_errors"]["media"] == 1


@pytest.mark.parametrize("media", [b"ab", bytearray(b"ab"), memoryview(b"ab"), numpy.frombuffer(b"ab", "uint8")])
def test_media_of_any_kind_of_buffer_are_stored(recording, sink, media):
    with recording.tracker().execution("dada") as run:
        run.item("output_image", media=media)
    record = finished(recording, sink)
    [item] = items_of(record, "output_image")
    assert record.attachments[item.media.sha256] == b"ab"


def test_media_changed_after_the_call_are_kept_as_they_were(recording, sink):
    media = bytearray(b"before")
    with recording.tracker().execution("dada") as run:
        run.item("output_image", media=media)
        media[:] = b"after!"
    assert list(finished(recording, sink).attachments.values()) == [b"before"]


@pytest.mark.parametrize("links", [[None], 5, [object()], [Refuses()], None])
def test_links_that_are_none_do_not_keep_a_run_from_starting(recording, sink, links):
    with recording.tracker().execution("dada", links=links) as run:
        run.item("user_input_text", content="a")
    assert finished(recording, sink).status == Status.COMPLETED


def test_good_links_are_kept_beside_bad_ones(recording, sink):
    cause = SpanContext(trace_id=7, span_id=8, is_remote=True)
    links = [None, cause, Link(cause, {"why": [1, 2**70]}), INVALID_SPAN_CONTEXT]
    with recording.tracker().execution("dada", links=links):
        pass
    kept = finished(recording, sink).links
    assert [link["trace_id"][-1] for link in kept] == ["7", "7", "0"]
    assert kept[1]["attributes"] == {"why": "[1, 1180591620717411303424]"}


class RaisingSpan:
    def __getattr__(self, name):
        raise RuntimeError("no span")


class RaisingTracer:
    def start_span(self, *_, **__):
        return RaisingSpan()


class RaisingProvider:
    """A provider whose tracer works and whose spans do not."""

    def get_tracer(self, *_, **__):
        return RaisingTracer()


class NoProvider:
    def get_tracer(self, *_, **__):
        raise RuntimeError("no tracer")


@pytest.mark.parametrize("provider", [RaisingProvider(), NoProvider(), NoOpTracerProvider()])
def test_a_provider_that_does_nothing_or_raises_is_no_concern_of_the_pipelines(provider):
    tracker = ExecutionTracker(provider)
    with tracker.execution("dada") as run:
        with run.stage(1) as stage, stage.backend_call("ollama", model="m", configured={}) as call:
            call.passed({})
            stage.item("user_input_text", content="a")
        with run.output(1) as output, output.stage(4):
            pass
    assert run.execution_id.startswith("exec_")
    assert run.execution_id.endswith(run.trace_id[:8])
    assert len(run.trace_id) == 32


def test_an_emit_that_raises_is_counted(recording):
    tracker = ExecutionTracker(recording.provider, emit=_raise)
    with tracker.execution("dada") as run:
        run.item("user_input_text")
    assert tracker.troubles.counts["item"] >= 1


def test_under_test_trouble_is_raised_where_it_was_asked_for(recording):
    recording.troubles.raise_errors = True
    tracker = ExecutionTracker(recording.provider, emit=_raise, troubles=recording.troubles)
    with pytest.raises(Bang):
        tracker.execution("dada")


def test_ids_do_not_come_from_the_global_random_numbers(recording):
    tracker, before = recording.tracker(), random.getstate()
    with tracker.execution("dada") as first, first.stage(1) as stage:
        stage.item("user_input_text")
    assert random.getstate() == before
    ids = set()
    for _ in range(3):
        random.seed(1)
        with tracker.execution("dada") as run, run.stage(1) as stage:
            ids |= {run.trace_id, stage.span_id}
    assert len(ids) == 6


def test_the_execution_id_is_made_of_the_start_and_the_trace_id(recording, sink):
    with recording.tracker().execution("dada") as run:
        pass
    record = finished(recording, sink)
    assert record.execution_id == run.execution_id == f"exec_{record.timestamp:%Y%m%d_%H%M%S}_{run.trace_id[:8]}"
    assert record.trace_id == run.trace_id


def _raise(*_):
    raise Bang
