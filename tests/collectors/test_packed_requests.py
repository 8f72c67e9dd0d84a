"""A packed body is unpacked by a quicker library than zlib, to the same bytes or the same complaint, whatever it is."""

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from collectors.receiving.unpacking import TooLarge, unpacked

LARGEST = 3_000


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
        return unpacked(body, "gzip", largest)
    except (ValueError, TooLarge) as trouble:
        return type(trouble)


sizes = st.integers(0, LARGEST + 9)
texts = st.binary(max_size=400) | sizes.map(lambda size: (b'{"step":1}' * (size // 10 + 1))[:size])
levels = st.sampled_from([0, 1, 6, 9])
members = st.builds(lambda text, level: gzip.compress(text, level, mtime=0), texts, levels)
named = st.builds(lambda text: b"\x1f\x8b\x08\x08" + b"\0" * 6 + b"name\0" + gzip.compress(text, mtime=0)[10:], texts)


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
