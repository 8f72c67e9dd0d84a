"""A key is where it has to be, in the header that leaves, and nowhere else."""

import logging

import pytest
from backend_stage import calls_of, image_config, sent_bytes, text_config

from devserver.pipeline import Pipeline, Request
from devserver.settings import Settings
from devserver.wiring import open_devserver, open_engines
from tests.model_servers import OllamaServer, OpenAIServer

KEY = "sk-or-v1-0f1e2d3c4b5a69788796a5b4c3d2e1f0"
PLAIN_KEY = "gruen-wie-die-wiese-im-mai"
"""A key that does not look like one."""
PASSWORD = "wasserfall-hinterm-haus"
BY_MISTAKE = "sk-proj-AbCdEfGhIjKlMnOpQrStUvWx0123456789"
SECRETS = (KEY, PLAIN_KEY, PASSWORD, BY_MISTAKE)


def everything_in(*directories):
    """Each file below the directories, with its bytes."""
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes()


def parquet_text(data_dir):
    """The dataset as text: compressed pages would hide what they hold."""
    import pyarrow.parquet as parquet

    return "\n".join(repr(parquet.read_table(path).to_pylist()) for path in sorted(data_dir.rglob("*.parquet")))


def leave_a_record(config, environment, data_dir, journal, *, keep_journal=False):
    """Run a configuration with servers from an environment, into a real dataset and a real journal."""
    settings = Settings.from_environment(data_dir=data_dir, journal=journal, environment=environment)
    with open_devserver(settings) as devserver, open_engines(settings) as engines:
        pipeline = Pipeline(devserver.tracker, engines, find_config=lambda name: config, wait=lambda seconds: None)
        result = pipeline.run(Request(prompt="A red flower", config_name=config.name))
        journal_bytes = b"".join(content for _, content in everything_in(journal))
    return settings, result, journal_bytes


@pytest.mark.parametrize(("sent", "accepted"), [(KEY, KEY), (KEY, PLAIN_KEY), (PLAIN_KEY, KEY)])
def test_no_key_is_found_in_record_dataset_journal_or_log(sent, accepted, tmp_path, ram, caplog):
    """A key that works, one that does not and is quoted by the server, one that looks like words; one in the
    configuration by mistake: all of them are gone, and the right one did arrive.
    """
    caplog.set_level(logging.DEBUG)
    parameters = {"model": "flux", "api_key": BY_MISTAKE, "size": "1024x1024", "extra": {"token": PLAIN_KEY}}
    config = image_config("openrouter_images", parameters=parameters, retries=0)
    with OpenAIServer(key=accepted) as server:
        environment = {
            "OPENROUTER_API_KEY": sent,
            "OPENROUTER_BASE_URL": f"{server.url}/v1",
        }
        settings, result, journal = leave_a_record(config, environment, tmp_path / "data", ram)
        arrived = b"".join(request.raw for request in server.received)

    assert f"Bearer {sent}".encode() in arrived
    assert result.status == ("completed" if sent == accepted else "error")
    left = parquet_text(tmp_path / "data") + repr(list(everything_in(tmp_path))) + repr(result) + repr(settings)
    for secret in SECRETS:
        assert secret not in left
        assert secret.encode() not in journal
        assert secret not in caplog.text
    assert BY_MISTAKE.encode() not in arrived
    assert "[removed: api_key]" in left


def test_a_password_in_the_address_of_ollama_stays_there(tmp_path, ram, caplog):
    """The header it becomes is removed, whatever the server answers."""
    caplog.set_level(logging.DEBUG)
    config = text_config(parameters={"model": "nobody", "password": PASSWORD}, retries=0)
    with OllamaServer() as server:
        environment = {"OLLAMA_HOST": server.url.replace("//", f"//teacher:{PASSWORD}@")}
        settings, result, journal = leave_a_record(config, environment, tmp_path / "data", ram)

    assert server.received[0].headers["authorization"].startswith("Basic ")
    assert result.error == "Interception failed: Backend error: Ollama Error: 404 model 'nobody' not found"
    left = parquet_text(tmp_path / "data") + repr(result) + repr(settings)
    assert PASSWORD not in left + caplog.text + journal.decode("latin-1")


def test_an_ordinary_run_over_the_wire_is_in_the_dataset_with_its_region(tmp_path, ram):
    """From the environment to Parquet, whose record still gives the very bytes that arrived."""
    from exporters import read_records

    with OllamaServer("Eine Blume") as server:
        config = text_config(parameters={"model": "mistral-nemo:latest"})
        leave_a_record(config, {"OLLAMA_HOST": server.url.removeprefix("http://")}, tmp_path / "data", ram)
    (record,) = read_records(tmp_path / "data")

    assert record.status == "completed"
    assert [sent_bytes(call) for call in calls_of(record)] == server.bodies
    assert calls_of(record)[0].facts["provider"] == {"provider_region": "local", "dsgvo_compliant": True}
