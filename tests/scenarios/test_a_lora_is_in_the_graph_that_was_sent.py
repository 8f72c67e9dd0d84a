"""Scenario 15: a configured LoRA is in the graph that ComfyUI got; a backend that ignores it is found out."""

import pytest
from scenario_stage import items_of, play

from devserver.backends.comfyui import ComfyUI
from devserver.backends.http import open_client
from devserver.configs import OutputConfig, PipelineConfig
from devserver.engines import Backend, Made, MadeFile
from devserver.pipeline import Request
from devserver.testing import PNG, scripted_engines
from tests.model_servers.comfyui import a_comfyui

LORA = {"name": "sd3.5-large_cooked_negatives-000004.safetensors", "strength": 0.9}


class Diffusers:
    """A backend as there was one: it takes what it knows from the parameters, and leaves LoRAs out without a word."""

    def backend_for(self, parameters):
        return Backend("diffusers", "stabilityai/stable-diffusion-3.5-large")

    def make(self, text, *, seed, parameters, images=(), cancel=None):
        known = {name: parameters[name] for name in ("steps", "cfg") if name in parameters}
        return Made(files=(MadeFile(PNG, "image/png"),), passed={"prompt": text, "seed": seed, **known})


def run(engine, maker, *loras):
    """The record of a picture with these LoRAs."""
    parameters = {"steps": 3, "cfg": 5.5, "loras": list(loras)}
    output = OutputConfig(name="sd35_large", engine=engine, parameters=parameters)
    config = PipelineConfig(name="cooked_negatives", translate_first=False, outputs=(output,))
    request = Request(prompt="Ein Teller Suppe", config_name=config.name, seed=1)
    return play(request, engines=scripted_engines(**{engine: maker}), config=config)


def the_call(record):
    return next(call for call in record.attempts if call.backend_used in ("comfyui", "diffusers"))


@pytest.fixture
def server():
    with a_comfyui() as running:
        yield running


def test_the_sent_graph_has_the_lora_between_the_checkpoint_and_the_sampler(server):
    """Twelve nodes instead of eleven, as they left and as they are in the record."""
    result, record = run("comfyui", ComfyUI(server.url, client=open_client()), LORA)

    graph = the_call(record).passed["body"]["prompt"]
    assert result.status == "completed"
    assert graph == server.sent_graph
    assert len(graph) == 12
    assert graph["12"]["class_type"] == "LoraLoader"
    assert graph["12"]["inputs"] == {
        "lora_name": LORA["name"],
        "strength_model": 0.9,
        "strength_clip": 0.9,
        "model": ["1", 0],
        "clip": ["2", 0],
    }
    assert graph["6"]["inputs"]["model"] == ["12", 0]
    assert the_call(record).not_passed == ()


def test_two_loras_stand_in_a_row(server):
    other = {"name": "other.safetensors", "strength": -0.5}
    run("comfyui", ComfyUI(server.url, client=open_client()), LORA, other)
    graph = server.sent_graph
    assert (graph["12"]["inputs"]["model"], graph["13"]["inputs"]["model"]) == (["1", 0], ["12", 0])
    assert graph["6"]["inputs"]["model"] == ["13", 0]


def test_a_backend_that_leaves_the_lora_out_is_found_out():
    """The picture came, without the LoRA: the record says that it was configured, and not passed."""
    result, record = run("diffusers", Diffusers(), LORA)
    call = the_call(record)
    assert result.status == "completed"
    assert call.configured["loras"] == [LORA]
    assert call.not_passed == ("loras",)
    assert len(items_of(record, "output_image")) == 1


def test_a_lora_that_cannot_be_placed_ends_the_output_and_nothing_is_sent(server):
    result, record = run("comfyui", ComfyUI(server.url, client=open_client()), {**LORA, "after": "unet"})
    assert result.status == "error"
    assert result.error == (
        f"the LoRA {LORA['name']} cannot be placed: after = 'unet' calls none of the nodes that load a model; "
        "after can name one of 1 (CheckpointLoaderSimple, 'checkpoint')"
    )
    assert server.received == []
    assert the_call(record).not_passed == ()
