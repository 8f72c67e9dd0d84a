"""The stage set of the ComfyUI tests: graphs that need no model, a large one with every odd value, and a run."""

import copy
import os
import uuid
from contextlib import contextmanager

import pytest
from backend_stage import calls_of, client, run

from devserver.backends.comfyui import ComfyUI
from devserver.backends.comfyui.follow import Patience
from devserver.configs import OutputConfig, PipelineConfig
from tests.model_servers.comfyui import a_comfyui

QUICK = Patience(stall=30.0, poll=0.01, quiet=0.05)
REAL_SERVER = os.environ.get("COMFYUI_URL")

PLAIN_GRAPH = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 24, "batch_size": 1, "color": 255}},
    "2": {
        "class_type": "SaveImage",
        "inputs": {"filename_prefix": "plain", "images": ["1", 0]},
        "_meta": {"title": "picture"},
    },
    "3": {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": {"title": "positive_prompt"}},
}
"""A picture of one colour, which a ComfyUI without any model can make."""


def a_new_graph():
    """The same under a name that no graph before it saved under: no server has it in its cache."""
    return with_value(PLAIN_GRAPH, "2", "filename_prefix", f"plain_{uuid.uuid4().hex}")


servers = pytest.mark.parametrize(
    "server_url",
    # COMFYUI_URL asks a real ComfyUI too.
    ["a test server", *([pytest.param(REAL_SERVER, id="COMFYUI_URL")] if REAL_SERVER else [])],
)


@contextmanager
def an_engine_at(server_url):
    """An engine for a real server, or for a test server of its own."""
    if server_url == REAL_SERVER:
        yield ComfyUI(REAL_SERVER, client=client(), patience=Patience(stall=120.0, poll=0.1))
    else:
        with a_comfyui() as server:
            yield ComfyUI(server.url, client=client(), patience=QUICK)


def engine(server, **given):
    """An engine for a test server, in a hurry."""
    return ComfyUI(server.url, client=client(), patience=given.pop("patience", QUICK), **given)


def config(*, images=0, medium="image", retries=0, **parameters):
    """A configuration with one output by ComfyUI."""
    output = OutputConfig(
        name="one", engine="comfyui", medium=medium, parameters=parameters, images_at_most=images, retries=retries
    )
    return PipelineConfig(name="comfy", translate_first=False, outputs=(output,))


def make(server, *, seed=7, cancel=None, sinks=(), prompt="Eine Blume", images=(), patience=QUICK, **parameters):
    """Result, record and call of a run with one output."""
    wanted = config(images=len(images), **parameters)
    result, record = run(
        wanted,
        {"comfyui": engine(server, patience=patience)},
        seed=seed,
        cancel=cancel,
        sinks=sinks,
        prompt=prompt,
        images=images,
    )
    calls = [call for call in calls_of(record) if call.backend_used == "comfyui"]
    return result, record, calls[0] if calls else None


def a_large_graph():
    """40 nodes: mixed links, empty inputs, negative and 64-bit seeds, Chinese text, ids with colons and other signs."""
    graph = {
        "1": node("CheckpointLoaderSimple", "检查点", ckpt_name="OfficialStableDiffusion/sd3.5_large.safetensors"),
        "115:110": node("CLIPTextEncode", "positive", text=["prompt", 0], clip=["1", 1]),
        "115:111": node("CLIPTextEncode", "negative_text", text="色调艳丽,过曝,静态,细节模糊不清,字幕", clip=["1", 1]),
        "prompt": node("PrimitiveString", "positive_prompt", value=""),
        "nothing": {"class_type": "EmptyThing", "inputs": {}},
        "a/b~c": {"class_type": "EmptyThing", "inputs": {}, "_meta": {}},
        "7": {"class_type": "EmptyThing", "inputs": {}, "_meta": {"title": ""}},
    }
    seeds = [-687734797039316, 2**64 - 1, 2**63, 1125899906842624, 0]
    latent = ["nothing", 0]
    for number in range(10):
        sampler, decode, save = f"12:{number}", f"decode_{number}", str(100 + number)
        graph[sampler] = node(
            "OldSampler",
            None,
            noise=seeds[number % 5],
            steps=25,
            cfg=[1, 5.5, 1e-05, 7.0][number % 4],
            denoise=1,
            add_noise=[True, False, None][number % 3],
            words=["", "\u2028 \x7f \U0001f33b ‮", 'quote " and \\ and \n'][number % 3],
            options={"deep": [[1, "a"], [], {}], "float": 1e300},
            model=["1", 0],
            positive=["115:110", 0],
            negative=["115:111", 0],
            latent_image=latent,
        )
        graph[decode] = node("VAEDecode", f"解码 {number}", samples=[sampler, 0], vae=["1", 2])
        graph[save] = node("SaveImage", f"Bild {number}", filename_prefix=f"花/{number}", images=[decode, 0])
        latent = [sampler, 1]
    for number in range(40 - len(graph)):
        graph[f"note:{number}"] = node("PrimitiveInt", None, value=seeds[number % 5])
    assert len(graph) == 40
    return graph


def node(kind, title, /, **inputs):
    """A node, with a title where it has one."""
    return {"inputs": inputs, "class_type": kind, **({"_meta": {"title": title}} if title is not None else {})}


def with_value(graph, node_id, name, value):
    """A copy of the graph with one other value."""
    changed = copy.deepcopy(graph)
    changed[node_id]["inputs"][name] = value
    return changed
