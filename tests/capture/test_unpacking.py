"""A packed answer is read whole, every member of it, and never unpacked to more than was asked for."""

import gzip
import json
import zlib

import brotli
import pytest
import zstandard
from capture_stage import every_client, span_of, with_httpx
from hypothesis import given
from hypothesis import strategies as st
from servers import Reply

from otel_tracking.capture import CaptureSettings
from otel_tracking.capture.answers import AnswerBody
from otel_tracking.secrets.redaction import Redaction

TEXT = "Eine blaue Blume. " * 300
PACKERS = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def body_of(packed, encoding, *, size=100, limit=2**20, content_type="text/plain"):
    answer = AnswerBody(content_type, encoding, limit)
    for start in range(0, len(packed), size):
        answer.take(packed[start : start + size])
    return answer.body(Redaction(), complete=True)


@pytest.mark.parametrize("encoding", PACKERS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_every_encoding_that_a_client_asks_for_is_read(encoding, size):
    assert body_of(PACKERS[encoding](TEXT.encode()), encoding, size=size).value == TEXT


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.integers(1, 50), st.sampled_from(["gzip", "zstd"]))
def test_all_members_are_read_wherever_they_are_cut(parts, size, encoding):
    packed = b"".join(map(PACKERS[encoding], parts))
    whole = body_of(b"".join(parts), "", content_type="image/png")
    assert body_of(packed, encoding, size=size, content_type="image/png") == whole


@every_client
def test_the_second_member_of_an_answer_is_in_the_record(fetch, backend):
    members = [b'{"response": "Eine ', b'Blume"}']
    headers = (("content-type", "application/json"), ("content-encoding", "gzip"))
    backend.replies(Reply(200, headers, b"".join(map(gzip.compress, members))))
    contents = []
    span = span_of(lambda call: contents.append(fetch(call, "POST", backend.url, json={})))
    # httpx itself gives its caller the first member alone; what came over the wire were both.
    assert b"".join(members).startswith(contents[0])
    assert span.response["body"] == {"response": "Eine Blume"}


@pytest.mark.parametrize("end", [b"", b"\0" * 9, b"\x1f", b"no member"])
def test_what_follows_the_last_member_is_none_of_it(end):
    assert body_of(gzip.compress(b"abc") + end, "gzip").value == "abc"


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_small_answer_that_unpacks_to_more_than_is_kept_is_not_unpacked(encoding):
    """A megabyte of nothing in a kilobyte: what is known are the bytes that came."""
    packed = PACKERS[encoding](bytes(8 * 2**20))
    body = body_of(packed, encoding, limit=2**16)
    assert body.value is None
    assert (body.facts["bytes"], body.facts["not_read"]) == (
        len(packed),
        f"content-encoding {encoding}: more than 65536 bytes unpacked",
    )


@pytest.mark.parametrize("encoding", [*PACKERS, "compress"])
def test_what_is_not_what_it_says_leaves_its_size(encoding):
    body = body_of(b"this is nothing packed at all" * 9, encoding)
    assert body.value is None
    assert body.facts["not_read"].startswith(f"content-encoding {encoding}")


def test_a_packed_stream_is_put_together(backend):
    lines = b"".join(json.dumps({"response": word, "done": False}).encode() + b"\n" for word in ("Eine ", "Blume"))
    body = body_of(PACKERS["gzip"](lines), "gzip", content_type="application/x-ndjson")
    assert body.value == {"response": "Eine Blume", "done": False}


def test_a_stream_beyond_the_limit_says_where_it_was_cut():
    lines = b"".join(json.dumps({"response": "Blume ", "done": False}).encode() + b"\n" for _ in range(50))
    body = body_of(lines, "", limit=400, content_type="application/x-ndjson")
    assert body.facts["not_read"] == "what came after 400 bytes"
    assert body.facts["bytes"] == len(lines)


def test_packed_answers_go_by_the_settings_of_their_capture(backend):
    headers = (("content-type", "text/plain"), ("content-encoding", "gzip"))
    backend.replies(Reply(200, headers, gzip.compress(bytes(100_000))))
    capture = CaptureSettings(largest_body=1000)
    response = span_of(lambda call: with_httpx(call, "GET", backend.url, capture=capture)).response
    assert response["body_facts"]["not_read"] == "content-encoding gzip: more than 1000 bytes unpacked"
