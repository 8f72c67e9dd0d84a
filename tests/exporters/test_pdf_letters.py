"""Letters on the pages that ReportLab makes: which font, which order, which line."""

from __future__ import annotations

import functools
import logging

import pytest
from bidi import get_display
from hypothesis import given
from hypothesis import strategies as st
from printed_records import JOURNEY
from reading_pdf import fonts_of, read, text_of
from records import a_record, a_run_of_hops, an_item

from exporters.formats.pdf import fontfiles, render, typefaces
from exporters.formats.pdf.breaking import letters, parts
from exporters.formats.pdf.embedding import EmbeddedFont
from exporters.formats.pdf.lines import Span, Typesetter
from exporters.formats.pdf.shaping import shape, typeface
from exporters.formats.pdf.typefaces import typefaces_for
from exporters.story.printed.levels import in_visual_order, levels

BOTH_WAYS = st.text(alphabet="abאבحب 12٣.,:+-%()[]!", max_size=24)


def a_setter(*texts):
    return Typesetter(typefaces_for(texts), "en")


def shown(line):
    return "".join(placed.piece.text for placed in line.placed)


@given(text=BOTH_WAYS, base=st.sampled_from(["ltr", "rtl"]))
def test_letters_stand_where_the_unicode_algorithm_puts_them(text, base):
    """In the order that another implementation of UAX 9 finds; spaces at the end of a line are not drawn."""
    text = text.rstrip()
    found = levels(text, base) or [0] * len(text)
    ours = in_visual_order(list(zip(found, text, strict=True)), lambda pair: pair[0])

    assert "".join(character for _, character in ours) == get_display(text, base_dir=base[0].upper())


@pytest.mark.parametrize(("code", "text"), JOURNEY, ids=lambda value: value[:2])
def test_every_letter_of_every_language_has_a_glyph(code, text):
    setter = a_setter(text)
    pieces = [placed.piece for line in setter.lines([Span(text, language=code)], 200) for placed in line.placed]

    assert not setter.signs
    assert all(part.number for piece in pieces for glyph in piece.glyphs for part in glyph.parts)


@pytest.mark.parametrize(("code", "text"), JOURNEY, ids=lambda value: value[:2])
@pytest.mark.parametrize("width", [20, 90, 300])
def test_lines_hold_all_letters_and_are_no_wider_than_their_column(code, text, width):
    setter = a_setter(text)
    lines = setter.lines([Span(text, language=code)], width)

    assert sorted("".join(map(shown, lines)).replace(" ", "")) == sorted(text.replace(" ", ""))
    assert all(line.width <= width + 0.01 or len(letters(shown(line))) == 1 for line in lines)


def test_a_word_that_is_wider_than_its_column_is_broken():
    lines = a_setter().lines([Span("a" * 1000)], 100)

    assert "".join(map(shown, lines)) == "a" * 1000
    assert all(line.width <= 100 for line in lines)


def test_a_name_is_broken_where_it_is_put_together():
    lines = a_setter().lines([Span("config.outputs.2.parameters.duration_seconds")], 100)

    assert [shown(line) for line in lines] == ["config.outputs.2.", "parameters.duration_", "seconds"]


def test_japanese_is_not_broken_before_a_full_stop():
    assert [part for part, _ in parts("赤い「家」。")] == ["赤", "い", "「家」。"]


@given(text=st.text(alphabet="ab 森。「」-/.ก็เ\u0301\u200d", max_size=30))
def test_parts_of_a_line_are_the_line(text):
    assert "".join(part for part, _ in parts(text)) == text


@pytest.mark.parametrize(("code", "family"), [("ja", "JP"), ("ko", "KR"), ("zh", "SC"), ("de", "SC")])
def test_the_same_ideograph_has_the_shape_of_its_language(code, family):
    ((_, font),) = typefaces_for(["骨"]).stretches("骨", code)
    assert font.family == f"Noto Sans CJK {family}"


