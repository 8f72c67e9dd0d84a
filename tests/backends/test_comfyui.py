"""ComfyUI over real sockets: what it receives is what the record says, and every way in which it can fail is told."""

import logging
import threading

import pytest
from backend_stage import items_of, sent_bytes
from comfyui_stage import PLAIN_GRAPH, a_large_graph, engine, make, node, with_value

from devserver.backends.comfyui.follow import Patience
from devserver.backends.errors import (
    AnswerNotUnderstood,
    Cancelled,
    EngineFailed,
    InvalidParameter,
    ModelNotFound,
    RequestRejected,
    ServerFailed,
    ServerTimeout,
    ServerUnreachable,
)
from tests.model_servers.comfyui import VERSION, a_comfyui


@pytest.fixture
def server():
    with a_comfyui() as running:
        yield running


SD35 = {"negative_prompt": "blurry", "steps": 3, "cfg": 5.5, "width": 512}


# What is sent is what is recorded.


def test_the_recorded_body_is_the_received_body(server):
    result, _, call = make(server, prompt="Eine Blume 花", **SD35)

    (queued,) = server.requests_to("/prompt")
    assert result.status == "completed"
    assert sent_bytes(call) == queued.body
    assert call.passed["body"] == queued.json
    assert set(queued.json) == {"prompt", "client_id"}
    assert queued.json["client_id"] == server.requests_to("/ws")[0].query["clientId"][0]
    assert call.passed["url"] == server.url + "/prompt"


def test_values_are_where_they_belong_with_the_types_they_had(server):
    make(server, seed=2**64 - 1, **{**SD35, "cfg": 1})
    graph = server.sent_graph
    assert graph["6"]["inputs"] == {
        "seed": 2**64 - 1,
        "steps": 3,
        "cfg": 1,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
        "model": ["1", 0],
        "positive": ["4", 0],
        "negative": ["5", 0],
        "latent_image": ["3", 0],
    }
    assert type(graph["6"]["inputs"]["cfg"]) is int
    assert (graph["8"]["inputs"], graph["9"]["inputs"]) == ({"value": "Eine Blume"}, {"value": "blurry"})


def test_nothing_that_was_configured_counts_as_not_passed(server):
    loras = [{"name": "a.safetensors", "strength": 0.9}]
    _, _, call = make(server, **SD35, loras=loras, graph="sd35_large", inject={"cfg": "KSampler.cfg"})
    assert call.not_passed == ()
    assert call.facts["injected"]["negative_prompt"] == ["/body/prompt/9/inputs/value"]
    assert call.facts["injected"]["loras"] == ["/body/prompt/12"]


def test_the_items_metadata_says_what_was_sent_and_what_was_found(server):
    _, record, _ = make(server, **SD35)
    (image,) = items_of(record, "output_image")
    said = {key: image.metadata[key] for key in ("prompt", "negative_prompt", "seed", "cfg", "engine_version")}
    assert said == {
        "prompt": "Eine Blume",
        "negative_prompt": "blurry",
        "seed": 7,
        "cfg": 5.5,
        "engine_version": VERSION,
    }
    assert (image.metadata["node_id"], image.metadata["width"], image.metadata["height"]) == ("10", 16, 12)
    assert (image.model_used, image.backend_used) == ("sd3.5_large.safetensors", "comfyui")
    assert record.attachments[image.media.sha256] == server.worker.files["devserver_00001_.png", "", "output"]


def test_progress_is_counted(server):
    server.script.cached = {"1", "2"}
    _, _, call = make(server, **SD35)
    facts = call.facts["engine"]
    assert facts["followed_by"] == "websocket"
    assert facts["nodes_cached"] == ["1", "2"]
    assert set(facts["nodes_executed"]) == {"3", "4", "5", "6", "7", "8", "9", "10", "11"}
    assert (facts["steps_done"], facts["previews"], facts["seconds_running"]) == ({"6": 3}, 1, 1.0)
    assert facts["device"] == "cuda:0 NVIDIA L40S"


def test_an_old_servers_progress_is_counted_too(server):
    server.script.speaks_of_state = False
    _, _, call = make(server, **SD35)
    assert call.facts["engine"]["steps_done"] == {"6": 3}


