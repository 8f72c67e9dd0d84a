"""How far ComfyUI is, as it tells: numbers for whoever watches, and the record stays as it was."""

import json
import threading

import pytest
from comfyui_stage import PLAIN_GRAPH, engine, make, node

from devserver.backends.comfyui.follow import Follower, Patience
from devserver.backends.comfyui.progress import Progress
from devserver.backends.comfyui.socket import read_message
from devserver.backends.progress import heard_by, say_progress
from tests.model_servers.comfyui import a_comfyui
from tests.model_servers.comfyui_answers import messages

SAMPLED = {**PLAIN_GRAPH, "6": node("KSampler", "sampler", steps=3, seed=0, image=["1", 0])}
SAMPLED["2"] = {**SAMPLED["2"], "inputs": {**SAMPLED["2"]["inputs"], "images": ["6", 0]}}
LISTENS = Patience(stall=30.0, poll=0.01, quiet=20.0)
"""The socket alone is listened to: whoever asks the history early on a busy machine misses steps."""


@pytest.fixture
def server():
    with a_comfyui() as running:
        yield running


def heard_while(act):
    """Everything that was said meanwhile."""
    heard = []
    with heard_by(lambda *said: heard.append(said)):
        act()
    return heard


@pytest.mark.parametrize("speaks_of_state", [True, False])
def test_steps_and_nodes_are_told_as_they_come(server, speaks_of_state):
    """Old servers and new ones; every node of the graph, and every step of the one that has steps."""
    server.script.speaks_of_state = speaks_of_state
    heard = heard_while(lambda: engine(server, patience=LISTENS).make("x", seed=1, parameters={"graph": SAMPLED}))
    assert [done for done, _, unit in heard if unit == "steps"] == [1, 2, 3]
    assert {total for _, total, unit in heard if unit == "steps"} == {3}
    assert {total for _, total, unit in heard if unit == "nodes"} == {len(SAMPLED)}


def test_a_graph_that_waits_says_how_many_are_before_it(server):
    server.script.stalls_at = "2"
    first = threading.Thread(target=lambda: engine(server).make("x", seed=1, parameters={"graph": PLAIN_GRAPH}))
    first.start()
    assert server.script.stalled.wait(60)
    place = threading.Event()

    def listen(*said):
        if said == (1, None, "queue"):
            place.set()
            server.release()

    with heard_by(listen):
        engine(server).make("y", seed=2, parameters={"graph": PLAIN_GRAPH})
    first.join()
    assert place.is_set()


def test_messages_of_a_real_server_are_told_as_numbers_only():
    """As they were recorded: nothing but done, total and unit comes of them."""
    progress, told = Progress("$prompt_id", nodes=4), []
    for said in messages("messages_of_websocket_pictures"):
        Follower.hear(progress, read_message(said.get("binary") or json.dumps(said)))
        told.append(progress.so_far)
    assert set(told) - {None} == {(1, 4, "nodes"), (2, 4, "nodes")}


@pytest.mark.parametrize("wrong", [{"value": "sk-1", "max": 3}, {"value": 1, "max": "a title"}, {"value": 1}, {}])
def test_what_is_no_number_is_not_told(wrong):
    progress = Progress("p")
    progress.take("progress", {"prompt_id": "p", "node": "6", **wrong})
    assert progress.so_far is None


def test_the_record_has_none_of_it(server):
    """The counts that it always had, and nothing else."""
    _, record, call = make(server, graph=SAMPLED)
    assert call.facts["engine"]["steps_done"] == {"6": 3}
    assert [name for span in record.spans for name in span.facts or () if "progress" in name] == []


def test_nobody_has_to_listen():
    say_progress(1, 2)
