"""ComfyUI's answers as they are: half a refusal, files of earlier runs, pictures over the WebSocket, downtime."""

import json
import struct

import pytest
from backend_stage import FallbackConfig, calls_of, items_of, run
from comfyui_stage import PLAIN_GRAPH, QUICK, engine, make, node, with_value

from devserver.backends.comfyui.follow import Follower
from devserver.backends.comfyui.progress import Progress
from devserver.backends.comfyui.socket import read_message
from devserver.backends.errors import (
    AnswerBrokeOff,
    AnswerNotUnderstood,
    EngineFailed,
    ModelNotFound,
    OutputGone,
    RequestRejected,
    ServerFailed,
)
from devserver.configs import OutputConfig, PipelineConfig
from devserver.testing import ScriptedMaker
from tests.model_servers import OllamaServer
from tests.model_servers.comfyui import Wrong, a_comfyui
from tests.model_servers.comfyui_answers import answer, messages

TWO_OUTPUTS = {
    **PLAIN_GRAPH,
    "11": node("EmptyImage", "wide", width=99, height=8, batch_size=1, color=1),
    "12": node("SaveImage", "wide picture", filename_prefix="wide", images=["11", 0]),
}
ONLY_WORDS = {key: TWO_OUTPUTS[key] for key in ("3", "11", "12")}
"""A picture, and a text that is shown: valid where the picture is not."""

OVER_THE_SOCKET = {
    "1": PLAIN_GRAPH["1"],
    "3": PLAIN_GRAPH["3"],
    "6": node("KSampler", "sampler", steps=2, seed=0, image=["1", 0]),
    "9": node("SaveImageWebsocket", "to the socket", images=["6", 0]),
}


@pytest.fixture
def server():
    with a_comfyui() as running:
        yield running


# Half a refusal: 200, with errors of nodes.


def test_an_output_that_is_refused_beside_one_that_is_made_is_told(server):
    """What is valid is made; the record says what was refused."""
    server.script.wrong = Wrong("11")
    result, record, call = make(server, graph=TWO_OUTPUTS)
    assert result.status == "completed"
    assert [image.metadata["node_id"] for image in items_of(record, "output_image")] == ["2"]
    (error,) = call.facts["engine"]["node_errors"]["11"]["errors"]
    assert (error["type"], call.facts["engine"]["node_errors"]["11"]["dependent_outputs"]) == (
        "value_bigger_than_max",
        ["12"],
    )


@pytest.mark.parametrize("left", ["a text that is shown", "a preview"])
def test_a_refusal_with_status_200_is_a_refusal_where_nothing_else_is_saved(server, left):
    """'It saved nothing' would hide which input was wrong, and a preview is not what was asked for."""
    graph = dict(ONLY_WORDS)
    if left == "a preview":
        graph |= {"1": PLAIN_GRAPH["1"], "4": node("PreviewImage", None, images=["1", 0])}
    else:
        server.script.texts = {"3": ["only words"]}
    server.script.wrong = Wrong("11")
    with pytest.raises(
        RequestRejected, match=r"node 11 \(EmptyImage, 'wide'\): Value 99 bigger than max of 8: width"
    ) as caught:
        engine(server).make("x", seed=1, parameters={"graph": graph})
    assert (caught.value.may_be_retried, caught.value.may_fall_back) == (False, False)
    assert "11" in caught.value.facts["node_errors"]


def test_a_wrong_input_is_asked_of_no_other_engine_though_the_status_was_200(server):
    """Another engine would answer another question than the one that was asked."""
    server.script.wrong, server.script.texts = Wrong("11"), {"3": ["only words"]}
    other = ScriptedMaker()
    output = OutputConfig(
        name="one", engine="comfyui", parameters={"graph": ONLY_WORDS}, fallbacks=(FallbackConfig(engine="other"),)
    )
    wanted = PipelineConfig(name="comfy", translate_first=False, outputs=(output,))
    result, record = run(wanted, {"comfyui": engine(server), "other": other})
    assert "Value 99 bigger than max" in result.outputs[0].error
    assert {call.backend_used for call in calls_of(record)} == {"comfyui", None}  # its requests have no backend
    assert items_of(record, "backend_fallback") == []


def test_a_model_that_is_missing_for_the_only_picture_may_be_asked_elsewhere(server):
    """Also where the server says so with status 200."""
    server.script.texts = {"3": ["only words"]}
    server.script.wrong = Wrong(
        "11", "ckpt_name", "gone.safetensors", "value_not_in_list", "Value not in list", "ckpt_name: 'gone.safetensors'"
    )
    with pytest.raises(ModelNotFound, match=r"gone\.safetensors"):
        engine(server).make("x", seed=1, parameters={"graph": ONLY_WORDS})


