"""A secret that a request carried is nowhere afterwards: no record, no file, no export and no log has it."""

import logging
import uuid
from urllib.parse import quote

import httpx
import pyarrow.parquet as pq
import pytest
import requests
from capture_stage import every_client, span_of, with_httpx
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import SpanProcessor
from servers import json_reply

from collectors import start_recording
from collectors.testing import RememberingSink
from exporters import ParquetSink
from otel_tracking import canonical
from otel_tracking.capture import CaptureSettings
from otel_tracking.secrets.redaction import RedactionPolicy

SECRET = "Zq7" + uuid.uuid4().hex
WITNESS = "Wt4" + uuid.uuid4().hex
"""What stands beside the secret and must be found: the search itself works."""

PLACES = {
    "a header": {"headers": {"Authorization": f"Token {SECRET}"}},
    "another header": {"headers": {"X-Api-Key": SECRET}},
    "a cookie": {"headers": {"Cookie": f"session={SECRET}"}},
    "the query": {"query": f"?q=1&api_key={SECRET}"},
    "the userinfo": {"userinfo": f"me:{SECRET}@"},
    "the userinfo, beside a query": {"userinfo": f"me:{SECRET}@", "query": "?q=1"},
    "a JSON body": {"json": {"session_id": SECRET, "deep": [{"apiKey": SECRET}]}},
    "a text in a JSON body": {"json": {"prompt": f"use Bearer {SECRET} or sk-{SECRET}, please"}},
    "a graph's node": {
        "json": {"prompt": {"7": {"class_type": "ai4artsed_openrouter_key", "inputs": {"mode": SECRET, "x": ["3", 0]}}}}
    },
    "a graph's input": {"json": {"prompt": {"8": {"class_type": "Any", "inputs": {"api_key": SECRET}}}}},
    "JSON that comes twice": {
        "content": b'{"token": "%b", "token": ""}' % SECRET.encode(),
        "headers": {"content-type": "application/json"},
    },
    "JSON that is none": {
        "content": b'{"api_key": "%b", "a": ' % SECRET.encode(),
        "headers": {"content-type": "application/json"},
    },
    "a form": {"data": {"password": SECRET, "seed": "7"}},
    "a multipart field": {"data": {"access_token": SECRET}, "files": {"image": ("a.png", b"\x89PNG", "image/png")}},
    "a presigned URL": {"query": f"?X-Amz-Signature={SECRET}&X-Amz-Credential={quote(SECRET + '/eu')}&Expires=1"},
    "a presigned URL in a body": {"json": {"image_url": f"https://s3.example/a.png?sig={SECRET}&w=64"}},
}


