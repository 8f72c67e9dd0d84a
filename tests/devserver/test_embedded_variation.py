"""Variations of pictures that people hand in: same inputs, same bytes; broken and hostile files are refused."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from devserver.backends.embedded.image_variation import EFFECTS, vary
from devserver.backends.embedded.procedural_image import render
from devserver.backends.errors import InvalidParameter

MEADOW = render("A house and a tree", seed=3, width=96, height=64, steps=4).png
STRATA = render("rain", seed=4, width=64, height=64, steps=4, style="strata").png


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def saved(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("effect", EFFECTS)
def test_every_effect_changes_the_picture_and_does_so_again_with_its_seed(effect):
    """Another picture of the same size, the same bytes for the same inputs."""
    made = vary("ein rotes Haus", [MEADOW], seed=5, effect=effect, strength=0.9)

    assert made.png == vary("ein rotes Haus", [MEADOW], seed=5, effect=effect, strength=0.9).png
    assert pixels(made.png).shape == (64, 96, 3)
    assert not np.array_equal(pixels(made.png), pixels(MEADOW))


def test_the_seed_draws_the_effect_where_none_is_given():
    """Many seeds, all effects; what was drawn is told, with the rest of what made it."""
    drawn = {vary("", [MEADOW], seed=seed).parameters["effect"] for seed in range(40)}

    assert drawn == set(EFFECTS)
    told = vary("", [MEADOW], seed=-1, effect="mirror").parameters
    assert told == {
        "seed": -1,
        "effect": "mirror",
        "strength": 0.7,
        "longest_side": 1024,
        "pictures": 1,
        "width": 96,
        "height": 64,
    }


def test_recolouring_follows_the_colour_words_of_the_prompt():
    """Red in the prompt, red in the picture."""
    red, blue = (pixels(vary(word, [MEADOW], seed=1, effect="recolour", strength=1).png) for word in ("rot", "blue"))
    assert red[..., 0].mean() > red[..., 2].mean()
    assert blue[..., 2].mean() > blue[..., 0].mean()


def test_sorting_moves_pixels_and_makes_none():
    """Every row or column has the pixels it had."""
    sorted_pixels = pixels(vary("", [MEADOW], seed=2, effect="pixel_sort", strength=1).png)
    assert sorted(map(tuple, sorted_pixels.reshape(-1, 3))) == sorted(map(tuple, pixels(MEADOW).reshape(-1, 3)))


def test_further_pictures_are_woven_into_the_first():
    """With no strength left only the strips remain: columns of the one and of the other."""
    woven = pixels(vary("", [MEADOW, STRATA], seed=6, effect="posterise", strength=0).png).astype(int)
    other = np.asarray(Image.open(io.BytesIO(STRATA)).resize((96, 64))).astype(int)
    from_first = (abs(woven - pixels(MEADOW)) <= 16).all(axis=(0, 2))
    from_second = (abs(woven - other) <= 16).all(axis=(0, 2))

    assert from_first.any() and from_second.any() and (from_first | from_second).all()


def test_a_large_picture_is_brought_to_size_and_stands_upright_on_white():
    """The longest side is at most what was asked for; a camera's turn is followed; what is clear becomes white."""
    turned = Image.Exif()
    turned[0x0112] = 6
    picture = saved(Image.new("RGB", (400, 200), "red"), "JPEG", exif=turned)
    assert vary("", [picture], seed=1, effect="mirror", longest_side=100).parameters["height"] == 100

    clear = saved(Image.new("RGBA", (8, 8), (255, 0, 0, 0)))
    assert (pixels(vary("", [clear], seed=1, effect="mirror").png) == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (3, 2)])
@pytest.mark.parametrize("effect", EFFECTS)
def test_the_smallest_pictures_are_varied_too(effect, size):
    """One pixel is a picture."""
    made = vary("", [saved(Image.new("RGB", size, "teal"))], seed=1, effect=effect)
    assert (made.parameters["width"], made.parameters["height"]) == size


def bomb():
    """A PNG of some bytes that says it is 50,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b""))
    checked = ((kind + body, len(body)) for kind, body in chunks)
    parts = (struct.pack(">I", length) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk, length in checked)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize("content", [b"", b"no picture", MEADOW[:200], bomb()])
def test_what_cannot_be_read_is_refused_with_its_number(content):
    """Empty, foreign, cut off, or a bomb: one sentence that says which picture it was."""
    with pytest.raises(InvalidParameter, match="image 2 "):
        vary("", [MEADOW, content], seed=1)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"effect": "melt"}, "unknown effect 'melt'; known are mirror"),
        ({"strength": 2}, "strength 2 is not a number from 0 to 1"),
        ({"strength": float("nan")}, "strength nan"),
        ({"longest_side": 10}, "longest_side 10 is not a number from 64 to 4096"),
        ({"seed": 2**64}, "more than 64 bits"),
        ({"pictures": []}, "needs a picture"),
    ],
)
def test_a_parameter_out_of_range_says_what_would_work(wrong, message):
    """The error has the value that came in and what is allowed."""
    arguments = {"pictures": [MEADOW], "seed": 1, **wrong}
    with pytest.raises(InvalidParameter, match=message):
        vary("", arguments.pop("pictures"), **arguments)