def test_a_joined_emoji_is_one_glyph():
    family = "👩‍👩‍👧‍👦"
    ((text, font),) = typefaces_for([family]).stretches(family, None)
    glyphs = shape(text, typeface(font, 400), 0, None).glyphs

    assert text == "".join(glyph.text for glyph in glyphs) == family
    assert [bool(glyph.parts) for glyph in glyphs] == [True] + [False] * (len(family) - 1)


def test_a_letter_and_its_marks_come_from_one_font():
    """Whether the font has them composed or apart."""
    word = "ẹ̀kọ́"
    assert [text for text, _ in typefaces_for([word]).stretches(word, "yo")] == [word]


def test_what_no_font_has_is_a_sign(monkeypatch):
    monkeypatch.setattr(typefaces, "fonts_of_this_machine", tuple)
    monkeypatch.setattr(typefaces, "_with_fonts_of_this_machine", typefaces._with_fonts_of_this_machine.__wrapped__)

    text = text_of(render(a_record(items=[an_item(content="Blume \U00016a40")])))
    assert "U+16A40" in text
    assert "mro letter ta: no font here has it" in text


def test_without_the_font_packages_it_is_set_in_what_there_is(monkeypatch, caplog):
    """In fonts of this machine, or at least in those of ReportLab; and that is logged once."""
    monkeypatch.setattr(fontfiles, "PACKAGES", ("no_such_fonts",))
    monkeypatch.setattr(fontfiles, "package_folders", functools.cache(fontfiles.package_folders.__wrapped__))
    monkeypatch.setattr(fontfiles, "_machine_folders", list)
    for module, name in ((typefaces, "packaged_fonts"), (typefaces, "fonts_of_this_machine")):
        monkeypatch.setattr(module, name, functools.cache(getattr(module, name).__wrapped__))
    monkeypatch.setattr(typefaces, "_with_fonts_of_this_machine", typefaces._with_fonts_of_this_machine.__wrapped__)

    with caplog.at_level(logging.WARNING):
        document = render(a_run_of_hops("Eine Blume für Helene", "Ελενη"))
    assert "Eine Blume für Helene" in text_of(document)
    assert "U+03B7" in text_of(document)
    assert {str(font["/BaseFont"])[8:] for font in fonts_of(read(document))} <= {
        f"BitstreamVeraSans-{weight}" for weight in (400, 500, 600)
    }
    assert caplog.messages == [
        "the font package no_such_fonts is not installed: documents are set in what this machine has"
    ]


def test_a_glyph_says_which_letters_it_stands_for_wherever_it_is_used_twice():
    """The same shape for two characters keeps both, so that text can be searched."""
    font = EmbeddedFont(face := typeface(typefaces_for([]).text, 400), "F1")
    latin, greek = (shape(text, face, 0, None) for text in ("A", "Α"))

    codes = [font.shown(piece) for piece in (latin, greek, latin)]
    assert codes[0] == codes[2]
    if latin.glyphs[0].parts == greek.glyphs[0].parts:
        assert codes[0] != codes[1]


def test_kerned_letters_move_the_pen_as_the_shaper_said():
    """What is shown and moved adds up to the width of the piece."""
    piece = shape("AVAT", face := typeface(typefaces_for([]).text, 400), 0, None)
    said = EmbeddedFont(face, "F1").shown(piece)

    natural = [face.font.get_glyph_h_advance(glyph.parts[0].number) * face.scale for glyph in piece.glyphs]
    assert piece.width < sum(natural)
    assert "-" in said or any(part.strip("<>").isdigit() for part in said.split("<"))


def test_the_glyphs_of_a_cluster_are_one_that_stands_for_its_letters():
    """A syllable is one glyph with its parts in their places; each letter is told of once, none as nothing."""
    ((text, font),) = typefaces_for(["क्षत्रिय"]).stretches("क्षत्रिय", "hi")
    glyphs = shape(text, typeface(font, 400), 0, "hi").glyphs

    assert "".join(glyph.text for glyph in glyphs) == text
    assert all(glyph.text for glyph in glyphs)
    assert any(len(glyph.parts) > 1 for glyph in glyphs)