def test_texts_that_the_graph_shows_are_kept(server):
    server.script.texts = {"9": ["ein Sprachmodell im Graphen", "schrieb dies"]}
    _, _, call = make(server, **SD35)
    assert call.facts["engine"]["texts"] == {"9": ["ein Sprachmodell im Graphen", "schrieb dies"]}


def test_three_images_of_one_call_are_three_items_of_one_attempt(server):
    _, record, call = make(server, graph="three_images", steps=2)
    images = items_of(record, "output_image")
    assert [image.metadata["node_title"] for image in images] == [
        "Reference (normal output)",
        "First half eliminated",
        "Second half eliminated",
    ]
    assert {image.attempt for image in images} == {call.span_id}
    assert len({image.media.sha256 for image in images}) == 3
    assert {image.loop_iteration for image in images} == {1}


def test_a_graphs_music_is_music(server):
    _, record, _ = make(server, graph="ace_step_music", lyrics="[verse] La la", seconds=12.5)
    (file,) = items_of(record, "output_image")
    assert (file.media.type, file.metadata["subfolder"]) == ("audio/mpeg", "audio")
    assert server.sent_graph["4"]["inputs"]["seconds"] == 12.5
    assert server.sent_graph["2"]["inputs"]["lyrics"] == "[verse] La la"


def test_previews_count_where_nothing_is_saved(server):
    only_shown = {**PLAIN_GRAPH, "2": node("PreviewImage", None, images=["1", 0])}
    _, record, _ = make(server, graph=only_shown)
    assert items_of(record, "output_image")[0].metadata["type"] == "temp"
    both = {**only_shown, "4": node("SaveImage", None, images=["1", 0], filename_prefix="kept")}
    _, record, _ = make(server, graph=both)
    assert [image.metadata["node_id"] for image in items_of(record, "output_image")] == ["4"]


def test_a_large_graph_arrives_as_it_was_written(server):
    result, _, call = make(server, graph=a_large_graph(), prompt="红色的猫", seed=1)
    assert result.status == "completed", result
    # The graph has no input called seed: its own values are sent, and the record says that ours was not.
    assert server.sent_graph == with_value(a_large_graph(), "prompt", "value", "红色的猫")
    assert call.not_passed == ("seed",)


def test_several_at_once_get_what_they_asked_for(server):
    shared, made = engine(server), {}

    def ask(seed):
        made[seed] = shared.make(f"prompt {seed}", seed=seed, parameters={"steps": 2})

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        (file,) = made[seed].files
        assert b'"seed": %d' % seed in file.content
        assert f'"prompt {seed}"'.encode() in file.content


