"""Dada: every piece of the text comes out once, in the order that the seed shakes."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devserver.backends.errors import InvalidParameter
from devserver.embedded.texts.dada import CUTS, cut_out, cut_up

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=80) | st.text(
    "ab ,.()„“猫海。「」ไทय\u0301👩‍🇩🇪\n", max_size=40
)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Eine Blume auf der Wiese.", ["Eine", "Blume", "auf", "der", "Wiese."]),
        ("„Ja“, sagte er – don't!", ["„Ja“,", "sagte", "er", "–", "don't!"]),
        ("Ein (alter) Hund", ["Ein", "(alter)", "Hund"]),
        ("Kırmızı bir kedi", ["Kırmızı", "bir", "kedi"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("「猫」は海。", ["「猫」", "は", "海。"]),
        ("花見 no 日", ["花", "見", "no", "日"]),
        ("ด์ก", ["ด์", "ก"]),
        ("👩‍👩‍👧 lacht 🇩🇪", ["👩‍👩‍👧", "lacht", "🇩🇪"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_scissors_cut_words_in_every_script(text, pieces):
    """Words by spaces, characters where a script has none; marks stay with their word, accents with their letter."""
    assert cut_out(text) == pieces


@given(texts, st.sampled_from(CUTS))
def test_no_piece_is_lost_or_made_up(text, cut):
    """The pieces are the text without the space between them."""
    pieces = cut_out(text, cut)

    assert "".join("".join(pieces).split()) == "".join(text.split())
    assert all(piece.strip() for piece in pieces)


@given(texts)
def test_no_piece_begins_inside_a_character(text):
    """An accent is never cut from its letter: what begins with one had a space, or nothing, before it."""
    end = 0
    for piece in cut_out(text):
        start = text.index(piece, end)
        assert not unicodedata.combining(piece[0]) or start == 0 or text[start - 1].isspace()
        end = start + len(piece)


@given(st.lists(st.from_regex(r"[a-zäöü]{1,8}[,.!]?", fullmatch=True), max_size=30), st.integers(-(2**63), 2**64 - 1))
def test_the_poem_has_the_words_of_the_text_each_once(words, seed):
    """Nothing is said twice, nothing is left in the bag; the order tells where each came from."""
    poem = cut_up(" ".join(words), seed=seed)

    assert sorted(poem.content.split()) == sorted(words)
    assert poem.content.split() == [words[place] for place in poem.facts["order"]]


def test_the_same_seed_shakes_the_same_poem_and_no_global_lot_is_drawn():
    """Equal inputs, equal poem; -5 and 5 are two seeds; the pipeline's own random numbers stay as they are."""
    text = "Eine blaue Blume auf der Wiese erzählt dem alten Mond eine lange Geschichte."
    state = random.getstate()
    poems = {seed: cut_up(text, seed=seed).content for seed in (5, -5, 123456789)}

    assert poems == {seed: cut_up(text, seed=seed).content for seed in (5, -5, 123456789)}
    assert len(set(poems.values())) == 3
    assert random.getstate() == state


def test_every_parameter_is_told():
    """What was chosen and what was counted; the order only where it is short enough to read."""
    told = cut_up("one two three", seed=7, words_per_line=2).facts
    assert told == {"seed": 7, "cut": "words", "words_per_line": 2, "pieces": 3, "order": told["order"]}
    assert sorted(told["order"]) == [0, 1, 2]
    assert "order" not in cut_up("word " * 501, seed=7).facts


def test_lines_can_be_cut_out_and_new_lines_be_set():
    """`cut` is what the scissors follow, `words_per_line` how the poem is set."""
    assert sorted(cut_up("first line\n\nsecond line", seed=1, cut="lines").content.split("\n")) == [
        "first line",
        "second line",
    ]
    assert [len(line.split()) for line in cut_up("a b c d e", seed=1, words_per_line=2).content.split("\n")] == [
        2,
        2,
        1,
    ]
    assert sorted(cut_up("abc", seed=1, cut="characters").content) == ["a", "b", "c"]


def test_characters_of_a_script_without_spaces_are_glued_without_spaces():
    """Spaces stand between words, and nowhere in Japanese."""
    assert " " not in cut_up("「猫」は海。", seed=1).content


@pytest.mark.parametrize(
    "text", ["(" * 50_000, "「猫」" * 20_000, "\u0301" * 50_000, "猫 (" * 20_000, "\x00\ud800 " * 9]
)
def test_hostile_texts_are_cut_as_quickly_as_others(text):
    """Nothing in a text makes the scissors go over it again and again."""
    assert cut_up(text, seed=1).facts["pieces"] > 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"cut": "sentences"}, "unknown cut 'sentences'; known are words, characters, lines"),
        ({"words_per_line": -1}, "words_per_line -1 is not a whole number from 0 to 1000"),
        ({"words_per_line": True}, "words_per_line True"),
    ],
)
def test_a_parameter_out_of_range_says_what_would_work(wrong, message):
    """The error has the value that came in and what is allowed."""
    with pytest.raises(InvalidParameter, match=message):
        cut_up("a b", seed=1, **wrong)
