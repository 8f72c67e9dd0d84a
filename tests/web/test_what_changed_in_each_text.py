"""What became of each text on a run's way: with which it is compared, what is marked, and in which words it is said."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.web.live.board import board_of
from devserver.web.live.text_changes import LONGEST, WayText, changes_along
from devserver.web.words import words_of
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType

WORDS = words_of("en")
START = dt.datetime(2025, 11, 3, tzinfo=dt.UTC)


def along(*texts, words=WORDS):
    """The changes of texts in languages, by their number from 0."""
    way = [WayText(str(number), f"T{number}", text, language) for number, (text, language) in enumerate(texts)]
    return {int(key): change for key, change in changes_along(way, words).items()}


def test_a_text_is_compared_with_the_last_one_in_its_language():
    found = along(("rote Blume", "de"), ("red flower", "en"), ("rote Rose", "de"), ("rote Rosen", "de"))
    assert sorted(found) == [2, 3]
    assert found[2].pieces == (("", "rote "), ("ins", "Rose"))
    assert (found[2].gone, found[2].sentence) == (("Blume",), "Since “T0”: 1 new, 1 gone")
    assert found[3].gone == ("Rose",)
    assert found[3].drift.sentence.startswith("Distance from “T0”")


def test_the_first_in_its_language_has_marks_on_what_came_along():
    found = along(("ein kiddie, so", "de"), ("el kiddie, no", "es"))[1]
    assert found.pieces == (("", "el "), ("mark", "kiddie,"), ("", " "), ("", "no"))
    assert (found.sentence, found.gone, found.drift) == ("Unchanged from “T0”: 1", (), None)
    assert along(("ein, so", "de"), ("el, no", "es")) == {}


def test_where_nobody_says_otherwise_a_text_is_in_the_language_of_the_one_before():
    assert along(("rote Blume", "de"), ("rote Rose", ""))[1].gone == ("Blume",)
    assert along(("rote Blume", ""), ("rote Rose", ""))[1].gone == ("Blume",)


def test_nothing_changed_and_nothing_is_left_are_said_in_words():
    same, other = (
        along(("rote Blume", "de"), ("rote Blume", "de"))[1],
        along(("rote Blume", "de"), ("grüner Wald", "de"))[1],
    )
    assert (same.sentence, same.pieces, same.drift.value) == ("Word for word as “T0”.", (), 0)
    assert (other.sentence, other.pieces, other.gone) == ("No word of “T0” is left.", (), ())
    assert other.drift.value > 80


def test_a_final_text_that_the_last_hop_made_says_nothing_again():
    assert sorted(along(("a b", "de"), ("a c", "de"), ("a c", "de"))) == [1]


def test_long_texts_are_not_compared_while_somebody_waits():
    long = "Blume " * (LONGEST // 6 + 1)
    assert along((long, "de"), ("Blume", "de"), (long, "de")) == {}


def test_of_many_words_that_have_gone_some_are_shown():
    gone = along((" x ".join(f"weg{number}" for number in range(200)), "de"), ("x " * 199, "de"))[1].gone
    assert gone[-1] == "…"
    assert sum(map(len, gone)) <= 301


@given(st.lists(st.tuples(st.text(), st.sampled_from(["de", "en", ""])), max_size=5))
def test_the_pieces_are_the_text(texts):
    for number, change in along(*texts).items():
        assert not change.pieces or "".join(text for _, text in change.pieces) == texts[number][0]
        assert all(text.strip() == text for tag, text in change.pieces if tag)


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_bar_has_words_for_every_length(language):
    words = words_of(language)
    others = ("Eine rote Blume im Gras", "Eine rote Blume im Gas", "Eine rote Rose im Gras", "Eine Rose", "Wald", "x")
    found = [along((others[0], "de"), (text, "de"), words=words)[1].drift for text in others]
    assert [one.value for one in found] == sorted(one.value for one in found)
    assert found[0].sentence.endswith(words["drift none"])
    assert found[-1].sentence.endswith(words["drift most"])


def test_what_is_not_shown_to_somebody_is_compared_with_nothing():
    """A pupil sees no final text before its check, so there are no marks of it, and no word that has gone."""
    fields = {"media_type": MediaType.TEXT, "timestamp": START}
    items = (
        ExecutionItem(item_type=ItemType.USER_INPUT_TEXT, sequence_number=1, stage=1, content="rote Blume", **fields),
        ExecutionItem(
            item_type=ItemType.STAGE1_SAFETY_CHECK, sequence_number=2, stage=1, metadata={"safe": True}, **fields
        ),
        ExecutionItem(item_type=ItemType.INTERCEPTION_FINAL, sequence_number=3, stage=2, content="rote Rose", **fields),
    )
    run = ExecutionRecord(
        execution_id="exec_1",
        config_name="dada",
        timestamp=START,
        status="running",
        safety_level="kids",
        items=items,
        metadata={"config": {"interception": {"kind": "engine"}, "outputs": []}},
    )
    shown = {
        audience: {box.key: box for box in board_of(run, language="en", audience=audience).boxes}
        for audience in ("student", "researcher")
    }
    assert shown["student"]["s2-interception_final"].change is None
    assert shown["researcher"]["s2-interception_final"].change.gone == ("Blume",)