def test_nothing_of_a_prompt_reaches_the_log(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.script.texts = {"9": ["secret words of a child"]}
    make(server, prompt="Anna aus der 7b", **SD35)
    assert "Anna" not in caplog.text
    assert "secret words" not in caplog.text


# When something goes wrong.


def test_a_refused_graph_says_which_node_and_why(server):
    server.script.refusal = a_refusal("3", "value_bigger_than_max", "Value 99 bigger than max of 8", 99)
    result, _, call = make(server, width=99)
    assert result.outputs[0].error == (
        "ComfyUI Error: 400 Prompt outputs failed validation; "
        "node 3 (EmptySD3LatentImage, 'size'): Value 99 bigger than max of 8: width"
    )
    assert (call.error["error_type"], call.response["status"]) == ("RequestRejected", 400)
    assert call.response["body"]["node_errors"]["3"]["errors"][0]["type"] == "value_bigger_than_max"
    assert sent_bytes(call) == server.requests_to("/prompt")[0].body


def test_a_model_that_the_server_does_not_have_is_another_kind_of_error(server):
    server.script.refusal = a_refusal("1", "value_not_in_list", "Value not in list", "sd3.5_large.safetensors")
    with pytest.raises(ModelNotFound, match=r"node 1 \(CheckpointLoaderSimple, 'checkpoint'\)"):
        engine(server).make("x", seed=1, parameters={})
    server.script.refusal = a_refusal("6", "value_not_in_list", "Value not in list", "eulr")
    with pytest.raises(RequestRejected):
        engine(server).make("x", seed=1, parameters={})


def test_a_node_that_fails_is_named_with_its_own_words(server):
    server.script.fails_at = ("6", "torch.OutOfMemoryError", "Allocation on device\n\n")
    result, _, call = make(server, **SD35)
    assert result.outputs[0].error == (
        "ComfyUI Error: node 6 (KSampler, 'sampler') failed: torch.OutOfMemoryError: Allocation on device"
    )
    assert call.facts["engine"]["steps_done"] == {"6": 3}
    assert (call.not_passed, "stopped" in call.facts["engine"]) == ((), False)


@pytest.mark.parametrize("how", ["refused", "broken", "mute"])
def test_without_the_socket_the_history_is_asked(server, how):
    server.script.refuses_socket = how == "refused"
    server.script.breaks_socket_after = 5 if how == "broken" else None
    server.script.is_mute = how == "mute"
    result, _, call = make(server, **SD35)
    assert result.status == "completed"
    followed = {"refused": "history", "broken": "both", "mute": "history"}
    assert call.facts["engine"]["followed_by"] == followed[how]
    assert call.facts["engine"]["seconds_running"] == 1.0


@pytest.mark.parametrize("how", ["refused", "broken"])
def test_a_failure_is_found_in_the_history_too(server, how):
    server.script.refuses_socket = how == "refused"
    server.script.breaks_socket_after = 5 if how == "broken" else None
    server.script.fails_at = ("7", "ValueError", "no latent")
    with pytest.raises(ServerFailed, match=r"node 7 \(VAEDecode, 'decode'\) failed: ValueError: no latent"):
        engine(server).make("x", seed=1, parameters={})


def test_polling_is_not_in_the_record_but_its_end_is(server):
    """A hundred questions whether a result is ready would hide the one request that made it."""
    server.script.refuses_socket = True
    _, record, call = make(server, **SD35)
    histories = [span for span in record.spans if "/history/" in str((span.passed or {}).get("url"))]
    assert len(histories) == 1
    assert histories[0].parent_span_id == call.span_id


def test_success_without_a_last_word_is_the_end(server):
    server.script.says_when_it_ends = False
    assert make(server, **SD35)[0].status == "completed"


def test_a_server_that_lost_the_graph_is_found_out(server):
    server.script.refuses_socket = server.script.forgets = True
    with pytest.raises(ServerFailed, match="does not know the graph any more"):
        engine(server).make("x", seed=1, parameters={})


@pytest.mark.parametrize("refuses_socket", [True, False])
def test_a_stall_has_an_end_and_the_graph_is_stopped(server, refuses_socket):
    class AskedWhenItStalls(threading.Event):
        """Never set; who has sent a graph and looks waits until that has come to the node where it stalls."""

        def is_set(self):
            assert not server.requests_to("/prompt") or server.script.stalled.wait(60)
            return False

    server.script.stalls_at, server.script.refuses_socket = "6", refuses_socket
    hasty = engine(server, patience=Patience(stall=0.1, poll=0.01, quiet=0.02))
    with pytest.raises(ServerTimeout, match="no sign of life for 0\\.1 seconds") as caught:
        hasty.make("x", seed=1, parameters={}, cancel=AskedWhenItStalls())
    assert caught.value.facts["stopped"] == "interrupted"
    assert server.script.interrupted.wait(60)


def test_nobody_there_is_said_at_once():
    with a_comfyui() as gone:
        pass
    with pytest.raises(ServerUnreachable, match="ComfyUI is not there"):
        engine(gone).make("x", seed=1, parameters={})


def test_a_graph_that_saves_nothing_is_an_error(server):
    server.script.texts = {"3": ["only words"]}
    with pytest.raises(AnswerNotUnderstood, match="it saved nothing"):
        shown = {key: PLAIN_GRAPH[key] for key in ("1", "3")}
        engine(server).make("x", seed=1, parameters={"graph": shown})


def test_a_queue_in_an_unknown_shape_is_said_to_be_one(server):
    server.script.refuses_socket, server.script.stalls_at = True, "6"
    server.worker.queue_entry = lambda job: {"prompt_id": job.prompt_id}
    with pytest.raises(AnswerNotUnderstood, match="describes its queue") as caught:
        engine(server).make("x", seed=1, parameters={})
    assert caught.value.facts["stopped"] == "could not be stopped"


def test_a_run_that_is_cancelled_before_it_begins_asks_for_nothing(server):
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        engine(server).make("x", seed=1, parameters={}, cancel=cancel)
    assert server.received == []


def test_what_has_no_place_never_leaves(server):
    with pytest.raises(InvalidParameter, match="no place for 'lyrics'"):
        engine(server).make("x", seed=1, parameters={"lyrics": "la"})
    assert server.received == []


# Stopping.


@pytest.mark.parametrize("refuses_socket", [True, False])
def test_a_cancelled_run_interrupts_its_own_graph(server, refuses_socket):
    server.script.stalls_at, server.script.refuses_socket = "6", refuses_socket
    result, record, call = cancelled_when_stalled(server)
    assert (result.status, record.status) == ("cancelled", "cancelled")
    (interrupt,) = server.requests_to("/interrupt")
    assert interrupt.json == {"prompt_id": call.facts["engine"]["prompt_id"]}
    assert server.script.interrupted.wait(60)
    assert call.facts["engine"]["stopped"] == "interrupted"
    assert sent_bytes(call) == server.requests_to("/prompt")[0].body


def test_a_waiting_graph_is_taken_from_the_queue_and_the_running_one_goes_on(server):
    server.script.stalls_at = "6"
    others = threading.Thread(target=lambda: engine(server).make("mine", seed=1, parameters={}))
    others.start()
    assert server.script.arrivals.acquire(timeout=60)
    assert server.script.stalled.wait(60)

    cancel = threading.Event()
    ours = threading.Thread(target=lambda: results.append(make(server, cancel=cancel)))
    results = []
    ours.start()
    assert server.script.arrivals.acquire(timeout=60)
    cancel.set()
    ours.join()
    _, _, call = results[0]

    assert call.facts["engine"]["stopped"] == "removed from the queue"
    assert [request.json for request in server.requests_to("/queue") if request.method == "POST"] == [
        {"delete": [call.facts["engine"]["prompt_id"]]}
    ]
    assert server.requests_to("/interrupt") == []
    server.release()
    others.join()
    assert not server.script.interrupted.is_set()


def test_a_keyboard_interrupt_stops_the_graph_too(server):
    class Interrupting(threading.Event):
        def wait(self, timeout=None):
            if server.script.stalled.is_set():
                raise KeyboardInterrupt
            return super().wait(timeout)

    server.script.stalls_at, server.script.refuses_socket = "6", True
    with pytest.raises(KeyboardInterrupt):
        engine(server).make("x", seed=1, parameters={}, cancel=Interrupting())
    assert server.script.interrupted.wait(60)


def test_a_graph_that_somebody_else_interrupts_is_no_server_failure(server):
    server.script.stalls_at = "6"
    errors = []

    def ask():
        try:
            engine(server).make("x", seed=1, parameters={})
        except EngineFailed as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert server.script.stalled.wait(60)
    server._loop.call_soon_threadsafe(server.worker.interrupt, None)
    thread.join()
    assert [type(error) for error in errors] == [EngineFailed]
    assert server.requests_to("/interrupt") == []


def cancelled_when_stalled(server):
    """A run that is cancelled when its graph has come to the node where it stalls."""
    cancel = threading.Event()

    def cancel_when_stalled():
        server.script.stalled.wait(60)
        cancel.set()

    thread = threading.Thread(target=cancel_when_stalled)
    thread.start()
    made = make(server, cancel=cancel)
    thread.join()
    return made


def a_refusal(node_id, kind, message, received):
    """What ComfyUI answers to a graph that it does not take."""
    error = {
        "type": kind,
        "message": message,
        "details": "width",
        "extra_info": {"input_name": "width", "received_value": received},
    }
    about = {"errors": [error], "dependent_outputs": ["10"], "class_type": "Any"}
    headline = {
        "type": "prompt_outputs_failed_validation",
        "message": "Prompt outputs failed validation",
        "details": "",
        "extra_info": {},
    }
    return {"error": headline, "node_errors": {node_id: about}}
