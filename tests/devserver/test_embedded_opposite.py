"""The opposite: what is turned, in which form, and what is done where nothing can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.errors import EngineFailed, InvalidParameter
from devserver.embedded.texts.opposite import opposites, turn_around


@pytest.mark.parametrize(
    ("text", "language", "opposite"),
    [
        ("An old robot sings to the moon.", "en", "A young robot listens to the sun."),
        ("The big black cat sleeps in the dark house", "en", "The small white dog wakes in the light cave"),
        ("a beautiful king's smile", "en", "an ugly queen's smile"),
        ("Eine alte Frau auf der Wiese", "de", "Eine junge Frau auf der Wüste"),
        ("Der junge König liebt den dunklen Winter.", "de", "Der alte Bettler hasst den hellen Sommer."),
        ("Das erzählt der Schnee einem müden Riesen", "de", "Das verschweigt der Schnee einem wachen Zwerge"),
    ],
)
def test_listed_words_are_turned_and_what_stands_before_still_agrees(text, language, opposite):
    """German nouns have one of their own gender beside them; a becomes an where the next word wants it."""
    assert turn_around(text, language=language).content == opposite


@pytest.mark.parametrize(
    ("text", "language", "opposite"),
    [("robot", "en", "Not robot"), ("Ein Pinguin", "de", "Nicht Ein Pinguin"), ("123 !", "de", "Nicht 123 !")],
)
def test_where_no_word_has_an_opposite_the_text_is_denied(text, language, opposite):
    """A negation in front, and the record says so."""
    turned = turn_around(text, language=language)
    assert (turned.content, turned.facts["rule"]) == (opposite, "negation in front")


def test_what_was_turned_is_told():
    """Each pair of words in its order, the language, and the version of the list."""
    assert turn_around("The old moon laughs").facts == {
        "language": "en",
        "rule": "words",
        "turned_words": 3,
        "list_version": "2026-11-27",
        "turned": [["old", "young"], ["moon", "sun"], ["laughs", "cries"]],
    }


def test_the_language_is_recognised_and_another_one_is_refused_with_a_way_out():
    """English and German are told apart; Turkish is not turned into something wrong."""
    assert turn_around("Eine alte Frau auf der Wiese").facts["language"] == "de"
    assert turn_around("old").facts["language"] == "en"
    with pytest.raises(EngineFailed, match=r"English and German, and the text seems to be Turkish; .*translate_first"):
        turn_around("Kırmızı bir kedi bahçede uyuyor")
    with pytest.raises(InvalidParameter, match="language 'tr' is not one of en, de, auto"):
        turn_around("kedi", language="tr")


@given(st.text(max_size=60), st.sampled_from(["en", "de"]))
def test_every_text_has_an_answer_and_the_same_one_each_time(text, language):
    """Nothing that can be typed breaks it."""
    assert turn_around(text, language=language) == turn_around(text, language=language)


def test_capitals_stay():
    """A shout stays a shout, a sentence begins as it did."""
    assert turn_around("OLD houses. Old HOUSES", language="en").content == "YOUNG caves. Young CAVES"


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_form_is_listed_twice(language):
    """Nothing is its own opposite, and most words turn back."""
    listed = opposites(language)
    back = [word for word, other in listed.items() if listed.get(other) == word]
    assert len(back) > len(listed) / 2 and all(word != other for word, other in listed.items())
