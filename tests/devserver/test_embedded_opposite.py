"""The opposite: what is turned, in which form, and what is done where nothing can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.embedded.opposites import english, german
from devserver.backends.embedded.opposites.lists import read_wordnet
from devserver.backends.embedded.the_opposite import turn_around
from devserver.backends.errors import EngineFailed, InvalidParameter


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("An old robot sings to the moon.", "A young robot listens to the sun."),
        ("The big black cat sleeps in the dark house at night.", "The small white dog wakes in the light cave at day."),
        ("Two boys ran up the hill and laughed loudly", "Two girls crawled down the valley and cried quietly"),
        ("the happiest child was happier than before", "the saddest adult was sadder than after"),
        ("a beautiful king's smile", "an ugly queen's frown"),
    ],
)
def test_english_words_are_turned_in_their_own_form(text, opposite):
    """Plurals, tenses, comparisons and possessives carry over; a becomes an where the next word wants it."""
    assert turn_around(text, language="en").text == opposite


@pytest.mark.parametrize(
    ("text", "opposite"),
    [
        ("Ein alter Mann schläft am hellen Tag.", "Eine junge Frau wacht in der dunklen Nacht."),
        ("Die Sonne lacht über dem Meer.", "Der Mond weint unter der Wüste."),
        ("Das Mädchen liebt den jungen König.", "Der Junge hasst die alte Königin."),
        ("Die alte Frau geht ins Haus ihres Bruders", "Der junge Mann kommt in die Höhle ihrer Schwester"),
        (
            "Ein kleiner Hund fliegt im Sommer mit seiner Mutter durch die dunkle Nacht.",
            "Eine große Katze kriecht im Winter mit seinem Vater durch den hellen Tag.",
        ),
        ("Viele Kinder mit großen Hunden", "Wenige Greise mit kleinen Katzen"),
    ],
)
def test_what_stands_before_a_turned_german_noun_agrees_with_it(text, opposite):
    """Gender, case and number: articles, adjectives and fused prepositions follow the new noun."""
    assert turn_around(text, language="de").text == opposite


@pytest.mark.parametrize(
    ("text", "language", "opposite", "rule"),
    [
        ("I do not like flowers", "en", "I do like flowers", "negation removed"),
        ("A flower on the meadow", "en", "No flower on the meadow", "article negated"),
        ("robot", "en", "Not robot", "negation in front"),
        ("Ein Pinguin", "de", "Kein Pinguin", "article negated"),
        ("Nicht der Pinguin", "de", "Der Pinguin", "negation removed"),
        ("Pinguine", "de", "Nicht Pinguine", "negation in front"),
        ("123 !", "de", "123 !", "nothing to turn"),
    ],
)
def test_where_no_word_has_an_opposite_the_sentence_is_denied(text, language, opposite, rule):
    """One rule after the other, and the record says which it was."""
    turned = turn_around(text, language=language)
    assert (turned.text, turned.parameters["rule"]) == (opposite, rule)


def test_what_was_turned_is_told():
    """Each pair of words in its order, the language, and the versions of the lists."""
    assert turn_around("The old moon laughs").parameters == {
        "language": "en",
        "rule": "words",
        "turned_words": 3,
        "list_version": "everyday en 2026-11-23, WordNet 3.0",
        "turned": [["old", "young"], ["moon", "sun"], ["laughs", "cries"]],
    }


def test_the_language_is_recognised_and_another_one_is_refused_with_a_way_out():
    """English and German are told apart; Turkish is not turned into something wrong."""
    assert turn_around("Eine alte Frau auf der Wiese").parameters["language"] == "de"
    assert turn_around("old").parameters["language"] == "en"
    with pytest.raises(EngineFailed, match=r"English and German, and the text seems to be Turkish; .*translate_first"):
        turn_around("Kırmızı bir kedi bahçede uyuyor")
    with pytest.raises(InvalidParameter, match="language 'tr' is not one of en, de, auto"):
        turn_around("kedi", language="tr")


@given(st.text(max_size=60), st.sampled_from(["en", "de"]))
def test_every_text_has_an_answer_and_the_same_one_each_time(text, language):
    """Nothing that can be typed breaks it, and what is no letter stays where it is."""
    first = turn_around(text, language=language)
    assert first == turn_around(text, language=language)


def test_capitals_stay():
    """A shout stays a shout, a sentence begins as it did."""
    assert turn_around("OLD houses. Old HOUSES", language="en").text == "YOUNG caves. Young CAVES"


def test_everyday_words_come_before_wordnet_and_turn_back():
    """For most nouns of our own list the opposite of the opposite is the word again."""
    assert {"day", "king", "summer"} <= {word for word, other in english.forms().items() if _back(word) == word}
    assert len(list(read_wordnet())) > 2000
    assert all(found.opposite.gender in "mfn" for found in german.nouns().values())


def _back(word):
    return english.forms().get(english.forms().get(word))
