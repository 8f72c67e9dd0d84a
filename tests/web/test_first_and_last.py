"""The first sentence and the last stand side by side, and what changed between them is marked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web_stage import Page, client_of, devserver_in, execute

from devserver.testing import ScriptedTranslator
from devserver.web.live.board import LiveBox
from devserver.web.runs.first_and_last import FIRST, LAST, first_and_last
from devserver.web.words import words_of

BOX = LiveBox(key=FIRST, chapter="s1", chapter_title="", order="", label="", state="done", state_word="", language="de")


def both(first, last, language="de"):
    return first_and_last([replace(BOX, text=first), replace(BOX, key=LAST, text=last, language=language)])


@given(first=st.text(min_size=1), last=st.text(min_size=1))
def test_each_side_is_the_whole_text(first, last):
    found = both(first, last)
    if first == last:
        assert found is None
    else:
        assert "".join(text for _, text in found.gone) == first
        assert "".join(text for _, text in found.come) == last


def test_words_are_marked_and_counted():
    found = both("Eine rote Blume", "Eine blaue Blume")
    assert found.gone == (("=", "Eine "), ("-", "rote"), ("=", " "), ("=", "Blume"))
    assert found.come == (("=", "Eine "), ("+", "blaue"), ("=", " "), ("=", "Blume"))
    assert (found.kept, found.of) == (2, 3)


@pytest.mark.parametrize(("last", "language"), [("A blue flower", "en"), ("Blume " * 2000, "de")])
def test_other_languages_and_long_texts_are_not_marked(last, language):
    found = both("Eine rote Blume", last, language)
    assert found.kept is None
    assert [sign for sign, _ in (*found.gone, *found.come)] == ["=", "="]


def test_what_is_not_shown_is_not_compared():
    assert first_and_last([replace(BOX, text="Eine Blume")]) is None
    assert both("", "Eine Blume") is None


class Changing(ScriptedTranslator):
    """A translator that makes a word another one."""

    def translate(self, text, *, from_lang, to_lang):
        return replace(super().translate(text, from_lang=from_lang, to_lang=to_lang), text=text.replace("rote", "<b>"))


def test_the_page_marks_them_and_nothing_is_markup(tmp_path):
    with devserver_in(tmp_path, translator=Changing()) as devserver, client_of(devserver) as client:
        run = execute(client, input_text="Eine rote Blume").get_json()["execution_id"]
        html = client.get(f"/runs/{run}", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert words_of("de")["ends"] in Page(html).text
    assert "<del>rote</del>" in html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
