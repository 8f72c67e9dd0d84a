"""What is kept unread was searched before: no secret is in the journal's bytes while the run is still open.

Every client × every place of a secret, also where a stream cuts it in two. What stands beside it is there.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3
from servers import Reply, json_reply

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import canonical, capture

SECRET = "Zq7b2f08e3c9d15a4617ffed"
WITNESS = "Wt4c81e0d9b7a3526f10"
JSON, MULTIPART = "application/json", "multipart/form-data; boundary=b"


def with_library(library):
    def fetch(url, content, headers):
        with (
            library.Client(timeout=60) as client,
            client.stream("POST", url, content=content, headers=headers) as answer,
        ):
            return b"".join(answer.iter_bytes(16))

    return fetch


def with_async_library(library):
    async def work(url, content, headers):
        async with library.AsyncClient(timeout=60) as client:
            return (await client.post(url, content=content, headers=headers)).content

    return lambda url, content, headers: asyncio.run(work(url, content, headers))


def with_requests(url, content, headers):
    return requests.post(url, data=content, headers=headers, timeout=60).content


def with_requests_in_pieces(url, content, headers):
    pieces = iter([content[:20], content[20:]])
    answer = requests.post(url, data=pieces, headers=headers, timeout=60, stream=True)
    return b"".join(answer.iter_content(16))


def with_aiohttp(url, content, headers):
    async def work():
        async with aiohttp.ClientSession() as session, session.post(url, data=content, headers=headers) as answer:
            return await answer.read()

    return asyncio.run(work())


def with_urllib3(url, content, headers):
    with urllib3.PoolManager() as pool:
        return pool.request("POST", url, body=content, headers=headers, timeout=60).data


def with_urllib(url, content, headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, content, headers), timeout=60) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.read()


CLIENTS = {
    "httpx": with_library(httpx),
    "httpx, async": with_async_library(httpx),
    "httpx2": with_library(httpx2),
    "httpx2, async": with_async_library(httpx2),
    "requests": with_requests,
    "requests, in pieces": with_requests_in_pieces,
    "aiohttp": with_aiohttp,
    "urllib3": with_urllib3,
    "urllib": with_urllib,
}
every_client = pytest.mark.parametrize("fetch", CLIENTS.values(), ids=CLIENTS)


def a_body(**entries):
    return {"content": json.dumps({"witness": WITNESS, **entries}).encode(), "headers": {"content-type": JSON}}


def parts(name):
    part = f'--b\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n'
    content = f"{part}{SECRET}\r\n{part.replace(name, 'w')}{WITNESS}\r\n--b--\r\n"
    return {"content": content.encode(), "headers": {"content-type": MULTIPART}}


REQUESTS = {
    "a value": a_body(apiKey=SECRET),
    "a value, deep": a_body(prompt={"7": {"class_type": "Any", "inputs": {"x": [{"session_id": SECRET}]}}}),
    "a text": a_body(prompt=f"use Bearer {SECRET}, please"),
    "a name in letters as numbers": {
        "content": b'{"witness":"%b","\\u0061pi_key":"%b"}' % (WITNESS.encode(), SECRET.encode()),
        "headers": {"content-type": JSON},
    },
    "a name with a line's end": {
        "content": b'{"witness":"%b","api\\nkey":"%b"}' % (WITNESS.encode(), SECRET.encode()),
        "headers": {"content-type": JSON},
    },
    "the first of two": {
        "content": b'{"witness":"%b","token":"%b","token":null}' % (WITNESS.encode(), SECRET.encode()),
        "headers": {"content-type": JSON},
    },
    "no JSON": {
        "content": b'{"witness":"%b","token":"%b"' % (WITNESS.encode(), SECRET.encode()),
        "headers": {"content-type": JSON},
    },
    "a header": {**a_body(), "headers": {"content-type": JSON, "X-Api-Key": SECRET}},
    "a header that the body repeats": {
        **a_body(note=f"it is {SECRET}!"),
        "headers": {"content-type": JSON, "Authorization": f"Bearer {SECRET}"},
    },
    "the address": {**a_body(), "url": f"?code={SECRET}"},
    "an address in the body": a_body(image_url=f"https://s3.example/a.png?sig={SECRET}&w=64"),
    "a part": parts("access_token"),
    "a form": {
        "content": f"password={SECRET}&w={WITNESS}".encode(),
        "headers": {"content-type": "application/x-www-form-urlencoded"},
    },
}


def left_in_the_journal(pipeline, ram):
    """The journal's bytes before the run is over, and the text of what became of it."""
    sink = RememberingSink()
    capture.install()
    try:
        with start_recording([sink], journal=ram) as recording:
            run = recording.tracker().execution("dada")
            with run, run.stage(2) as stage, stage.backend_call("ollama"):
                pipeline()
                journal = b"".join(path.read_bytes() for path in ram.rglob("*") if path.is_file())
            assert recording.flush(timeout=60)
    finally:
        capture.uninstall()
    [record] = sink.latest().values()
    return journal, canonical.dumps(record.to_dict())


