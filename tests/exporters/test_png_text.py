"""Texts inside PNG files: they can be read, and taken out without touching the picture."""

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from exporters.media.png_text import strip_text_chunks, text_chunks

GRAPH = json.dumps({"3": {"class_type": "KSampler", "inputs": {"seed": 5, "positive": ["6", 0]}}})
PIXELS = np.random.default_rng(3).integers(0, 256, (24, 32, 3), dtype=np.uint8)


def png(**texts):
    """A PNG file as ComfyUI writes it, with a compressed and an international text beside."""
    info = PngInfo()
    info.add_text("prompt", GRAPH)
    info.add_text("workflow", GRAPH * 40, zip=True)
    info.add_itxt("Beschreibung", "Anna Müller wünscht sich eine Blume 🌼", "de", "Description")
    info.add_itxt("gepackt", "花" * 500, zip=True)
    for name, text in texts.items():
        info.add_text(name, text)
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "PNG", pnginfo=info, dpi=(72, 72), exif=a_comment())
    return buffer.getvalue()


def a_comment():
    exif = Image.Exif()
    exif[0x010E] = "Anna Mueller"
    return exif


def test_texts_of_all_three_kinds_are_read():
    """Plain, compressed and international ones."""
    assert text_chunks(png()) == {
        "prompt": GRAPH,
        "workflow": GRAPH * 40,
        "Beschreibung": "Anna Müller wünscht sich eine Blume 🌼",
        "gepackt": "花" * 500,
    }


def test_without_its_texts_the_picture_is_the_same():
    """Pixel for pixel, chunk for chunk; no word of the prompt and no name is left."""
    bare = strip_text_chunks(png())
    picture = Image.open(io.BytesIO(bare))

    assert np.array_equal(np.asarray(picture), PIXELS)
    assert picture.info.keys() == {"dpi"}
    assert text_chunks(bare) == {}
    for word in (b"KSampler", "Müller".encode(), b"Mueller", b"Blume"):
        assert word not in bare


def test_what_is_not_text_is_kept_byte_for_byte():
    """A file without texts comes back as it is, and once is as good as twice."""
    bare = strip_text_chunks(png())
    assert strip_text_chunks(bare) == bare
    assert strip_text_chunks(b"\xff\xd8\xff no PNG") == b"\xff\xd8\xff no PNG"


@given(st.integers(0, 5000), st.lists(st.tuples(st.integers(0, 4999), st.integers(0, 255)), max_size=5))
def test_a_broken_file_is_answered(length, changes):
    """Cut off or changed anywhere: nothing raises, and what is not understood stays."""
    broken = bytearray(png()[:length])
    for place, value in changes:
        if place < len(broken):
            broken[place] = value
    assert len(strip_text_chunks(bytes(broken))) <= len(broken)
    assert isinstance(text_chunks(bytes(broken)), dict)


@pytest.mark.parametrize("end", ["", "…and a text after the end"])
def test_what_comes_after_the_end_stays(end):
    """Some programs hang things on; they are no chunks, and no business of ours."""
    assert strip_text_chunks(png() + end.encode()).endswith(b"IEND\xaeB`\x82" + end.encode())


def test_a_text_that_would_unpack_to_more_than_any_prompt_is_cut():
    """A bomb of zeros ends at 16 MiB."""
    info = PngInfo()
    info.add_text("bomb", "\x01" * 40_000_000, zip=True)
    buffer = io.BytesIO()
    Image.new("L", (1, 1)).save(buffer, "PNG", pnginfo=info)
    assert len(text_chunks(buffer.getvalue())["bomb"]) == 16 * 2**20
