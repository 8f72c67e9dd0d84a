"""A Markdown document tells a story, and whatever somebody wrote is read in it as text and as nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hostile import HOSTILE, a_hostile_record
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from records import a_record, a_run_of_hops, an_item, records

from exporters import FORMATS
from exporters.errors import UnknownOption
from exporters.formats.markdown.text import cell, code, inline, quote, within
from exporters.story.readable import visible, visible_line
from otel_tracking import ItemType, Media, MediaType

MARKS = st.text(
    st.sampled_from(list("\n\n  \t#*_-+=.)(0123456789`~<>&;[]!|\\:/@$^{}%\"'abcxyzäÄ👩\u2028\x00\r")), max_size=60
)
"""Texts of what means something to Markdown."""
PARSERS = [MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"linkify": False})]
PLAIN = {"paragraph_open", "paragraph_close", "inline", "text", "softbreak", "hardbreak"}
PLAIN |= {"blockquote_open", "blockquote_close", "text_special"}


def kinds_in(document, parser):
    tokens = parser.parse(document)
    return {one.type for token in tokens for one in (token, *(token.children or ()))}


def read(document, parser):
    """What a reader reads, line by line."""
    inner = next((token for token in parser.parse(document) if token.type == "inline"), None)
    lines = [""]
    for child in inner.children if inner else ():
        if child.type in ("hardbreak", "softbreak"):
            lines.append("")
        else:
            lines[-1] += child.content
    return "\n".join(lines).replace("\xa0", " ")


@pytest.mark.parametrize("parser", PARSERS, ids=["commonmark", "gfm"])
@given(text=MARKS | st.text(max_size=40))
def test_a_quotation_is_read_as_it_was_written(parser, text):
    """Every sign, every line, every space before one; and it is one paragraph of one quotation."""
    shown = visible(text).replace("\t", " ").replace("\u2028", "\n").replace("\u2029", "\n").rstrip()
    expected = "\n".join(line.rstrip() for line in shown.split("\n")).replace("\xa0", " ").strip("\n")
    assert kinds_in(quote(text), parser) <= PLAIN
    assert read(quote(text), parser).replace("\t", " ").strip("\n") == expected


@pytest.mark.parametrize("parser", PARSERS, ids=["commonmark", "gfm"])
@given(text=MARKS | st.text(max_size=40))
def test_a_line_stays_a_line(parser, text):
    for written, before in ((inline(text), ""), (within(text), "x ")):
        assert kinds_in(before + written, parser) <= PLAIN
        assert read(before + written, parser).strip() == f"{before}{visible_line(text)}".replace("\xa0", " ").strip()


@given(text=MARKS)
def test_code_ends_where_it_ends(text):
    tokens = MarkdownIt("commonmark").parse(f"{code(text)}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content == f"{visible(text)}\n" or tokens[0].content == visible(text)


@given(texts=st.lists(MARKS, min_size=2, max_size=3))
def test_a_table_keeps_its_columns(texts):
    heads = " | ".join("h" for _ in texts)
    table = f"| {heads} |\n|{'---|' * len(texts)}\n| {' | '.join(map(cell, texts))} |\n"
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(table)
    assert sum(token.type == "td_open" for token in tokens) == len(texts)
    inner = {child.type for token in tokens for child in token.children or ()}
    assert inner <= {"text", "text_special", "html_inline"}
    assert {child.content for t in tokens for child in t.children or () if child.type == "html_inline"} <= {"<br>"}


@pytest.mark.parametrize("audience", ["researcher", "student"])
def test_hostile_texts_are_texts(audience):
    """No link, no picture, no HTML comes of what somebody wrote; headings are those of the story."""
    document = FORMATS["markdown"].render(a_hostile_record(), audience=audience).decode()
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(document)
    found = {one.type for token in tokens for one in (token, *(token.children or ()))}
    assert not found & {"html_inline", "html_block", "link_open", "image", "code_inline", "code_block"}
    assert "\x1b" not in document
    assert "\u202e" not in document


@given(record=records)
def test_every_record_has_a_document(record):
    assert FORMATS["markdown"].render(record).decode().startswith("# ")


def test_it_tells_the_whole_journey_in_both_languages():
    run = a_run_of_hops("Eine Blume", "A flower", "Una flor")
    english, german = (FORMATS["markdown"].render(run, language=language).decode() for language in ("en", "de"))
    for text in ("Eine Blume", "A flower", "Una flor"):
        assert f"> {text}" in english
        assert f"> {text}" in german
    assert "## The journey" in english
    assert "## Die Reise" in german or "## Der Weg" in german


def test_students_do_not_get_what_a_check_said_no_to():
    blocked = an_item(item_type=ItemType.USER_INPUT_TEXT, content="something bad", stage=1)
    said = an_item(item_type=ItemType.STAGE1_BLOCKED, content="something bad", stage=1, metadata={"safe": False})
    run = a_record(items=[blocked, said], status="blocked", safety_level="kids")
    assert b"something bad" in FORMATS["markdown"].render(run)
    assert b"something bad" not in FORMATS["markdown"].render(run, audience="student")
    with pytest.raises(UnknownOption):
        FORMATS["markdown"].render(run, audience="everybody")


@pytest.mark.parametrize(
    "file_path", ["../../secret.png", "http://example.org/x.png", "media/../x.png", "media/a)b <c>.png"]
)
def test_a_picture_leads_to_where_media_lie_and_nowhere_else(file_path):
    media = Media("0" * 64, 5, "image/png")
    item = an_item(
        item_type=ItemType.OUTPUT_IMAGE, media_type=MediaType.IMAGE, media=media, file_path=file_path, stage=4
    )
    run = replace(a_record(items=[item]), safety_level="kids")
    document = FORMATS["markdown"].render(run).decode()
    found = re.findall(r"!\[.*?\]\(<(.*?)>\)", document)
    assert found == (["media/a%29b%20%3Cc%3E.png"] if file_path.startswith("media/a") else [])


def test_the_hostile_text_is_the_one_that_other_documents_are_tried_with():
    assert "<script>" in HOSTILE
    assert "\\<script\\>" in quote(HOSTILE)
