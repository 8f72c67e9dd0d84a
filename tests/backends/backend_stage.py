"""The stage set of the backend tests: a real client, a pipeline around one engine, and its record."""

import os
from contextlib import contextmanager

import pytest

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.backends.http import open_client
from devserver.backends.servers import server_url
from devserver.configs import FallbackConfig, InterceptionConfig, OutputConfig, PipelineConfig
from devserver.pipeline import Pipeline, Request
from devserver.testing import scripted_engines
from otel_tracking.capture import exact_body
from tests.model_servers import OllamaServer

__all__ = ["FallbackConfig", "InterceptionConfig", "OutputConfig", "exact_body"]

REAL_OLLAMA = os.environ.get("OLLAMA_HOST")
REAL_MODEL = os.environ.get("OLLAMA_TEST_MODEL", "llama3.2")
ollamas = pytest.mark.parametrize(
    "ollama_at",
    # OLLAMA_HOST asks a real server too; OLLAMA_TEST_MODEL names the model.
    ["a test server", *([pytest.param(REAL_OLLAMA, id="OLLAMA_HOST")] if REAL_OLLAMA else [])],
)


@contextmanager
def an_ollama_at(address):
    """The URL of a real server and one of its models, or of a test server of its own."""
    if address == REAL_OLLAMA:
        yield server_url(REAL_OLLAMA, 11434, "OLLAMA_HOST"), REAL_MODEL
    else:
        with OllamaServer("red") as server:
            yield server.url, "mistral-nemo:latest"


def run(config, engines, *, language="en", sinks=(), prompt="A flower", waited=None, cancel=None, **fields):
    """The result and the one record of a run with these makers; pauses are noted in `waited`, never made."""
    sink = RememberingSink()
    pauses = [] if waited is None else waited
    with start_recording(sinks=[sink, *sinks], raise_errors=True, journal=False) as recording:
        pipeline = Pipeline(
            recording.tracker(),
            scripted_engines(language=language, **engines),
            find_config=lambda name: config,
            wait=pauses.append,
        )
        result = pipeline.run(Request(prompt=prompt, config_name=config.name, **fields), cancel=cancel)
        assert recording.flush(timeout=30)
    (record,) = sink.records
    return result, record


def text_config(engine="ollama", **fields):
    """A configuration whose stage 2 asks one engine."""
    interception = InterceptionConfig(kind="engine", engine=engine, **fields)
    return PipelineConfig(name="text", translate_first=False, interception=interception)


def image_config(engine, **fields):
    """A configuration with one picture."""
    return PipelineConfig(
        name="picture", translate_first=False, outputs=(OutputConfig(name="one", engine=engine, **fields),)
    )


def client(**fields):
    """A client as the application opens it."""
    return open_client(**fields)


def calls_of(record):
    """The attempts at backends that the engines made: all but the safety checks."""
    return [call for call in record.attempts if call.backend_used != "term_lists"]


def sent_bytes(call):
    """The body of an attempt, byte for byte, from what the record holds."""
    return exact_body(call.passed["body"], call.passed["body_facts"])


def items_of(record, item_type):
    return [item for item in record.items if item.item_type == item_type]
