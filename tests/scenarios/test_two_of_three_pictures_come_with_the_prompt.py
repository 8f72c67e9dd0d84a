"""Scenario 13: a graph takes three pictures, two are given, and the prompt is Turkish."""

import io

import pytest
from PIL import Image
from scenario_stage import items_of, play

from devserver.backends.comfyui import ComfyUI
from devserver.backends.comfyui.graph_files import load_graph
from devserver.backends.http import open_client
from devserver.engines import InputImage
from devserver.pipeline import Request
from devserver.testing import scripted_engines
from tests.model_servers.comfyui import a_comfyui

PROMPT = "Kırmızı bir kedi"


def a_picture(name, colour):
    file = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(file, "PNG")
    return InputImage(name, file.getvalue(), "image/png")


PICTURES = (a_picture("kedi.png", "red"), a_picture("çayır.png", "green"))


@pytest.fixture(scope="module")
def played():
    """The server that was asked, the result and the record."""
    with a_comfyui() as server:
        engines = scripted_engines(language="tr", comfyui=ComfyUI(server.url, client=open_client()))
        request = Request(prompt=PROMPT, config_name="comfyui_multi_image", seed=898471028164125, images=PICTURES)
        result, record = play(request, engines=engines)
    return server, result, record


def the_call(record):
    return next(call for call in record.attempts if call.backend_used == "comfyui")


def test_the_pictures_that_came_are_items_with_their_bytes(played):
    _, result, record = played
    images = items_of(record, "user_input_image")
    assert result.status == "completed"
    assert [image.metadata["filename"] for image in images] == ["kedi.png", "çayır.png"]
    assert [record.attachments[image.media.sha256] for image in images] == [picture.content for picture in PICTURES]


def test_the_server_got_them_under_names_that_say_nothing_of_the_child(played):
    server, _, _ = played
    assert list(server.uploads.values()) == [picture.content for picture in PICTURES]
    assert not any("kedi" in name or "ay" in name for name in server.uploads)


def test_the_graph_was_sent_without_the_third_loader_and_what_hangs_on_it(played):
    """18 of 20 nodes; the record holds the graph that was sent, not the one that was configured."""
    server, _, record = played
    whole, sent = load_graph("qwen_edit_images"), server.sent_graph
    assert [node_id for node_id in whole if node_id not in sent] == ["121", "123"]
    assert (len(whole), len(sent)) == (20, 18)
    assert "image3" not in sent["115:110"]["inputs"]
    assert the_call(record).passed["body"]["prompt"] == sent
    assert the_call(record).facts["engine"]["nodes_removed"] == ["121", "123"]


def test_prompt_seed_steps_guidance_and_lora_are_in_it(played):
    server, _, record = played
    graph = server.sent_graph
    assert graph["115:111"]["inputs"]["prompt"] == f"{PROMPT} [en]"
    assert {name: graph["115:3"]["inputs"][name] for name in ("seed", "steps", "cfg")} == {
        "seed": 898471028164125,
        "steps": 4,
        "cfg": 1,
    }
    assert type(graph["115:3"]["inputs"]["cfg"]) is int
    assert graph["115:89"]["class_type"] == "LoraLoaderModelOnly"
    assert [graph[node_id]["inputs"]["image"] for node_id in ("117", "119")] == list(server.uploads)
    assert the_call(record).not_passed == ()


def test_the_uploads_are_attempts_below_the_call(played):
    """The call speaks of the graph; each upload has a span of its own, with the picture's checksum."""
    _, _, record = played
    call = the_call(record)
    below = [span for span in record.spans if span.parent_span_id == call.span_id and span.name == "POST"]
    parts = [next(part for part in span.passed["body"] if part["name"] == "image") for span in below]
    images = items_of(record, "user_input_image")
    assert [part["media"]["sha256"] for part in parts] == [image.media.sha256 for image in images]
    assert call.passed["url"].endswith("/prompt")
