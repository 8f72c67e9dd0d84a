"""A directory of one's own configurations is offered by the server too, by name and without its files being named."""

import pytest
from web_stage import client_of, engines, execute

from devserver.settings import Settings
from devserver.wiring import open_devserver


@pytest.fixture
def client(tmp_path):
    """Of a server with one configuration of its own, and one with a mistake."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.toml").write_text('name = "mine"\ndescription = "Words of my own"\ntranslate_first = false')
    (own / "broken.toml").write_text("name = ")
    settings = Settings(data_dir=tmp_path / "data", journal=False, configs_dir=own)
    with open_devserver(settings, engines=engines()) as devserver, client_of(devserver) as client:
        yield client


def test_it_is_offered_run_and_made_again(client):
    """On the start page, over the API, and from its record."""
    assert "Words of my own" in client.get("/").text
    run = execute(client, "mine").json
    assert run["status"] == "success"
    again = client.post(f"{run['run_url']}/again", data={"seed": "same"}, headers={"Origin": "http://localhost"})
    assert again.status_code == 303


def test_files_of_the_server_are_not_named_to_whoever_asks(client):
    """Neither where the directory is, nor what is wrong in it."""
    answer = client.post("/api/schema/pipeline/execute", json={"schema": "broken", "input_text": "Eine Blume"})
    assert answer.status_code == 404
    assert "closest" in answer.text or "known are" in answer.text
    assert "broken.toml" not in answer.text
