"""Over HTTP a graph is one that comes along, or is written out: never a file of the server."""

import json

import pytest
from web_stage import client_of, devserver_in, execute

from devserver.requests import Request
from devserver.testing import ScriptedMaker
from exporters import read_records

GRAPH = {"1": {"class_type": "SaveImage", "inputs": {"images": ["2", 0]}}}


@pytest.fixture
def devserver(tmp_path):
    """With an engine that takes any parameter, as model servers do."""
    with devserver_in(tmp_path / "data", comfyui=ScriptedMaker()) as devserver:
        yield devserver


@pytest.fixture
def a_file(tmp_path):
    """A graph on the server's disk, such as its operator has."""
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(GRAPH))
    return path


@pytest.mark.parametrize("name", ["graph", "picture.graph", "comfyui.graph"])
def test_a_file_is_neither_read_nor_said_to_be_there(devserver, a_file, tmp_path, name):
    """One that is there and one that is not get the same answer, and no run is begun."""
    files = [
        str(a_file),
        str(tmp_path / "none.json"),
        "/etc/passwd",
        "~/graph.json",
        "../graph.json",
        "a name",
        5,
        [1],
        None,
    ]
    with client_of(devserver) as client:
        answers = [execute(client, "comfyui_sd35", parameters={name: file}) for file in files]
        total = client.get("/api/runs").get_json()["total"]

    assert {answer.status_code for answer in answers} == {400}
    assert all("or the graph itself" in answer.get_json()["error"] for answer in answers)
    assert total == 0


@pytest.mark.parametrize("graph", ["sd35_large", GRAPH])
def test_a_name_and_a_graph_itself_are_taken(devserver, graph):
    """They say all that there is to know."""
    with client_of(devserver) as client:
        assert execute(client, "comfyui_sd35", parameters={"graph": graph}).status_code == 200


def test_a_run_that_its_operator_made_with_a_file_is_not_made_again_for_others(devserver, a_file, tmp_path):
    """A record names the file, and whoever may press the button has not seen it."""
    request = Request(prompt="Eine Blume", config_name="comfyui_sd35", parameters={"graph": str(a_file)})
    result = devserver.pipeline.run(request)
    assert devserver.recording.flush(20)

    with client_of(devserver) as client:
        answer = client.post(f"/runs/{result.execution_id}/again", data={"seed": "same"})
    assert answer.status_code == 400
    assert len(list(read_records(tmp_path / "data"))) == 1
