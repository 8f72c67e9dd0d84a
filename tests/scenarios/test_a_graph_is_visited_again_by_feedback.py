"""Scenario 17: a canvas whose evaluation sends the text back once; every visit is a span, every way a link."""

from dataclasses import replace

from builders import record_of
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.verify import is_right, verify
from exporters import FORMATS
from exporters.story.storyteller import story_of
from otel_tracking import ExecutionTracker, ItemType
from otel_tracking.nodes import visit_of

PNG = b"\x89PNG\r\n\x1a\n"


def canvas(run):
    """input, interception, evaluation (3, fail), interception, evaluation (7, pass), generation, collector."""
    with run.node("input-1", "input", stage=1) as before:
        before.item(ItemType.USER_INPUT_TEXT, content="Eine Blume auf der Wiese")
    for score in (3, 7):
        with run.node("interception-1", "interception", after=[before], stage=2) as interception:
            with interception.backend_call("ollama", model="mistral-nemo"):
                pass
            interception.item(ItemType.INTERCEPTION_FINAL, content=f"eine Blume, Note {score}")
        with run.node("evaluation-1", "evaluation", after=[interception], stage=2) as before:
            before.fact("evaluation", {"score": score, "passed": score >= 5})
    with run.node("generation-1", "generation", after=[before], stage=4, loop_iteration=1) as generation:
        generation.item(ItemType.OUTPUT_IMAGE, media=PNG, media_format="image/png")
    with run.node("collector-1", "collector", after=[generation]):
        pass


def visits(record):
    return [visit for visit in map(visit_of, record.spans) if visit]


def test_the_evaluation_is_visited_twice_and_the_second_time_by_the_feedback_edge():
    record = record_of(canvas)
    assert [
        (visit.node_id, visit.visit, [(way.node_id, way.visit) for way in visit.after]) for visit in visits(record)
    ] == [
        ("input-1", 1, []),
        ("interception-1", 1, [("input-1", 1)]),
        ("evaluation-1", 1, [("interception-1", 1)]),
        ("interception-1", 2, [("evaluation-1", 1)]),
        ("evaluation-1", 2, [("interception-1", 2)]),
        ("generation-1", 1, [("evaluation-1", 2)]),
        ("collector-1", 1, [("generation-1", 1)]),
    ]
    assert (record.status, record.outputs_generated) == ("completed", 1)
    assert is_right(verify(record))


def test_items_and_calls_of_a_visit_are_on_its_span():
    record = record_of(canvas)
    spans = {span.span_id: span for span in record.spans}
    made = [visit_of(spans[item.span_id]) for item in record.items if item.item_type == ItemType.INTERCEPTION_FINAL]
    assert [(visit.node_id, visit.visit) for visit in made] == [("interception-1", 1), ("interception-1", 2)]
    assert [visit_of(spans[call.parent_span_id]).visit for call in record.attempts] == [1, 2]


def test_where_ways_meet_each_is_a_link_of_the_span():
    sink = RememberingSink()
    seen = []
    with start_recording([sink], journal=False) as recording, recording.tracker().execution("canvas") as run:
        with run.node("a", "interception") as one, run.node("b", "translation") as other:
            pass
        with run.node("c", "comparison_evaluator", after=[one, other]) as both:
            seen = [(link.context.span_id, link.attributes["devserver.node_id"]) for link in both.span.data.links]
            attributes = both.span.data.attributes
    assert seen == [(one.id, "a"), (other.id, "b")]
    assert (attributes["graph.node.id"], attributes["graph.node.parent_id"]) == ("c", "a")
    assert (attributes["devserver.node_visit"], attributes["openinference.span.kind"]) == (1, "EVALUATOR")


def test_the_timeline_and_every_document_name_the_visits():
    record = record_of(canvas)
    labels = [bar.label for bar in story_of(record, language="en").timeline]
    assert "evaluation-1 · evaluation · visit 2" in labels
    page = FORMATS["html"].render(record).decode()
    assert "interception-1 · interception" in page
    for name in ("json", "xml"):
        assert FORMATS[name].parse(FORMATS[name].render(record)) == record


def test_a_visit_whose_way_is_lost_is_found_out():
    record = record_of(canvas)
    lost = replace(
        record, spans=tuple(span for span in record.spans if visit_of(span) is None or visit_of(span).visit == 2)
    )
    sentences = [finding.sentence for finding in verify(lost) if finding.check == "visits"]
    assert "visit 2 of node interception-1 came from evaluation-1, whose span is not here" in sentences
    assert "visits 1 of node evaluation-1 are missing" in sentences


def test_under_any_other_provider_spans_have_the_links_as_well():
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with ExecutionTracker(provider).execution("canvas") as run:
        canvas(run)
    spans = {
        (span.attributes.get("devserver.node_id"), span.attributes.get("devserver.node_visit")): span
        for span in memory.get_finished_spans()
    }
    again, evaluation = spans["interception-1", 2], spans["evaluation-1", 1]
    assert (again.name, again.attributes["devserver.stage"]) == ("node interception", 2)
    assert [link.context.span_id for link in again.links] == [evaluation.context.span_id]
    assert again.links[0].attributes == {"devserver.node_id": "evaluation-1"}


def test_odd_ids_and_ways_do_the_pipeline_no_harm():
    def odd(run):
        with run.node(7, None, after=[None, "x"]) as one, run.node("\ud800" * 9_000, "t", after=[one]) as other:
            assert (one.visit, other.visit) == (1, 1)

    record = record_of(odd)
    assert [visit.node_id for visit in visits(record)] == ["7", "\ud800" * 9_000]
    assert is_right(verify(record))