def test_a_refusal_of_every_output_says_which_node(server):
    """Status 400, in the shape that the source has."""
    server.script.wrong = Wrong("11")
    with pytest.raises(RequestRejected, match=r"400 Prompt outputs failed validation; node 11 \(EmptyImage, 'wide'\)"):
        engine(server).make("x", seed=1, parameters={"graph": ONLY_WORDS})


@pytest.mark.parametrize("is_newer", [False, True])
def test_an_unknown_node_is_named_with_its_title_by_servers_old_and_new(server, is_newer):
    """The old answer has neither the class nor the title where a program would look for them."""
    server.script.is_newer = is_newer
    graph = {**PLAIN_GRAPH, "9": node("NoSuchNode", "mine")}
    with pytest.raises(RequestRejected, match=r"node 9 \(NoSuchNode, 'mine'\)"):
        engine(server).make("x", seed=1, parameters={"graph": graph})


# Files of earlier runs.


def test_a_file_that_is_made_now_is_not_marked(server):
    _, record, call = make(server, graph=PLAIN_GRAPH)
    (image,) = items_of(record, "output_image")
    assert not {"cached", "holds_another_graph"} & set(image.metadata)
    assert "nothing_computed" not in call.facts["engine"]


def test_a_file_of_an_earlier_run_is_marked_as_one(server):
    """The prompt of the other child is inside, and the item says that it is."""
    make(server, graph=PLAIN_GRAPH, prompt="Anna")
    _, record, call = make(server, graph=PLAIN_GRAPH, prompt="Ben")
    (image,) = items_of(record, "output_image")
    assert b"Anna" in record.attachments[image.media.sha256]
    assert (image.metadata["cached"], image.metadata["holds_another_graph"]) == (True, True)
    assert call.facts["engine"]["nothing_computed"] is True


def test_the_same_graph_once_more_is_marked_as_cached_alone(server):
    """What is inside is what was asked for."""
    make(server, graph=PLAIN_GRAPH)
    _, record, _ = make(server, graph=PLAIN_GRAPH)
    (image,) = items_of(record, "output_image")
    assert (image.metadata["cached"], "holds_another_graph" in image.metadata) == (True, False)


@pytest.mark.parametrize("how", ["socket", "history"])
def test_of_two_files_the_one_that_is_new_is_not_marked(server, how):
    server.script.refuses_socket = how == "history"
    make(server, graph=TWO_OUTPUTS)
    _, record, call = make(server, graph=with_value(TWO_OUTPUTS, "11", "color", 2))
    marks = {image.metadata["node_id"]: image.metadata.get("cached") for image in items_of(record, "output_image")}
    assert marks == {"2": True, "12": None}
    assert "nothing_computed" not in call.facts["engine"]


def test_a_file_of_an_earlier_run_that_is_gone_is_no_missing_model(server):
    """It is asked for again in vain, and another engine may be asked; the message says what would help."""
    make(server, graph=PLAIN_GRAPH)
    server.script.lost_files = True
    with pytest.raises(OutputGone, match=r"plain_00001_\.png.*node 2 .*earlier run.*another seed") as caught:
        engine(server).make("Eine Blume", seed=7, parameters={"graph": PLAIN_GRAPH})
    assert (caught.value.may_be_retried, caught.value.may_fall_back) == (False, True)
    assert isinstance(caught.value, EngineFailed) and not isinstance(caught.value, ModelNotFound)


def test_an_address_where_no_comfyui_is_does_not_lack_a_model():
    """404 for /prompt: somebody else answers there."""
    with (
        OllamaServer() as other,
        pytest.raises(AnswerNotUnderstood, match=r"no ComfyUI .*: 404 for /prompt"),
    ):
        engine(other).make("x", seed=1, parameters={"graph": PLAIN_GRAPH})


def test_the_history_has_the_shape_of_the_source(server):
    """Keys, orders and kinds of a graph that was cached, as in the file."""
    made = [engine(server).make("x", seed=1, parameters={"graph": PLAIN_GRAPH}) for _ in range(2)]
    prompt_id = made[1].facts["prompt_id"]
    said = {prompt_id: server.worker.history[prompt_id]}
    assert shape_of(said, prompt_id) == shape_of(answer("history_cached"), "$prompt_id")


# Pictures over the WebSocket.


