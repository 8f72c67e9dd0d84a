"""Scenario 14: an old graph of 36 nodes and 172 values saves three pictures in one call."""

import copy

import pytest
from scenario_stage import items_of, play, tree

from devserver.backends.comfyui import ComfyUI
from devserver.backends.comfyui.graph_files import load_graph
from devserver.backends.http import open_client
from devserver.configs import OutputConfig, PipelineConfig
from devserver.pipeline import Request
from devserver.testing import scripted_engines
from exporters import ParquetSink, read_records
from tests.model_servers.comfyui import a_comfyui

TEMPLATE_SEED = -687734797039316
TITLES = ["Reference (normal output)", "First half eliminated", "Second half eliminated"]


def leaves_of(graph):
    """Classes, titles and inputs."""
    return sum(1 + ("_meta" in node) + len(node["inputs"]) for node in graph.values())


def an_old_graph():
    """As large as the largest of the old ones, and with what they have: negative seeds, nodes with empty inputs."""
    graph = copy.deepcopy(load_graph("three_images"))
    for sampler in ("15", "16", "17"):
        graph[sampler]["inputs"]["seed"] = TEMPLATE_SEED
    for number in range(3):
        graph[f"empty:{number}"] = {"class_type": "Reroute", "inputs": {}}
    for number in range(10):
        graph[str(100 + number)] = {"class_type": "Note", "inputs": {"text": f"eliminierte Dimension {number} 维度"}}
    missing = 172 - leaves_of(graph)
    graph["109"]["inputs"] |= {f"weight_{number}": number / 8 for number in range(missing)}
    return graph


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """The server that was asked, the record, and the record as the data set has it."""
    data = tmp_path_factory.mktemp("data")
    parameters = {"graph": an_old_graph(), "inject": {"prompt": "positive_prompt", "seed": "KSampler.seed"}}
    output = OutputConfig(name="partial_elimination", engine="comfyui", parameters=parameters)
    config = PipelineConfig(name="partial_elimination", translate_first=False, outputs=(output,))
    with a_comfyui() as server:
        engines = scripted_engines(comfyui=ComfyUI(server.url, client=open_client()))
        result, record = play(
            Request(prompt="Ein Wald", config_name=config.name, seed=123456789), engines=engines, config=config
        )
    assert result.status == "completed"
    sink = ParquetSink(data)
    sink.write(record)
    sink.close()
    (stored,) = read_records(data)
    return server, record, stored


def the_call(record):
    return next(call for call in record.attempts if call.backend_used == "comfyui")


def test_the_graph_is_as_large_as_the_old_ones():
    assert (len(an_old_graph()), leaves_of(an_old_graph())) == (36, 172)


def test_the_whole_graph_is_in_the_record_and_in_the_data_set(played):
    server, record, stored = played
    assert the_call(record).passed["body"]["prompt"] == server.sent_graph
    assert the_call(stored).passed["body"]["prompt"] == server.sent_graph
    assert list(server.sent_graph) == list(an_old_graph())


def test_the_three_pictures_are_three_items_of_one_attempt_of_one_output(played):
    _, record, stored = played
    for kept in (record, stored):
        images = items_of(kept, "output_image")
        assert [image.metadata["node_title"] for image in images] == TITLES
        assert {(image.loop_iteration, image.attempt) for image in images} == {(1, the_call(kept).span_id)}
        assert len({image.media.sha256 for image in images}) == 3
    assert record.outputs_generated == 1


def test_the_negative_seed_of_the_template_gave_way_to_that_of_the_run(played):
    server, record, _ = played
    graph = server.sent_graph
    assert [graph[sampler]["inputs"]["seed"] for sampler in ("15", "16", "17")] == [123456789] * 3
    assert {image.metadata["seed"] for image in items_of(record, "output_image")} == {123456789}
    assert an_old_graph()["15"]["inputs"]["seed"] == TEMPLATE_SEED


def test_the_tree_shows_one_call_and_what_was_fetched_after_it(played):
    _, record, _ = played
    lines = tree(record)
    at = lines.index("      generate_content sd3.5_large.safetensors")
    assert [line.strip() for line in lines[at + 1 :]] == ["GET"] * 4
