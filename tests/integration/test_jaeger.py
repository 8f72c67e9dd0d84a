"""Runs are found in Jaeger, behind the Collector, as the tree that they are."""

import datetime as dt

import pytest
from viewer_stage import attributes_of, items_of, tree_of

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.configs import load_config
from devserver.pipeline import Pipeline, Request
from devserver.testing import ScriptedMaker, scripted_engines
from otel_tracking import ItemType

STILLE_POST = (
    """\
execution  [pipeline_start, stage_transition, stage_transition, pipeline_complete]
  stage.translation_safety  [user_input_text, stage1_safety_check]
    {safety}  CLIENT
  stage.interception  [interception_final]
"""
    + "    iteration  [interception_iteration]\n      {translate}  CLIENT\n" * 8
    + "  stage.output_safety  [stage3_safety_check]\n    {safety}  CLIENT\n"
)

COMPARISON = (
    """\
execution  [pipeline_start, {changes}, pipeline_complete]
  stage.translation_safety  [user_input_text, stage1_safety_check, translation_result]
    {safety}  CLIENT
    {translate}  CLIENT
  stage.interception  [interception_final]
"""
    + """\
  output
    stage.output_safety  [stage3_safety_check]
      {safety}  CLIENT
    stage.output  [output_image]
      {paint}  CLIENT
"""
    * 2
)


def send(collector, *requests, service="school"):
    """The records of runs whose traces went to the Collector."""
    sink = RememberingSink()
    with start_recording(
        [sink], service_name=service, otlp_endpoint=collector.endpoint, journal=False, raise_errors=True
    ) as recording:
        engines = scripted_engines(procedural_image=ScriptedMaker())
        pipeline = Pipeline(recording.tracker(), engines, find_config=load_config)
        for request in requests:
            assert pipeline.run(request).status == "completed"
    return {record.config_name: record for record in sink.records}


def filled(tree, spans):
    """The expected tree with the names that CLIENT spans have here."""
    names = sorted({span["name"] for span in spans.values() if "parentSpanId" in span})
    starts = {"safety": "safety_check", "translate": "translate ", "paint": ("generate_content", "render")}
    known = {kind: next((name for name in names if name.startswith(start)), "?") for kind, start in starts.items()}
    # 1 to 2, 2 to 3, 3 to 4, and for the second output 4 to 3, 3 to 4
    return tree.format(changes=", ".join(["stage_transition"] * 5), **known)


@pytest.mark.parametrize(("config_name", "tree"), [("stillepost", STILLE_POST), ("image_comparison", COMPARISON)])
def test_a_run_has_the_tree_that_the_design_gives_it_with_all_events(collector, jaeger, config_name, tree):
    record = send(collector, Request(prompt="Eine Blume auf der Wiese", config_name=config_name))[config_name]
    spans = jaeger.trace(record.trace_id, record.span_count)
    assert tree_of(spans) == filled(tree, spans).rstrip("\n")
    assert sum(len(items_of(span)) for span in spans.values()) == record.item_count == len(record.items)
    print(tree_of(spans))


def test_runs_are_found_by_service_attribute_and_time(collector, jaeger):
    before = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1)
    prompt = "Eine Blume auf der Wiese"
    post, comparison = (
        Request(prompt=prompt, config_name=name, study_id="garden") for name in ("stillepost", "image_comparison")
    )
    records = send(collector, post, comparison, service="school-7")
    for record in records.values():
        jaeger.trace(record.trace_id, record.span_count)
    found = {record.trace_id for record in records.values()}

    hour, earlier = (before, before + dt.timedelta(hours=1)), (before - dt.timedelta(hours=1), before)
    assert jaeger.find("school-7", hour) == found
    assert jaeger.find("school-7", earlier) == set()
    assert jaeger.find("school-8", hour) == set()
    for name, record in records.items():
        assert jaeger.find("school-7", hour, {"devserver.config_name": name}) == {record.trace_id}
        assert jaeger.find("school-7", hour, {"devserver.execution_id": record.execution_id}) == {record.trace_id}


def test_what_waits_when_the_collector_is_killed_arrives_when_it_is_back(collector, jaeger, tmp_path):
    """Its queue is on disk: while nobody listens where it sends to, it is killed."""
    collector.stop()
    collector.start(JAEGER_GRPC="127.0.0.1:9")
    collector.wait()
    record = send(collector, Request(prompt="Eine Blume auf der Wiese", config_name="stillepost"))["stillepost"]
    collector.kill()
    collector.start()
    collector.wait()
    assert len(jaeger.trace(record.trace_id, record.span_count)) == record.span_count


def test_a_run_with_a_graph_of_forty_kilobytes_arrives(collector, jaeger):
    graph = {str(number): {"class_type": "KSampler", "inputs": {"text": "x" * 900}} for number in range(45)}
    sink = RememberingSink()
    with start_recording([sink], otlp_endpoint=collector.endpoint, journal=False) as recording:
        run = recording.tracker().execution("graph")
        with run, run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, metadata={"workflow": graph, "seed": -7})
    [record] = sink.records
    spans = jaeger.trace(record.trace_id, record.span_count)
    [event] = [event for span in spans.values() for event in span.get("events", ()) if event["name"] == "output_image"]
    assert str(attributes_of(event)["devserver.metadata.seed"]) == "-7"
