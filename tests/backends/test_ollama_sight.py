"""A model that sees looks at finished pictures: over a real socket, and read after a schema."""

import base64
import io
import json

import pytest
from backend_stage import client

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.backends.errors import AnswerNotUnderstood, ModelNotFound
from devserver.backends.ollama_sight import CODES, OllamaSight
from devserver.configs import OutputConfig, PipelineConfig
from devserver.errors import SettingsError
from devserver.pipeline import Pipeline, Request
from devserver.remote_engines import remote_engines
from devserver.settings import Settings
from devserver.testing import PNG, ScriptedMaker, scripted_engines
from otel_tracking.capture import exact_body
from tests.model_servers import OllamaServer
from tests.model_servers.ollama import VERSION, digest_of

MODEL = "llama3.2-vision"
YES = {"description": "a flower", "codes": [], "safe": True}
NO = {"description": "a knife", "codes": ["violence"], "safe": False}


def a_server(answer):
    return OllamaServer(answer if isinstance(answer, str) else json.dumps(answer))


def look(answer, content=PNG, media_format="image/png", *, model=MODEL, level="kids"):
    """The verdict, and the request that led to it."""
    with a_server(answer) as server, client() as http:
        check = OllamaSight(server.url, model, client=http)
        verdict = check(content, media_format=media_format, level=level)
        return verdict, server.received[-1].json


def test_the_picture_leaves_whole_with_a_question_and_a_schema():
    """The model gets the file itself, and can answer nothing but a verdict."""
    verdict, body = look(YES)
    (message,) = body["messages"]

    assert (verdict.safe, verdict.codes, verdict.method) == (True, (), "llama3.2-vision looked at it")
    assert verdict.facts == {"description": "a flower", "engine_version": VERSION, "model_digest": digest_of(MODEL)}
    assert base64.b64decode(message["images"][0]) == PNG
    assert "children of six to twelve years" in message["content"]
    assert body["format"]["properties"]["codes"]["items"]["enum"] == list(CODES)
    assert (body["options"]["temperature"], body["options"]["seed"], body["stream"]) == (0.0, 0, False)


def test_the_question_names_the_audience():
    """What is too much for a child may be right for a young person."""
    assert "young people of thirteen to seventeen" in look(YES, level="youth")[1]["messages"][0]["content"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (NO, (False, ("violence",))),
        ({**NO, "safe": True}, (False, ("violence",))),
        ({**NO, "codes": []}, (False, ())),
        ({**NO, "codes": ["violence", "cats"]}, (False, ("violence",))),
    ],
)
def test_a_verdict_that_contradicts_itself_is_no_yes(answer, verdict):
    """Only what is said to be safe, and has nothing in it, is safe; codes are those we know."""
    found = look(answer)[0]
    assert (found.safe, found.codes) == verdict


@pytest.mark.parametrize("answer", ["It is fine.", "[true]", {"safe": True}, {"safe": "yes", "codes": []}])
def test_what_is_no_verdict_is_trouble(answer):
    """Prose is never read for a yes."""
    with pytest.raises(AnswerNotUnderstood):
        look(answer)


def test_a_model_that_is_not_there_is_trouble():
    """Ollama's own words come back."""
    with pytest.raises(ModelNotFound, match="model 'qwen3-vl:2b' not found"):
        look(YES, model="qwen3-vl:2b")


def test_a_picture_of_another_format_is_drawn_anew():
    """The server reads PNG and JPEG; what cannot be drawn cannot be judged."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "WEBP")
    _, body = look(YES, buffer.getvalue(), "image/webp")

    assert base64.b64decode(body["messages"][0]["images"][0]).startswith(b"\xff\xd8\xff")
    with pytest.raises(AnswerNotUnderstood, match="image/svg"):
        look(YES, b"<svg/>", "image/svg+xml")


def test_a_blocked_picture_and_the_look_at_it_are_in_the_record():
    """The request is recorded as it left, with everything that was configured; the picture is in the record once."""
    config = PipelineConfig(name="one", outputs=(OutputConfig(name="picture", engine="comfyui"),))
    sink = RememberingSink()
    with (
        a_server(NO) as server,
        client() as http,
        start_recording([sink], raise_errors=True, journal=False) as recording,
    ):
        engines = scripted_engines(
            language="en", check_media=OllamaSight(server.url, MODEL, client=http), comfyui=ScriptedMaker()
        )
        pipeline = Pipeline(recording.tracker(), engines, find_config=lambda name: config)
        result = pipeline.run(Request(prompt="A flower"))
        received = server.received[-1].body
    (record,) = sink.records
    call = record.attempts[-1]

    assert result.outputs[0].blocked == "blocked by the safety check (violence)"
    assert [str(item.item_type) for item in record.items if item.stage == 4][-2:] == ["output_image", "output_blocked"]
    assert (call.name, call.not_passed) == (f"safety_check {MODEL}", ())
    assert exact_body(call.passed["body"], call.passed["body_facts"]) == received
    assert call.facts["engine"]["description"] == "a knife"


def test_it_is_wired_by_a_setting_and_never_left_out_in_silence():
    """A model without a server is a mistake that is told at once; without the setting nobody looks."""
    named = {"OLLAMA_HOST": "gpu", "DEVSERVER_MEDIA_CHECK_MODEL": "qwen3-vl:2b"}
    check = remote_engines(Settings.from_environment(environment=named)).check_media

    assert (check.backend.name, check.backend.model) == ("ollama", "qwen3-vl:2b")
    assert remote_engines(Settings.from_environment(environment={"OLLAMA_HOST": "gpu"})).check_media is None
    with pytest.raises(SettingsError, match="DEVSERVER_MEDIA_CHECK_MODEL is 'qwen3-vl:2b'; OLLAMA_HOST must say"):
        remote_engines(Settings(media_check_model="qwen3-vl:2b"))
