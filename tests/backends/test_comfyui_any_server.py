"""What holds for any ComfyUI: the test server here, and a real one where COMFYUI_URL names it. No model is needed."""

import io

import pytest
from backend_stage import calls_of, items_of, run, sent_bytes
from comfyui_stage import PLAIN_GRAPH, a_new_graph, an_engine_at, config, servers
from PIL import Image

from devserver.backends.errors import RequestRejected
from devserver.engines import InputImage


def a_picture(colour):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return InputImage("mine.png", file.getvalue(), "image/png")


@servers
def test_a_graph_is_made_and_its_picture_is_the_items_media(server_url):
    with an_engine_at(server_url) as comfyui:
        result, record = run(config(graph=a_new_graph()), {"comfyui": comfyui}, prompt="Eine Blume")

    (image,) = items_of(record, "output_image")
    assert result.status == "completed"
    assert (image.media.type, image.metadata["node_id"], image.metadata["node_title"]) == ("image/png", "2", "picture")
    assert Image.open(io.BytesIO(result.outputs[0].media)).format == "PNG"
    (call,) = [call for call in calls_of(record) if call.name != "GET"]
    assert call.passed["body"]["prompt"]["3"]["inputs"]["value"] == "Eine Blume"
    assert sent_bytes(call).startswith(b'{"prompt":{"1":{')
    assert call.facts["engine"]["followed_by"] == "websocket"
    assert call.facts["engine"]["engine_version"]


@servers
def test_a_prompt_in_any_script_arrives(server_url):
    prompt = "Kırmızı bir kedi 红色的猫 قط أحمر 🐈"
    with an_engine_at(server_url) as comfyui:
        result, record = run(config(graph=a_new_graph()), {"comfyui": comfyui}, prompt=prompt)
    assert result.status == "completed"
    assert Image.open(io.BytesIO(result.outputs[0].media)).text["prompt"].count("\\ud83d") == 1
    assert calls_of(record)[0].passed["body"]["prompt"]["3"]["inputs"]["value"] == prompt


@servers
def test_an_uploaded_image_is_used_under_the_name_that_the_server_gave_it(server_url):
    graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": ""}, "_meta": {"title": "input"}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "inverted"}},
        "4": PLAIN_GRAPH["3"],
    }
    with an_engine_at(server_url) as comfyui:
        result, record = run(config(graph=graph, images=1), {"comfyui": comfyui}, images=[a_picture("red")])
    assert result.status == "completed"
    asked = {call.passed["url"].rpartition("/")[2]: call for call in calls_of(record) if "url" in (call.passed or {})}
    assert asked["prompt"].passed["body"]["prompt"]["1"]["inputs"]["image"] == asked["image"].response["body"]["name"]


@servers
def test_a_node_that_the_server_does_not_have_is_named(server_url):
    graph = {**PLAIN_GRAPH, "9": {"class_type": "NoSuchNode", "inputs": {}, "_meta": {"title": "mine"}}}
    with (
        an_engine_at(server_url) as comfyui,
        pytest.raises(RequestRejected, match=r"ComfyUI Error: 400 .*9 .*NoSuchNode.*mine"),
    ):
        comfyui.make("x", seed=1, parameters={"graph": graph})


@servers
def test_a_picture_of_an_earlier_run_is_marked(server_url):
    """The second graph needs no work: the server hands out the first one's file, which holds the first prompt."""
    graph = a_new_graph()
    with an_engine_at(server_url) as comfyui:
        run(config(graph=graph), {"comfyui": comfyui}, prompt="Anna")
        _, record = run(config(graph=graph), {"comfyui": comfyui}, prompt="Ben")
    (image,) = items_of(record, "output_image")
    assert (image.metadata["cached"], image.metadata["holds_another_graph"]) == (True, True)
    assert b"Anna" in record.attachments[image.media.sha256]
