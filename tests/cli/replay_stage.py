"""The stage set of the replay tests: a real server that keeps every byte, and runs that asked it."""

from __future__ import annotations

import io
import json

import httpx
import numpy as np
from cli_stage import stored
from PIL import Image

from collectors import start_recording
from devserver.pipeline import Pipeline, Request
from exporters import ParquetSink, read_records
from exporters.storage.writing.media import load_media
from otel_tracking import ItemType
from tests.model_servers.serving import ModelServer, Reply


class Echo(ModelServer):
    """Answers each request with what `answer` makes of it: a value for JSON, bytes for a picture, or a `Reply`."""

    def __init__(self, answer=lambda request: {"response": f"{request.json['prompt']}!"}, **options):
        super().__init__(**options)
        self.answer = answer

    def reply(self, request):
        made = self.answer(request)
        if isinstance(made, Reply):
            return made
        return Reply(made, content_type="image/png") if isinstance(made, bytes) else Reply(json.dumps(made).encode())

    def error_body(self, words):
        return json.dumps({"error": words}).encode()


def a_png(grey=0, size=4):
    """A small picture of one colour."""
    stream = io.BytesIO()
    Image.fromarray(np.full((size, size), grey, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def post(call, url, **request):
    """What a server answers to a request of this call."""
    with httpx.Client(transport=call.transport(), timeout=60) as client:
        return client.post(url, **request)


def chain_of(server, *hops, **options):
    """A pipeline in which each hop hands what the server made to the next."""

    def pipeline(run):
        text = "Eine Blume"
        with run.stage(2) as stage:
            for number, target in enumerate(hops, start=1):
                with stage.iteration(number) as iteration:
                    with iteration.backend_call("ollama", model="nemo", configured={"seed": 7}) as call:
                        body = {"prompt": text, "to": target, "options": {"seed": 7, "temperature": 0.7}}
                        given, text = text, post(call, f"{server.url}/api", json=body, **options).json()["response"]
                    iteration.item(ItemType.INTERCEPTION_ITERATION, content=text, input_text=given)

    return pipeline


def one_request(server, **request):
    """A pipeline with one request in stage 4."""

    def pipeline(run):
        with run.output(1, config_used="one") as output, output.stage(4) as stage, stage.backend_call("remote") as call:
            post(call, f"{server.url}/make", **request)

    return pipeline


def record_of(directory, execution_id):
    """A stored record with its media."""
    return load_media(directory, next(read_records(directory, execution_id=execution_id)))


def ran(directory, config, engines, **fields):
    """The id of a run of a configuration, stored."""
    with start_recording([ParquetSink(directory)], journal=False) as recording:
        pipeline = Pipeline(recording.tracker(), engines, find_config=lambda name: config)
        result = pipeline.run(Request(**{"prompt": "A flower", "config_name": config.name, **fields}))
        assert recording.flush(timeout=30)
    return result.execution_id


def outcomes(answer):
    """Label and outcome of every attempt."""
    return {attempt["attempt"]: attempt["outcome"] for attempt in answer["attempts"]}


def changed(answer, label):
    """Path, left and right of what differs at one attempt."""
    [attempt] = [attempt for attempt in answer["attempts"] if attempt["attempt"] == label]
    return [(each["path_text"], each["left"], each["right"]) for each in attempt["comparison"]["differences"]]


__all__ = ["Echo", "a_png", "chain_of", "changed", "one_request", "outcomes", "post", "ran", "record_of", "stored"]
