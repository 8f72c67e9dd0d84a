"""Filling in a graph: what goes where, what stays as it was, and what is said where something has no place."""

import copy
import json

import pytest
from comfyui_stage import a_large_graph, node
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.comfyui.graph import NodeInput, check_graph, with_inputs
from devserver.backends.comfyui.graph_files import load_graph, shipped_graphs
from devserver.backends.comfyui.inject import fill, find_places
from devserver.backends.comfyui.input_images import fit_images
from devserver.backends.comfyui.loras import insert_loras, read_loras
from devserver.backends.comfyui.plan import make_plan, model_of, read_inject
from devserver.backends.errors import InvalidParameter
from devserver.configs import list_configs

SD35 = load_graph("sd35_large")
QWEN = load_graph("qwen_edit_images")


def places(graph, key, **inject):
    return [f"{place.node_id}.{place.name}" for place in find_places(graph, key, inject)]


# Where values go.


@pytest.mark.parametrize(
    ("graph", "key", "expected"),
    [
        ("sd35_large", "prompt", ["8.value"]),
        ("sd35_large", "negative_prompt", ["9.value"]),
        ("sd35_large", "seed", ["6.seed"]),
        ("sd35_large", "steps", ["6.steps"]),
        ("sd35_large", "batch_size", ["11.value"]),
        ("three_images", "seed", ["15.seed", "16.seed", "17.seed"]),
        ("qwen_edit_images", "prompt", ["115:111.prompt"]),
        ("qwen_edit_images", "negative_prompt", ["115:110.prompt"]),
        ("ace_step_music", "prompt", ["2.tags"]),
        ("ace_step_music", "lyrics", ["2.lyrics"]),
        ("ace_step_music", "negative_prompt", []),
    ],
)
def test_the_shipped_graphs_have_a_place_for_what_one_would_expect(graph, key, expected):
    assert places(load_graph(graph), key) == expected


@pytest.mark.parametrize("name", shipped_graphs())
def test_every_shipped_graph_is_one_that_the_api_takes(name):
    graph = load_graph(name)
    assert check_graph(graph, name) is graph
    assert places(graph, "prompt")
    assert places(graph, "seed")
    assert {place for place in graph if not isinstance(place, str)} == set()
    assert all(value[0] in graph for node in graph.values() for value in node["inputs"].values() if type(value) is list)


def test_without_titles_the_prompt_goes_where_the_sampler_gets_its_conditioning_from():
    graph = {
        "1": node("CLIPTextEncode", None, text="old", clip=["9", 1]),
        "2": node("CLIPTextEncode", None, text="bad", clip=["9", 1]),
        "3": node("ControlNetApplyAdvanced", None, positive=["1", 0], negative=["2", 0], strength=1.0),
        "4": node("KSampler", None, positive=["3", 0], negative=["3", 1], model=["9", 0]),
        "9": node("CheckpointLoaderSimple", None, ckpt_name="a.safetensors"),
    }
    assert (places(graph, "prompt"), places(graph, "negative_prompt")) == (["1.text"], ["2.text"])


def test_a_negative_side_made_from_the_prompt_is_not_overwritten():
    graph = {
        "1": node("CLIPTextEncode", None, text="old"),
        "2": node("ConditioningZeroOut", None, conditioning=["1", 0]),
        "3": node("KSampler", None, positive=["1", 0], negative=["2", 0]),
    }
    assert places(graph, "negative_prompt") == []
    with pytest.raises(InvalidParameter, match="no place for 'negative_prompt'"):
        fill(graph, {"negative_prompt": "blurry"}, {})


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("KSampler.denoise", ["6.denoise"]),
        ("sampler.denoise", ["6.denoise"]),
        ("6.denoise", ["6.denoise"]),
        ("positive_prompt", ["8.value"]),
        (["positive_prompt", "9.value"], ["8.value", "9.value"]),
        ("EmptySD3LatentImage.batch_size", ["3.batch_size"]),
    ],
)
def test_a_configuration_names_a_place_by_title_class_or_id(target, expected):
    assert places(SD35, "x", x=target) == expected


def test_a_title_may_hold_a_point_and_an_id_a_colon():
    graph = {"115:110": node("PrimitiveFloat", "cfg v1.5", value=1.0)}
    assert places(graph, "cfg", cfg="cfg v1.5") == places(graph, "cfg", cfg="115:110.value") == ["115:110.value"]


def test_two_samplers_get_the_same_seed_also_where_it_is_called_noise_seed():
    graph = {
        "1": node("KSamplerAdvanced", "high", noise_seed=1),
        "2": node("KSamplerAdvanced", "low", noise_seed=["3", 0]),
        "3": node("PrimitiveInt", None, value=0),
    }
    assert places(graph, "seed") == ["1.noise_seed", "3.value"]


