"""A packed body is unpacked by a quicker library than zlib, to the same bytes or the same complaint, whatever it is."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from receiver_stage import body_of, collecting, post, receiving, spans_of_runs

from collectors.receiving import Spool
from collectors.receiving.unpacking import TooLarge, unpacked
from collectors.testing import RememberingSink

LARGEST = 3_000
NAMED = b"\x1f\x8b\x08\x08" + b"\0" * 6
"""How gzip begins that is called something."""


def by_zlib(body, largest):
    """What zlib makes of it, member by member: the bytes, or the kind of error."""
    found = b""
    while True:
        unpacking = zlib.decompressobj(31)
        try:
            found += unpacking.decompress(body, largest + 1 - len(found))
        except zlib.error:
            return ValueError
        if len(found) > largest:
            return TooLarge
        if not unpacking.eof:
            return ValueError
        body = unpacking.unused_data
        if not body.strip(b"\0"):
            return found


def by_us(body, largest):
    """The same of ours."""
    try:
        found = unpacked(body, "gzip", largest)
    except (ValueError, TooLarge) as trouble:
        return type(trouble)
    # What may be kept in its place says the same, and has no room for anything else.
    assert found.zipped in (None, body)
    assert found.zipped is None or (body[3] == 0 and len(zlib.decompressobj(31).decompress(body)) == len(found.body))
    return found.body


sizes = st.integers(0, LARGEST + 9)
SECRET = "sk-ant-api03-" + "Ab7" * 28


def packed(text):
    """As an exporter packs it."""
    return gzip.compress(text, mtime=0)


texts = st.binary(max_size=400) | sizes.map(lambda size: (b'{"step":1}' * (size // 10 + 1))[:size])
levels = st.sampled_from([0, 1, 6, 9])
members = st.builds(lambda text, level: gzip.compress(text, level, mtime=0), texts, levels)
named = st.builds(lambda text: NAMED + b"name\0" + gzip.compress(text, mtime=0)[10:], texts)


@st.composite
def odd_bodies(draw):
    """Members that follow each other, a few bits changed (those of the head and of the end often), cut, with an end."""
    body = bytearray(b"".join(draw(st.lists(members | named, min_size=1, max_size=3))))
    last = len(body) - 1
    places = st.integers(0, last) | st.integers(0, min(last, 12)) | st.integers(max(0, last - 8), last)
    for place in draw(st.lists(places, max_size=2)):
        body[place] ^= 1 << draw(st.integers(0, 7))
    cut = draw(st.just(len(body)) | st.integers(0, len(body)))
    return bytes(body[:cut]) + draw(st.just(b"") | st.just(b"\0\0\0") | st.binary(max_size=12))


@given(odd_bodies())
def test_what_comes_of_a_packed_body_is_what_zlib_says(body):
    """Cut short, changed in any bit, followed by something, of several members, with a name: no byte is other."""
    expected = by_zlib(body, LARGEST) if body else ValueError
    assert by_us(body, LARGEST) == expected


@given(members, st.integers(0, LARGEST))
def test_a_body_is_unpacked_to_what_was_agreed_and_no_further(body, largest):
    """One byte more is too much."""
    text = gzip.decompress(body)
    assert by_us(body, largest) == (text if len(text) <= largest else TooLarge)


def test_a_body_that_would_fill_the_memory_is_given_up_where_it_is_too_much():
    """A thousandth of what it unpacks to comes over the network."""
    body = gzip.compress(b"\0" * 50_000_000, 9)
    assert by_us(body, 100_000) is TooLarge


def kept_of(directory, pack, note=""):
    """What stands in the spool's file once a packed request was answered, what is read of it, and what it was."""
    [run], _ = spans_of_runs(1)
    request = ExportTraceServiceRequest.FromString(body_of(run[1:]))
    request.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="note").value.string_value = note
    text = request.SerializeToString()
    with collecting([RememberingSink()], directory) as collector, receiving(collector) as address:
        assert post(address, pack(text), Content_Encoding="gzip").status_code == 200
    [path] = directory.glob("*.otlp")
    content = path.read_bytes()
    spool = Spool(directory)
    [entry] = spool.entries()
    spool.close()
    return content, entry.body, text


def test_a_request_that_came_packed_is_kept_as_it_came(tmp_path):
    """A seventh of the bytes while its sender waits; it is read as what it says."""
    content, body, text = kept_of(tmp_path, packed)
    assert content.endswith(packed(text))
    assert body == text


def test_what_is_taken_out_of_a_packed_request_is_not_kept_in_it(tmp_path):
    """The request is kept as it was written without."""
    content, body, text = kept_of(tmp_path, packed, note=SECRET)
    assert SECRET.encode() in text
    assert SECRET.encode() not in body
    assert content.endswith(body)


def test_what_stands_beside_the_text_in_a_packed_request_is_not_kept(tmp_path):
    """A name in gzip's head is not searched; nor is one in that of a second member."""
    named_so = NAMED + SECRET.encode() + b"\0"
    for number, pack in enumerate(
        (
            lambda text: named_so + packed(text)[10:],
            lambda text: packed(b"") + named_so + packed(text)[10:],
        )
    ):
        content, body, text = kept_of(tmp_path / str(number), pack)
        assert SECRET.encode() not in content
        assert body == text
