"""A picture is a picture, whatever else its file holds: its texts are left out, the picture is shown."""

import io
import struct
import zlib

import pytest
from PIL import Image

from devserver.backends.comfyui.outputs import media_format_of, size_of
from devserver.media_facts import media_facts
from exporters.formats.printed.pictures import printable
from exporters.media.png_text import LONGEST_TEXTS, text_chunks
from exporters.media.thumbnails import thumbnail


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def a_png():
    buffer = io.BytesIO()
    Image.new("RGB", (8, 4), "red").save(buffer, "PNG")
    return buffer.getvalue()


PACKED = zlib.compress(b"x" * 3_000_000)
BESIDE = {
    "a packed text of three megabytes": chunk(b"zTXt", b"prompt\0\0" + PACKED),
    "a packed international text": chunk(b"iTXt", b"prompt\0\1\0\0\0" + PACKED),
    "texts of seventy megabytes": chunk(b"tEXt", b"prompt\0" + b"x" * 900_000),
    "a colour profile of three megabytes": chunk(b"iCCP", b"profile\0\0" + PACKED),
    "EXIF that is none": chunk(b"eXIf", b"x" * 3_000),
    "a broken packed text": chunk(b"zTXt", b"prompt\0\0" + PACKED[:50] + b"!" * 50),
}
TIMES = {"texts of seventy megabytes": 80}
"""Kept as one: each process that is forked from that of the tests has to be told of its memory."""


def with_chunk(name, place):
    png, beside = a_png(), BESIDE[name] * TIMES.get(name, 1)
    return png[:33] + beside + png[33:] if place == "before" else png[:-12] + beside + png[-12:]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("name", BESIDE)
def test_what_a_file_holds_beside_the_picture_does_not_hide_it(name, place):
    """In thumbnails and printed documents, and as facts of the record."""
    png = with_chunk(name, place)

    assert thumbnail(png) is not None
    assert printable(png).width == 8
    assert media_facts(png)["width"] == 8
    assert size_of(png) == {"width": 8, "height": 4}
    assert media_format_of(png, "unknown") == "image/png"


def test_texts_that_unpack_to_much_are_cut():
    """All together: many small texts of a megabyte each would be many megabytes."""
    texts = b"".join(chunk(b"zTXt", b"text %d\0\0" % number + PACKED) for number in range(30))
    png = a_png()
    found = text_chunks(png[:33] + texts + png[33:])

    assert sum(map(len, found.values())) <= LONGEST_TEXTS
    assert len(found["text 0"]) == 3_000_000