@pytest.mark.parametrize(
    ("inject", "said"),
    [
        ({"steps": "Sampler.steps"}, "no node is called that; titles are checkpoint, .*; classes are .*KSampl"),
        ({"steps": "KSampler.stepz"}, r"node 6 \(KSampler, 'sampler'\) has no input 'stepz'; closest is steps"),
        ({"steps": "TripleCLIPLoader"}, "which input of node 2 .* is meant\\? .*clip_name1"),
        ({}, "the graph has no place for 'stepz'; inputs: closest is steps"),
    ],
)
def test_a_place_that_is_not_there_is_an_error_that_says_what_is(inject, said):
    with pytest.raises(InvalidParameter, match=said):
        fill(SD35, {"steps" if inject else "stepz": 4}, inject)


@pytest.mark.parametrize("wrong", ["KSampler", {"steps": 4}, {"steps": []}, {"steps": [4]}])
def test_inject_is_a_table_of_names(wrong):
    with pytest.raises(InvalidParameter, match="inject"):
        read_inject(wrong)


def test_a_graph_without_a_seed_does_without_one():
    graph = {"1": node("PrimitiveString", "positive_prompt", value=""), "2": node("SaveText", None, text=["1", 0])}
    plan = make_plan(graph, "Eine Blume", 7, {})
    assert (plan.sent, "seed" in plan.injected) == ({"prompt": "Eine Blume"}, False)


# Values keep their types, the rest stays as it was.

values = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)


@given(value=values | st.text())
def test_a_value_arrives_as_it_is(value):
    filled = fill(SD35, {"cfg": value}, {}).graph["6"]["inputs"]["cfg"]
    assert (filled, type(filled)) == (value, type(value))


@given(seed=st.integers(-(2**63), 2**64), prompt=st.text())
def test_filling_in_changes_the_places_and_nothing_else(seed, prompt):
    before = a_large_graph()
    kept = copy.deepcopy(before)
    inject = {"seed": "OldSampler.noise"}
    filled = fill(before, {"prompt": prompt, "seed": seed}, inject)

    assert before == kept
    found = [place for key in filled.places.values() for place in key]
    assert {str(place) for place in found} == {
        str(place) for place in [NodeInput("prompt", "value"), *(NodeInput(f"12:{n}", "noise") for n in range(10))]
    }
    back = {place: kept[place.node_id]["inputs"][place.name] for place in found}
    assert json.dumps(with_inputs(filled.graph, back)) == json.dumps(kept)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, 2], {"a": 1}, b"bytes"])
def test_what_no_graph_can_hold_is_refused(value):
    with pytest.raises(InvalidParameter, match="cfg is"):
        fill(SD35, {"cfg": value}, {})


# LoRAs.


def test_loras_stand_in_a_row_between_the_model_and_whoever_uses_it():
    loras = read_loras([{"name": "one.safetensors", "strength": 0.9}, {"name": "two.safetensors", "strength_clip": 0}])
    graph = insert_loras(SD35, loras).graph

    assert list(graph)[-2:] == ["12", "13"]
    assert graph["12"]["class_type"] == graph["13"]["class_type"] == "LoraLoader"
    assert graph["12"]["inputs"] == {
        "lora_name": "one.safetensors",
        "strength_model": 0.9,
        "strength_clip": 0.9,
        "model": ["1", 0],
        "clip": ["2", 0],
    }
    assert graph["13"]["inputs"] == {
        "lora_name": "two.safetensors",
        "strength_model": 1.0,
        "strength_clip": 0,
        "model": ["12", 0],
        "clip": ["12", 1],
    }
    assert graph["6"]["inputs"]["model"] == ["13", 0]
    assert graph["4"]["inputs"]["clip"] == graph["5"]["inputs"]["clip"] == ["13", 1]
    assert graph["7"]["inputs"]["vae"] == ["1", 2]
    assert SD35["6"]["inputs"]["model"] == ["1", 0]


def test_a_lora_comes_before_what_already_changes_the_model():
    graph = insert_loras(QWEN, read_loras([{"name": "a.safetensors"}])).graph
    assert graph["115:89"]["inputs"]["model"] == ["124", 0]
    assert graph["115:66"]["inputs"]["model"] == ["115:89", 0]


def two_models():
    return {
        "a": node("UNETLoader", "high noise", unet_name="high.safetensors"),
        "b": node("UNETLoader", "low noise", unet_name="low.safetensors"),
        "c": node("KSampler", None, model=["a", 0]),
        "d": node("KSampler", None, model=["b", 0]),
    }


def test_with_two_models_a_lora_says_which_one_it_is_for():
    both = [{"name": "h.safetensors", "after": "high noise"}, {"name": "l.safetensors", "after": "b"}]
    graph = insert_loras(two_models(), read_loras(both)).graph
    assert [graph[node_id]["inputs"]["model"] for node_id in "cd"] == [["1", 0], ["2", 0]]
    assert [graph[node_id]["inputs"]["model"] for node_id in "12"] == [["a", 0], ["b", 0]]
    assert {graph[node_id]["class_type"] for node_id in "12"} == {"LoraLoaderModelOnly"}