@every_client
@pytest.mark.parametrize("where", REQUESTS)
def test_a_secret_that_was_sent(fetch, where, backend, ram):
    """And that the backend's answer repeats."""
    backend.replies(json_reply({"you sent": f"{SECRET} in {WITNESS}"}, headers=(("x-model", SECRET),)))
    request = {"url": "", **REQUESTS[where]}
    url = backend.url + "/" + request.pop("url")
    journal, record = left_in_the_journal(lambda: fetch(url, **request), ram)
    assert SECRET in f"{backend.last.path} {backend.last.headers} {backend.last.body}"
    assert SECRET.encode() not in journal
    assert SECRET not in record
    assert WITNESS.encode() in journal
    assert WITNESS in record
    assert "[removed: " in record


def events(*words):
    spoken = [{"choices": [{"index": 0, "delta": {"content": word}}]} for word in words]
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in spoken) + b"data: [DONE]\n\n"


def cut(content, *pieces):
    """The content, cut in the middle of each of the pieces."""
    places = [content.index(piece) + len(piece) // 2 for piece in pieces]
    return [content[start:end] for start, end in zip([0, *places], [*places, None], strict=True)]


CORE = "Xk2" + "b9Qd7LmZ" * 5
KEY = "sk" + "-" + CORE
STREAM = "text/event-stream"
ANSWERS = {
    "JSON in two chunks": (JSON, cut(json.dumps({"w": WITNESS, "a": f"it is {KEY}"}).encode(), CORE.encode())),
    "a stream, an event in two chunks": (STREAM, cut(events(WITNESS, f" it is {KEY} "), CORE.encode())),
    "a stream, a secret in two events": (STREAM, [events(WITNESS, " it is " + KEY[:20], KEY[20:] + " ")]),
    "a stream, letter by letter": (STREAM, [bytes([byte]) for byte in events(WITNESS, " ", *KEY)]),
    "lines of JSON": (
        "application/x-ndjson",
        cut(b'{"response":"%b"}\n{"response":" %b","done":true}\n' % (WITNESS.encode(), KEY.encode()), b"response"),
    ),
    "a stream that says that it is JSON": (JSON, cut(events(WITNESS, " " + KEY), CORE.encode())),
    "text": ("text/plain", cut(f"{WITNESS} and {KEY}".encode(), CORE.encode())),
}


@every_client
@pytest.mark.parametrize("kind", ANSWERS)
def test_a_secret_that_came(fetch, kind, backend, ram):
    media_type, chunks = ANSWERS[kind]
    backend.answer = lambda request: Reply(headers=(("content-type", media_type),), chunks=chunks)
    heard = []

    def pipeline():
        heard.append(fetch(backend.url, b'{"seed":7}', {"content-type": JSON}))

    journal, record = left_in_the_journal(pipeline, ram)
    assert heard == [b"".join(chunks)]
    for content in (journal.decode("latin-1"), record):
        assert CORE not in content
        assert CORE[20:] not in content
        assert WITNESS in content
    assert "[removed: " in record
