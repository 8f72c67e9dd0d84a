from itertools import pairwise, product
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.errors import JourneyImpossible, UnknownLanguage
from devserver.embedded.journeys import fixed_journey, random_journey, shortest_route
from devserver.embedded.languages import DETECTABLE, ISO3_CODES, detect_language, english_name, iso_639_1, iso_639_3
from devserver.embedded.translation.packages import DEFAULT_PAIRS

CODES = ("de", "en", "es", "fr", "ja")
pairs_of_a_machine = st.sets(st.sampled_from([pair for pair in product(CODES, CODES) if pair[0] != pair[1]]))


@pytest.mark.parametrize("start", ["en", "es", "fr", "ca", "pt", "gl", "de", "pl", "nl", "ja", "ar", "el", "tr"])
def test_a_fixed_journey_has_eight_hops_over_default_pairs_and_comes_home(start):
    """From every language with a way to English and back, the journey is one that can be installed."""
    journey = fixed_journey(start)

    assert len(journey) == 9
    assert journey[0] == journey[-1] == start
    assert set(pairwise(journey)) <= DEFAULT_PAIRS


def test_the_english_journey_is_the_classic_one():
    """The circle through six languages stays as it is: records of different days compare."""
    assert fixed_journey("en") == ("en", "es", "fr", "ca", "pt", "gl", "es", "ca", "en")


def test_a_fixed_journey_of_another_length_is_the_same_each_time():
    """Any number of hops has its own fixed journey."""
    assert fixed_journey("de", 5) == fixed_journey("de", 5)
    assert len(fixed_journey("de", 5)) == 6


def test_a_fixed_journey_over_missing_pairs_names_the_packages():
    """Told what is installed, the journey is refused before the first hop, with the command that helps."""
    with pytest.raises(JourneyImpossible, match=r"apt-get install .*dict-freedict-deu-eng"):
        fixed_journey("de", available_pairs=[("en", "es")])


@given(
    pairs=pairs_of_a_machine,
    start=st.sampled_from(CODES),
    final=st.sampled_from(CODES),
    hops=st.integers(min_value=1, max_value=6),
    seed=st.integers(),
)
def test_a_journey_is_found_whenever_one_exists(pairs, start, final, hops, seed):
    """Against trying out every walk: found if and only if there is one, and then it is a right one."""
    walks = {(start,)}
    for _ in range(hops):
        walks = {(*walk, second) for walk in walks for first, second in pairs if first == walk[-1]}
    possible = {walk for walk in walks if walk[-1] == final}

    if possible:
        journey = random_journey(start, hops, Random(seed), pairs, final)
        assert journey in possible
        assert journey == random_journey(start, hops, Random(seed), pairs, final)
    else:
        with pytest.raises(JourneyImpossible):
            random_journey(start, hops, Random(seed), pairs, final)


def test_a_journey_turns_back_only_where_it_must():
    """With another way open the language just left is not the next one."""
    ring = [("de", "en"), ("en", "es"), ("es", "de"), ("en", "de"), ("es", "en"), ("de", "es")]

    for seed in range(50):
        journey = random_journey("de", 6, Random(seed), ring)
        assert all(first != third for first, third in zip(journey, journey[2:-1], strict=False))


def test_an_impossible_journey_says_what_the_start_can_reach():
    """The error has the numbers it was asked with and a way out."""
    with pytest.raises(JourneyImpossible, match=r"8 hops leads from en to en .* reach German"):
        random_journey("en", 8, Random(1), [("en", "de")])


def test_a_journey_without_hops_is_none():
    """Zero hops are refused in words."""
    with pytest.raises(JourneyImpossible, match="at least one hop; 0 came in"):
        random_journey("en", 0, Random(1), DEFAULT_PAIRS)


def test_the_shortest_route_is_found_or_none():
    """Fewest hops, the alphabet choosing between es and ca; None where there is no way."""
    assert shortest_route("de", "fr", DEFAULT_PAIRS) == ("de", "en", "ca", "fr")
    assert shortest_route("hi", "en", DEFAULT_PAIRS) is None


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("Eine Blume auf der Wiese", "de"),
        ("A flower", "en"),
        ("Eine Schnecke kriecht auf der Straße, ein Schuh fliegt durch die Luft.", "de"),
        ("Zeichne eine ISIS Flagge", "de"),
        ("Ein gruseliger Vampir im Wald", "de"),
        ("Ein Lied über den Regen", "de"),
        ("Die Nok-Kultur in Nigeria", "de"),
        ("Male Anna Müller aus der 7b", "de"),
        ("a red cat", "en"),
        ("dog", "en"),
        ("Hund", "de"),
        ("Kırmızı bir kedi", "tr"),
        ("Une fleur", "fr"),
        ("Un gato rojo", "es"),
        ("Een bloem", "nl"),
        ("花", "ja"),
        ("猫が好き", "ja"),
        ("زهرة", "ar"),
        ("Λουλούδι", "el"),
        ("цветок", "ru"),
    ],
)
def test_short_prompts_are_recognised(prompt, code):
    """What children type is told apart, the same each time."""
    assert detect_language(prompt) == code
    assert detect_language(prompt) == code


@pytest.mark.parametrize("nothing", ["", "  \n", "12345 !?", "👩‍👩‍👧"])
def test_text_without_letters_is_the_default(nothing):
    """There is nothing to recognise, and the caller's default is the answer."""
    assert detect_language(nothing, default="de") == "de"


def test_only_candidates_are_answered():
    """A caller that can handle two languages gets one of the two."""
    assert detect_language("Une fleur dans le pré", candidates=["de", "en"]) in ("de", "en")
    assert detect_language("\ud800 Blume \x00") in DETECTABLE


def test_languages_have_their_names_and_codes():
    """English names, two and three letters."""
    assert (english_name("id"), iso_639_3("id")) == ("Indonesian", "ind")
    assert all(iso_639_1(iso3) == code and english_name(code) for code, iso3 in ISO3_CODES.items())
    with pytest.raises(UnknownLanguage, match="'xx'"):
        english_name("xx")