@pytest.mark.parametrize(
    ("graph", "lora", "said"),
    [
        (two_models(), {"name": "x"}, r"several nodes that load a model; after can name one of a .*, b "),
        (two_models(), {"name": "x", "after": "c"}, "after = 'c' calls none of the nodes that load a model"),
        (two_models(), {"name": "x", "after": "a", "strength_clip": 1}, "no node takes a text encoder"),
        ({"1": node("SaveImage", None)}, {"name": "x"}, "cannot be placed: no node of the graph takes a model"),
        (SD35, {"strength": 1}, "has no name"),
        (SD35, {"name": "x", "strenght": 1}, "closest are strength"),
        (SD35, {"name": "x", "strength": "1"}, "a number is expected"),
    ],
)
def test_a_lora_that_cannot_be_placed_is_an_error(graph, lora, said):
    with pytest.raises(InvalidParameter, match=said):
        insert_loras(graph, read_loras([lora]))


@pytest.mark.parametrize("wrong", ["x.safetensors", {"name": "x"}, ["x.safetensors"], 5])
def test_loras_are_a_list_of_tables(wrong):
    with pytest.raises(InvalidParameter, match="a list of tables"):
        read_loras(wrong)


# Images.


def test_two_of_three_images_take_out_the_third_loader_and_what_hangs_on_it():
    fitted = fit_images(QWEN, ["a.png", "b.png"], {})
    graph = fitted.filled.graph
    assert fitted.removed == ["121", "123"]
    assert (len(QWEN), len(graph)) == (20, 18)
    for encode in ("115:110", "115:111"):
        assert list(graph[encode]["inputs"]) == ["prompt", "clip", "vae", "image1", "image2"]
    assert [graph[loader]["inputs"]["image"] for loader in ("117", "119")] == ["a.png", "b.png"]


def test_all_images_leave_the_graph_whole():
    fitted = fit_images(QWEN, ["a", "b", "c"], {})
    assert (fitted.removed, list(fitted.filled.graph)) == ([], list(QWEN))


def test_what_only_the_removed_nodes_needed_goes_too():
    graph = {
        "1": node("LoadImage", "style", image="x.png"),
        "2": node("CLIPVisionLoader", None, clip_name="vision.safetensors"),
        "3": node("CLIPVisionEncode", None, clip_vision=["2", 0], image=["1", 0]),
        "4": node("Mixer", None, style1=["3", 0], text="t"),
        "5": node("SaveImage", None, images=["4", 0]),
    }
    assert fit_images(graph, [], {}).removed == ["1", "2", "3"]


def test_an_image_that_the_result_is_made_from_cannot_be_missing():
    with pytest.raises(InvalidParameter, match=r"an image for 117 \(LoadImage, 'input_image1'\) is missing.*at 60 "):
        fit_images(QWEN, [], {})


def test_an_image_too_many_is_an_error():
    with pytest.raises(InvalidParameter, match="1 images were given, and the graph takes none"):
        fit_images(SD35, ["a.png"], {})


def test_a_configuration_may_say_in_which_order_images_are_handed_out():
    fitted = fit_images(QWEN, ["a.png", "b.png"], {"images": ["input_image1", "input_image3", "input_image2"]})
    assert fitted.removed == ["119", "122"]
    assert fitted.filled.graph["121"]["inputs"]["image"] == "b.png"


# Where graphs come from.


def test_a_graph_comes_from_a_file_too(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(SD35))
    assert load_graph(str(path)) == SD35
    assert model_of(SD35) == "sd3.5_large.safetensors"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"nodes": [], "links": []}', "Export \\(API\\)"),
        ("[]", "a graph is an object with a node for each id"),
        ('{"1": {"inputs": {}}}', "node 1 has no class_type"),
        ('{"1": {"class_type": "A"}}', "node 1 \\(A\\) has no inputs"),
        ("{", "is not JSON"),
        (None, "cannot be read"),
    ],
)
def test_a_file_that_is_no_graph_is_explained(content, said, tmp_path):
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(InvalidParameter, match=said):
        load_graph(str(path))


@pytest.mark.parametrize("source", ["sd35", "", 5, {}])
def test_a_name_that_is_no_graphs_is_explained(source):
    with pytest.raises(InvalidParameter, match="graph"):
        load_graph(source)


# Configurations that come with the server.

SHIPPED = [
    pytest.param(output, id=pipeline.name)
    for pipeline in list_configs()
    for output in pipeline.outputs
    if output.engine == "comfyui"
]


@pytest.mark.parametrize("output", SHIPPED)
@pytest.mark.parametrize("all_images", [True, False])
def test_a_shipped_configuration_has_a_place_for_all_it_says(output, all_images):
    count = output.images_at_most if all_images else output.images_at_least
    names = [f"{number}.png" for number in range(count)]
    plan = make_plan(load_graph(output.parameters["graph"]), "A flower", 7, output.parameters, names)
    assert set(output.parameters) <= set(plan.injected)
    assert plan.sent.keys() >= {"prompt", "seed"}
