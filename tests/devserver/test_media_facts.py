"""What files say of themselves, and that broken and hostile ones say nothing instead of raising."""

import base64
import io
import json
import struct
import wave

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from devserver.embedded.music.composing import compose
from devserver.media_facts import decode_media, media_facts
from devserver.testing import PNG
from otel_tracking.values.media_types import media_type_of


def picture(kind, mode="RGB", size=(12, 8), **options):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind, **options)
    return buffer.getvalue()


def box(kind, *parts):
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def film(*, seconds=2.5, width=1280, height=704, version=0):
    """The boxes of an MP4 file with one track of pictures and one of sound."""
    numbers = struct.pack(">IQ" if version else ">II", 1000, int(seconds * 1000))
    head = box(b"mvhd", bytes([version, 0, 0, 0]), bytes(16 if version else 8), numbers, bytes(80))
    tracks = [
        box(b"trak", box(b"tkhd", bytes(76), struct.pack(">II", w << 16, h << 16)))
        for w, h in ((0, 0), (width, height))
    ]
    return box(b"ftyp", b"isom", bytes(4)) + box(b"mdat", bytes(50)) + box(b"moov", head, *tracks)


def glb(scene):
    """A binary glTF file with this scene."""
    text = json.dumps(scene).encode()
    return b"glTF" + struct.pack("<II", 2, 20 + len(text)) + struct.pack("<I4s", len(text), b"JSON") + text


@pytest.mark.parametrize(
    ("content", "facts"),
    [
        (PNG, {"format": "image/png", "width": 1, "height": 1, "mode": "RGBA", "frames": 1}),
        (picture("JPEG"), {"format": "image/jpeg", "width": 12, "height": 8, "mode": "RGB", "frames": 1}),
        (picture("WEBP", "RGBA"), {"format": "image/webp", "width": 12, "height": 8, "mode": "RGBA", "frames": 1}),
        (
            picture("GIF", "L", save_all=True, append_images=[Image.new("L", (12, 8), shade) for shade in (50, 99)]),
            {"format": "image/gif", "width": 12, "height": 8, "mode": "P", "frames": 3},
        ),
        (
            compose("la", seed=1, duration_seconds=2.25, sample_rate=8000, channels=1).content,
            {"format": "audio/wav", "duration_seconds": 2.25, "sample_rate": 8000, "channels": 1, "bit_depth": 16},
        ),
        (film(), {"format": "video/mp4", "duration_seconds": 2.5, "width": 1280, "height": 704}),
        (film(version=1, width=0, height=0), {"format": "video/mp4", "duration_seconds": 2.5}),
        (
            glb({"meshes": [{}, {}], "nodes": [{}], "asset": {}}),
            {"format": "model/gltf-binary", "meshes": 2, "nodes": 1},
        ),
    ],
    ids=["png", "jpeg", "webp", "gif", "wav", "mp4", "mp4 of 64 bits", "glb"],
)
def test_pictures_sounds_films_and_models_say_what_they_are(content, facts):
    """Sizes and lengths from the file itself, whatever type was told."""
    assert media_facts(content, "application/octet-stream") == facts


def test_a_type_that_the_bytes_do_not_show_is_believed():
    """A BMP file begins with two letters that many texts begin with."""
    facts = {"format": "image/bmp", "width": 12, "height": 8, "mode": "RGB", "frames": 1}
    assert (media_facts(picture("BMP"), "image/bmp"), media_facts(picture("BMP"))) == (facts, {})


def test_a_long_silent_sound_is_not_read_to_its_end():
    """The header of a WAV file tells the length."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((2, 2, 48000, 0, "NONE", ""))
        file.writeframes(bytes(4 * 480_000))
    assert media_facts(buffer.getvalue())["duration_seconds"] == 10.0


FILES = [
    PNG,
    picture("JPEG"),
    picture("GIF", "L"),
    film(),
    glb({}),
    compose("a", seed=1, duration_seconds=2, sample_rate=8000).content[:2000],
]


@given(
    st.sampled_from(FILES),
    st.integers(0, 2000),
    st.lists(st.tuples(st.integers(0, 1999), st.integers(0, 255)), max_size=6),
)
def test_no_file_however_broken_raises(content, length, changes):
    """Cut off anywhere, with any bytes changed: facts or none, and only plain values that are finite."""
    broken = bytearray(content[:length])
    for place, value in changes:
        if place < len(broken):
            broken[place] = value
    for told in (None, "image/png", "audio/mpeg", "video/mp4", "model/gltf-binary"):
        facts = media_facts(bytes(broken), told)
        assert json.loads(json.dumps(facts, allow_nan=False)) == facts


@given(st.binary(max_size=200), st.none() | st.text(max_size=20))
def test_any_bytes_under_any_name_are_answered(content, told):
    """Also a type that is none."""
    assert isinstance(media_facts(content, told), dict)


@given(st.binary(min_size=1, max_size=300))
def test_base64_in_every_spelling_becomes_the_bytes(content):
    """Plain, with line breaks, without padding, for addresses, and in a data URL."""
    plain = base64.b64encode(content).decode()
    for spelling in (
        plain,
        base64.encodebytes(content).decode(),
        plain.rstrip("="),
        base64.urlsafe_b64encode(content).decode(),
        f"data:image/png;base64,{plain}",
    ):
        assert decode_media(spelling)[0] == content


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        (f"data:application/octet-stream;base64,{base64.b64encode(PNG).decode()}", (PNG, "image/png")),
        ("data:text/plain,A%20flower", (b"A flower", "text/plain")),
        ("data:audio/x-odd;base64,AAAA", (b"\0\0\0", "audio/x-odd")),
        ("data:no comma", None),
        ("A flower on the meadow!", None),
        ("", None),
        ("https://example.org/a.png", None),
    ],
)
def test_what_the_bytes_show_goes_before_what_a_url_says(text, decoded):
    """And a text that is no base64 is none."""
    assert decode_media(text) == decoded


def test_types_are_told_by_their_first_bytes():
    """RIFF holds sounds and pictures, MP4 boxes hold films and sounds."""
    starts = {b"RIFF....WEBP": "image/webp", b"RIFF....WAVE": "audio/wav", b"....ftypM4A ": "audio/mp4", b"RIFF": None}
    assert {start: media_type_of(start) for start in starts} == starts
