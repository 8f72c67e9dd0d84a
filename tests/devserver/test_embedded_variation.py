"""Variations of pictures that people hand in: same inputs, same bytes; broken and hostile files are refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from devserver.backends.errors import InvalidParameter
from devserver.embedded.pictures.painting import render
from devserver.embedded.pictures.variation import vary

HOUSE = render("A house and a tree", seed=3, width=96, height=64, steps=4).content
RAIN = render("rain", seed=4, width=64, height=64, steps=4).content


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_the_picture_is_changed_and_changed_again_with_its_seed():
    """Another picture of the same size, the same bytes for the same inputs."""
    made = vary("ein rotes Haus", images=[HOUSE], seed=5, strength=0.9)

    assert made.content == vary("ein rotes Haus", images=[HOUSE], seed=5, strength=0.9).content
    assert pixels(made.content).shape == (64, 96, 3)
    assert not np.array_equal(pixels(made.content), pixels(HOUSE))


def test_what_made_it_is_told():
    """Everything that was given or taken by default, with the size that came out."""
    told = vary("", images=[HOUSE], seed=-1).facts
    assert told == {
        "seed": -1,
        "strength": 0.7,
        "longest_side": 1024,
        "pictures": 1,
        "width": 96,
        "height": 64,
    }


def test_recolouring_follows_the_colour_words_of_the_prompt():
    """Red in the prompt, red in the picture."""
    red, blue = (pixels(vary(word, images=[HOUSE], seed=1, strength=1).content) for word in ("rot", "blue"))
    assert red[..., 0].mean() > red[..., 2].mean()
    assert blue[..., 2].mean() > blue[..., 0].mean()


def test_further_pictures_are_woven_into_the_first():
    """With no strength left only the strips remain: columns of the one and of the other."""
    woven = pixels(vary("", images=[HOUSE, RAIN], seed=6, strength=0).content).astype(int)
    other = np.asarray(Image.open(io.BytesIO(RAIN)).resize((96, 64))).astype(int)
    from_first = (abs(woven - pixels(HOUSE)) <= 16).all(axis=(0, 2))
    from_second = (abs(woven - other) <= 16).all(axis=(0, 2))

    assert from_first.any() and from_second.any() and (from_first | from_second).all()


def test_a_large_picture_is_brought_to_size_and_stands_upright_on_white():
    """The longest side is at most what was asked for; a camera's turn is followed; what is clear becomes white."""
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = saved(Image.new("RGB", (400, 200), "red"), "JPEG", exif=turned)
    assert vary("", images=[picture], seed=1, longest_side=100).facts["height"] == 100

    clear = saved(Image.new("RGBA", (8, 8), (255, 0, 0, 0)))
    assert (pixels(vary("", images=[clear], seed=1, strength=0).content) == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (3, 2)])
def test_the_smallest_pictures_are_varied_too(size):
    """One pixel is a picture."""
    made = vary("", images=[saved(Image.new("RGB", size, "teal"))], seed=1)
    assert (made.facts["width"], made.facts["height"]) == size


def bomb():
    """A PNG of some bytes that says it is 50,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    checked = ((kind + body, len(body)) for kind, body in chunks)
    parts = (struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk, length in checked)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("content", [b"", b"no picture", HOUSE[:200], bomb()])
def test_what_cannot_be_read_is_refused_with_its_number(content):
    """Empty, foreign, cut off, or a bomb: one sentence that says which picture it was."""
    with pytest.raises(InvalidParameter, match="image 2 "):
        vary("", images=[HOUSE, content], seed=1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"strength": 2}, "strength 2 is not a number from 0 to 1"),
        ({"strength": float("nan")}, "strength nan"),
        ({"longest_side": 10}, "longest_side 10 is not a number from 64 to 4096"),
        ({"seed": 2**64}, "more than 64 bits"),
        ({"images": []}, "needs a picture"),
    ],
)
def test_a_parameter_out_of_range_says_what_would_work(wrong, message):
    """The error has the value that came in and what is allowed."""
    arguments = {"images": [HOUSE], "seed": 1, **wrong}
    with pytest.raises(InvalidParameter, match=message):
        vary("", **arguments)
