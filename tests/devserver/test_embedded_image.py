import io
import random

import numpy as np
import pytest
from PIL import Image

from devserver.backends.errors import InvalidParameter
from devserver.embedded.pictures.painting import render

SMALL = {"width": 96, "height": 80, "steps": 4}
"""A few steps, since they are the time that a picture takes; one test has the usual number."""


def pixels(**parameters):
    prompt = parameters.pop("prompt", "A flower")
    return render(prompt, **{"seed": 1, **SMALL, **parameters}).content


def test_equal_inputs_give_equal_bytes_whatever_the_global_random_state():
    """The same PNG byte for byte; Python's and numpy's global states neither matter nor move."""
    first = pixels()
    random.seed(7)
    np.random.seed(7)
    before = random.getstate(), np.random.get_state()[1].tolist()

    assert pixels() == first
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize("change", [{"seed": 2}, {"steps": 7}, {"cfg": 12.0}, {"prompt": "A blue bird in the snow"}])
def test_every_parameter_shows_in_the_picture(change):
    """Another seed, number of steps, cfg or prompt gives another picture."""
    assert pixels(**change) != pixels()


def test_at_cfg_zero_the_prompt_does_not_count():
    """Without guidance two prompts give one picture."""
    assert pixels(cfg=0.0, prompt="rote Blumen") == pixels(cfg=0.0, prompt="a night robot")


@pytest.mark.parametrize("seed", [0, -1, 123456789, 2**63, 2**64 - 1, -(2**63)])
def test_every_seed_of_64_bits_is_taken(seed):
    """Negative and large seeds work and stand in the parameters as they came in."""
    assert render("A flower", seed=seed, **SMALL).facts["seed"] == seed


@pytest.mark.parametrize("size", [(64, 64), (64, 300), (300, 64), (129, 97)])
def test_the_picture_has_the_size_that_was_asked_for(size):
    """A real PNG of that width and height, the lowest and an odd one included."""
    picture = Image.open(io.BytesIO(render("rain", seed=3, width=size[0], height=size[1], steps=4).content))

    assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", size)


def test_what_the_prompt_names_is_painted_and_told():
    """German and English words for things give the same things."""
    german = render("Ein Roboter und eine Schnecke bei Nacht", seed=1, **SMALL).facts
    english = render("A robot and a snail at night", seed=1, **SMALL).facts

    assert german["motifs"] == english["motifs"] == ["night", "robot", "snail"]
    assert german["palette"] == "night"


def test_the_parameters_make_the_picture_again():
    """What is told is enough to render the same bytes."""
    first = render("rote Blumen", seed=-5, palette="dessau", width=96, height=80)
    told = {name: value for name, value in first.facts.items() if name != "motifs"}

    assert render("rote Blumen", **told).content == first.content


def test_two_palettes_are_two_pictures():
    """A comparison of the two compares something."""
    assert pixels(palette="weimar") != pixels(palette="dessau")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 10}, "width 10 is not a whole number from 64 to 4096"),
        ({"height": 9999}, "height 9999"),
        ({"steps": 0}, "steps 0 is not a whole number from 1 to 100"),
        ({"cfg": -1.0}, "cfg -1.0"),
        ({"cfg": float("nan")}, "cfg nan"),
        ({"seed": 2**64}, "more than 64 bits"),
        ({"palette": "grey"}, "unknown palette 'grey'; known are weimar, dessau"),
    ],
)
def test_a_parameter_out_of_range_says_what_would_work(wrong, message):
    """The error has the value that came in and the range."""
    with pytest.raises(InvalidParameter, match=message):
        render("A flower", **{"seed": 1, **SMALL, **wrong})


def test_hostile_prompts_are_painted():
    """NUL, a lone surrogate and a very long text are prompts too."""
    assert pixels(prompt="\x00\ud800 " + "Blume " * 20_000)