def test_pictures_that_come_over_the_socket_are_results(server):
    """SaveImageWebsocket saves no file; what it sends looks like a preview, and is the picture."""
    result, record, call = make(server, graph=OVER_THE_SOCKET)
    (image,) = items_of(record, "output_image")
    assert result.status == "completed"
    assert (image.media.type, image.metadata["width"], image.metadata["height"]) == ("image/png", 16, 12)
    assert (image.metadata["node_id"], image.metadata["node_title"]) == ("9", "to the socket")
    assert call.facts["engine"]["previews"] == 1


def test_they_stand_in_the_graphs_order_beside_files(server):
    graph = {**OVER_THE_SOCKET, "10": node("SaveImage", "kept", filename_prefix="kept", images=["6", 0])}
    _, record, _ = make(server, graph=graph)
    assert [image.metadata["node_id"] for image in items_of(record, "output_image")] == ["9", "10"]


@pytest.mark.parametrize("with_a_file", [True, False])
def test_pictures_that_could_not_come_are_missed(server, with_a_file):
    """Without the socket nobody has them: that is said, also where the graph saves a file as well."""
    server.script.refuses_socket = True
    graph = dict(OVER_THE_SOCKET)
    if with_a_file:
        graph["10"] = node("SaveImage", "kept", filename_prefix="kept", images=["6", 0])
    with pytest.raises(AnswerBrokeOff, match=r"node 9 \(SaveImageWebsocket, 'to the socket'\).*WebSocket.*SaveImage"):
        engine(server).make("x", seed=1, parameters={"graph": graph})


def test_the_messages_of_the_source_are_understood():
    """In their order: a sampler's preview is counted, the picture is kept."""
    progress = Progress("$prompt_id", sends_pictures=frozenset({"9"}))
    for said in messages("messages_of_websocket_pictures"):
        take(progress, said.get("binary") or json.dumps(said))
    assert progress.pictures == [("9", b"\x89PNG")]
    assert (progress.facts()["previews"], progress.has_ended) == (1, True)
    assert progress.facts()["nodes_executed"] == ["6", "9"]


def test_other_binary_messages_are_no_pictures():
    """Event 3 is a text of a node; one that is too short, or unknown, is nothing."""
    for said in (struct.pack(">II", 3, 1) + b"9words", b"", b"\0\0", struct.pack(">I", 1), struct.pack(">I", 99)):
        progress = Progress("one", sends_pictures=frozenset({"9"}))
        progress.take("executing", {"node": "9", "prompt_id": "one"})
        take(progress, said)
        assert (progress.pictures, "previews" in progress.facts()) == ([], False)


def take(progress, said):
    Follower.hear(progress, read_message(said))


# Downtime.


def test_downtime_is_not_running_time():
    """A server that is gone does not work; how long it did is known up to the last word."""
    clock = Clock()
    progress = Progress("one", clock=clock)
    progress.take("execution_start", {"prompt_id": "one"})
    clock.now = 3.0
    progress.take("progress", {"prompt_id": "one", "node": "6", "value": 1})
    clock.now = 600.0
    facts = progress.facts()
    assert facts["seconds_running_at_least"] == 3.0
    assert "seconds_running" not in facts


def test_the_end_that_is_heard_gives_the_running_time():
    clock = Clock()
    progress = Progress("one", clock=clock)
    clock.now = 2.0
    progress.take("execution_start", {"prompt_id": "one"})
    clock.now = 5.0
    progress.take("executing", {"prompt_id": "one", "node": None})
    assert (progress.facts()["seconds_queued"], progress.facts()["seconds_running"]) == (2.0, 3.0)


def test_a_history_without_times_says_nothing_of_the_time_in_between():
    """The socket broke, the history came later: the end was not seen."""
    clock = Clock()
    progress = Progress("one", clock=clock, followed_by="both")
    progress.take("execution_start", {"prompt_id": "one"})
    clock.now = 600.0
    progress.take_history({"status": {"messages": []}})
    assert "seconds_running" not in progress.facts()


def test_a_server_that_was_started_anew_did_not_work_meanwhile(server):
    server.script.breaks_socket_after, server.script.forgets = 8, True
    with pytest.raises(ServerFailed, match="does not know the graph any more") as caught:
        engine(server, patience=QUICK).make("x", seed=1, parameters={"graph": OVER_THE_SOCKET})
    assert "seconds_running" not in caught.value.facts


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def shape_of(value, prompt_id):
    """Keys and kinds all the way down; the graph itself and what the ids are called count for nothing."""
    if isinstance(value, dict):
        names = {name: "ID" if name == prompt_id else name for name in value}
        return {names[name]: shape_of(part, prompt_id) for name, part in value.items()}
    if isinstance(value, list):
        return [{} if "class_type" in str(part) else shape_of(part, prompt_id) for part in value]
    return value if value in ("execution_start", "execution_cached", "execution_success", "1", "2") else type(value)