class KeepSpans(SpanProcessor):
    """What an exporter would send."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def planted(backend, where):
    request = dict(PLACES[where])
    address = backend.url.replace("//", "//" + request.pop("userinfo", ""))
    url = address + "/" + WITNESS + request.pop("query", "")
    return url, {**request, "headers": {"X-Witness": WITNESS, **request.get("headers", {})}}


def everything_in(directory):
    """All bytes of all files, and all values of all Parquet tables, which are compressed."""
    parts = []
    for path in directory.rglob("*"):
        if path.is_file():
            parts.append(path.read_bytes())
            if path.suffix == ".parquet":
                parts.append(repr(pq.read_table(path).to_pylist()).encode())
    return b"".join(parts)


@every_client
@pytest.mark.parametrize("where", PLACES)
def test_a_planted_secret_is_found_nowhere(fetch, where, backend, tmp_path, ram, caplog):
    """The backend repeats the secret in its answer, as careless ones do, and the caller's exception names the URL."""
    caplog.set_level(logging.DEBUG)
    backend.replies(json_reply({"you sent": f"{SECRET} and {WITNESS}"}, status=401, headers=(("x-model", SECRET),)))
    sink, kept = RememberingSink(), KeepSpans()
    capture = CaptureSettings(contents_in_attributes=True)
    url, request = planted(backend, where)
    with start_recording([sink, ParquetSink(tmp_path)], journal=ram) as recording:
        recording.provider.add_span_processor(kept)
        run = recording.tracker().execution("dada")
        with pytest.raises(RuntimeError), run, run.stage(2) as stage, stage.backend_call("ollama") as call:
            fetch(call, "POST", url, capture=capture, **request)
            journal = everything_in(ram)
            raise RuntimeError(f"401 for {url}")
        assert recording.flush(timeout=60)

    [record] = sink.latest().values()
    places = {
        "record": canonical.dumps(record.to_dict()).encode(),
        "journal": journal,
        "parquet": everything_in(tmp_path),
        "otlp": encode_spans(kept.spans).SerializeToString(),
    }
    for name, content in places.items():
        assert WITNESS.encode() in content, name
        assert SECRET.encode() not in content, name
    ours = [
        entry for entry in caplog.records if entry.name.split(".")[0] in ("otel_tracking", "collectors", "exporters")
    ]
    assert not any(SECRET in entry.getMessage() for entry in ours)

    received = backend.last
    assert SECRET.encode() in b"".join([received.path.encode(), repr(received.headers).encode(), received.body]) or (
        where.startswith("the userinfo")
    )
    [span] = [span for span in record.spans if span.kind == "client"]
    assert span.passed["redacted"] or where.startswith("the userinfo")
    assert span.response["redacted"] or where.startswith("the userinfo")


@pytest.mark.parametrize("library", ["httpx", "requests"])
def test_the_message_of_a_clients_own_exception_loses_the_secret(library, backend):
    backend.replies(json_reply({}, status=401))
    messages = []

    def pipeline(call):
        url = backend.url + f"/v1?api_key={SECRET}"
        try:
            if library == "httpx":
                httpx.Client(transport=call.transport()).get(url).raise_for_status()
            else:
                session = requests.Session()
                session.mount("http://", call.adapter())
                session.get(url).raise_for_status()
        except (httpx.HTTPStatusError, requests.HTTPError) as error:
            messages.append(str(error))
            call.end(error)

    span = span_of(pipeline)
    assert SECRET in messages[0]
    assert "[removed: api_key]" in span.error["error_message"]
    assert SECRET not in repr(span)


def test_a_refused_connection_with_a_secret_in_its_url_leaves_none():
    def pipeline(call):
        session = requests.Session()
        session.mount("http://", call.adapter())
        with pytest.raises(requests.ConnectionError, match=SECRET):
            session.get(f"http://127.0.0.1:9/?token={SECRET}")

    span = span_of(pipeline)
    assert SECRET not in repr(span)
    assert span.response["error"]["error_type"] == "ConnectionError"


def test_the_record_says_where_something_was_removed(backend):
    body = {"prompt": {"7": {"inputs": {"api_key": SECRET}}}, "options": [{"password": SECRET}]}
    span = span_of(lambda call: with_httpx(call, "POST", backend.url + f"?key={SECRET}", json=body))
    assert sorted(span.passed["redacted"]) == [
        "body.options.0.password",
        "body.prompt.7.inputs.api_key",
        "url.query.key",
    ]
    assert span.passed["body"]["prompt"]["7"]["inputs"]["api_key"] == "[removed: api_key]"
    assert "sha256" not in span.passed["body_facts"]


def test_a_policy_of_ones_own_comes_on_top(backend):
    policy = RedactionPolicy(
        names=frozenset({"Classroom-Pin"}),
        also=(lambda name, value: isinstance(value, str) and value.startswith("kid:"),),
    )
    body = {"classroom-pin": "4711", "author": "kid:Mia", "api_key": SECRET, "seed": 7}
    capture = CaptureSettings(redaction=policy)
    span = span_of(lambda call: with_httpx(call, "POST", backend.url, json=body, capture=capture))
    assert span.passed["body"] == {
        "classroom-pin": "[removed: classroom-pin]",
        "author": "[removed: author]",
        "api_key": "[removed: api_key]",
        "seed": 7,
    }
