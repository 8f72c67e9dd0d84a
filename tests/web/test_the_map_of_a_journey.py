"""The map of a journey: where languages are, which arcs there are, and that no name stands on another."""

from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.web.travel.lens import VIEWS, WORLD, on_the_map, place_of
from devserver.web.travel.travel_map import Way, travel_map
from devserver.web.words import words_of
from exporters.story.language_names import NAMES, language_name

CODES = list(NAMES["en"])
NAMED = partial(language_name, language="de")


def ways(*codes):
    return [Way(start, end) for start, end in pairwise(codes)]


@pytest.mark.parametrize("code", CODES)
def test_every_language_that_has_a_name_has_a_place(code):
    assert WORLD.holds([place_of(code)])
    assert place_of(f"{code}-XX") == place_of(code)


def test_no_two_languages_are_at_the_same_place():
    points = [place_of(code) for code in CODES]
    assert all(abs(one.x - other.x) + abs(one.y - other.y) > 8 for one in points for other in points if one != other)
    assert len(set(points)) == len(points)


@given(latitude=st.floats(-90, 90), longitude=st.floats(-180, 180))
def test_every_place_of_the_earth_is_on_the_map(latitude, longitude):
    assert WORLD.holds([on_the_map(latitude, longitude)], margin=0)


@given(latitude=st.floats(-56, 78), more=st.floats(0.1, 10))
def test_north_is_up(latitude, more):
    assert on_the_map(latitude + more, 0).y <= on_the_map(latitude, 0).y


def test_a_journey_within_europe_is_shown_larger():
    near, far = travel_map(ways("de", "en", "es"), NAMED), travel_map(ways("de", "en", "ja"), NAMED)
    assert (near.part, far.part) == ("europe", "world")
    assert near.view == "160 10 540 350"
    assert VIEWS["europe"].width < WORLD.width


def test_a_way_back_and_a_way_again_are_arcs_of_their_own():
    drawn = travel_map(ways("de", "en", "de", "en"), NAMED)
    assert [stop.name for stop in drawn.stops] == ["Deutsch", "Englisch"]
    assert len({leg.path for leg in drawn.legs}) == 3


def test_what_is_on_no_map_is_left_out():
    drawn = travel_map([Way("de", "tlh"), Way("tlh", "en"), Way("en", "de", is_done=False)], NAMED)
    assert [leg.is_done for leg in drawn.legs] == [False]
    assert travel_map(ways("tlh", "sjn"), NAMED) is None
    assert travel_map(ways("de", "de"), NAMED) is None
    assert travel_map([], NAMED) is None


@given(st.permutations(CODES).map(lambda codes: codes[:5]))
def test_names_are_within_the_map(codes):
    drawn = travel_map(ways(*codes), NAMED)
    view = VIEWS[drawn.part]
    for stop in drawn.stops:
        assert view.left <= stop.label_x <= view.left + view.width
        assert view.top <= stop.label_y <= view.top + view.height


def test_the_map_says_where_its_languages_are_to_be_read():
    for language in ("de", "en"):
        words = words_of(language)
        assert words["route"] in words["travel map"]
