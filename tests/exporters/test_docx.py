"""A record as a Word document: every script marked as Word wants it, figures, tables, no surprises."""

from __future__ import annotations

import functools
import io
import shutil
import subprocess
import zipfile

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given, settings
from printed_records import JOURNEY, a_failed_run, fifteen_languages, four_outputs, hostile
from records import a_record, a_run_of_hops, records

from exporters.formats.docx import render
from exporters.formats.docx.xml import _ORDER

HARD_TO_PRINT = [fifteen_languages, four_outputs, a_failed_run, hostile, a_record]


@functools.cache
def printed(make):
    """The document of that record, made once for all tests that only look at it."""
    return render(make())


def read(document):
    return docx.Document(io.BytesIO(document))


def elements(document, name):
    return list(read(document).element.body.iter(qn(name)))


def text_of(document):
    return "".join(node.text or "" for node in elements(document, "w:t"))


def runs_with(document, text):
    """The runs that are exactly this text."""
    return [
        run for run in elements(document, "w:r") if "".join(node.text or "" for node in run.iter(qn("w:t"))) == text
    ]


@given(record=records)
@settings(max_examples=8)
def test_every_record_becomes_a_word_document(record):
    """Whatever is in its fields."""
    assert read(render(record)).core_properties.author == "otel-tracking"


@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_the_same_record_gives_the_same_bytes(make):
    """Also when another second has begun: no part says when it was packed."""
    record = make()
    assert render(record) == render(record)
    times = {part.date_time for part in zipfile.ZipFile(io.BytesIO(printed(make))).infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_a_document_says_what_it_is():
    record = fifteen_languages()
    core = read(render(record)).core_properties

    assert core.title == f"stillepost · {record.execution_id}"
    assert (core.author, core.language) == ("otel-tracking", "en")
    assert core.created.replace(tzinfo=None) == record.timestamp.replace(tzinfo=None, microsecond=0)


def test_it_has_headings_for_a_table_of_contents():
    document = read(printed(fifteen_languages))
    titles = [paragraph.text for paragraph in document.paragraphs if paragraph.style.name == "Heading 1"]

    drift = "How far the text drifted"
    assert titles == ["The journey", drift, "Timeline", "Calls to models and programs", "About this document"]


@pytest.mark.parametrize(("code", "text"), JOURNEY, ids=[code for code, _ in JOURNEY])
def test_every_language_is_in_it_letter_by_letter(code, text):
    assert text in text_of(printed(fifteen_languages))


@pytest.mark.parametrize("text", [JOURNEY[8][1], JOURNEY[9][1]])
def test_text_from_right_to_left_is_marked(text):
    """The run with w:rtl, its paragraph with w:bidi, its language where Word looks for it."""
    for run in runs_with(printed(fifteen_languages), text):
        assert run.rPr.find(qn("w:rtl")) is not None
        assert run.getparent().pPr.find(qn("w:bidi")) is not None
        assert run.rPr.find(qn("w:lang")).get(qn("w:bidi")) in ("he-IL", "fa-IR")
    assert runs_with(printed(fifteen_languages), text)


def test_a_latin_name_in_arabic_text_is_a_run_from_left_to_right():
    [run, *_] = runs_with(printed(fifteen_languages), "Stable Diffusion 3.5 [seed 42]")

    assert run.rPr is None or run.rPr.find(qn("w:rtl")) is None
    assert run.getparent().pPr.find(qn("w:bidi")) is not None


def test_a_quote_in_another_script_has_its_own_language():
    """German text with Arabic in it: a reader's program chooses the font by the language."""
    [run, *_] = runs_with(printed(fifteen_languages), "بيت أحمر (2026)")

    assert run.rPr.find(qn("w:lang")).get(qn("w:bidi")) == "ar-SA"


@pytest.mark.parametrize(("code", "font"), [("ja", "Yu Gothic"), ("zh", "Microsoft YaHei"), ("ko", "Malgun Gothic")])
def test_east_asian_text_has_its_own_font_and_language(code, font):
    """The same character has another shape in each of these languages."""
    [run, *_] = runs_with(printed(fifteen_languages), dict(JOURNEY)[code])

    assert run.rPr.rFonts.get(qn("w:eastAsia")) == font
    assert run.rPr.find(qn("w:lang")).get(qn("w:eastAsia")).startswith(code)


@pytest.mark.parametrize("make", HARD_TO_PRINT)
@pytest.mark.parametrize("kind", _ORDER)
def test_properties_are_in_the_order_of_the_schema(make, kind):
    """Word calls a document damaged that has them in another."""
    order = [qn(f"w:{name}") for name in _ORDER[kind].split()]
    for properties in elements(printed(make), f"w:{kind}"):
        places = [order.index(part.tag) for part in properties]
        assert places == sorted(places)


def test_what_xml_cannot_hold_is_a_sign_in_a_frame():
    """Control characters, halves of characters and what would turn the line around."""
    document = printed(hostile)
    signs = {run.text for paragraph in _paragraphs(document) for run in paragraph.runs if run.style.name == "Sign"}

    assert {"NUL", "ESC", "U+202E", "U+D83D", "U+FFFE", "U+E000", "U+0378"} <= signs
    assert '<script>alert("x")</script>' in text_of(document)


def _paragraphs(document):
    opened = read(document)
    cells = (cell for table in opened.tables for row in table.rows for cell in row.cells)
    return [*opened.paragraphs, *(paragraph for cell in cells for paragraph in cell.paragraphs)]


def test_a_text_of_100_kb_is_there_to_its_end():
    document = render(a_run_of_hops("Blume " * 17_000))
    assert text_of(document).count("Blume") >= 17_000


def test_pictures_are_figures_that_word_counts_and_screen_readers_name():
    """Numbered captions, alternative texts, and no metadata of programs."""
    document = printed(four_outputs)
    alternatives = [found.get("descr") for found in elements(document, "wp:docPr")]
    captions = [paragraph.text for paragraph in read(document).paragraphs if paragraph.style.name == "Caption"]
    fields = [field.get(qn("w:instr")) for field in elements(document, "w:fldSimple")]

    assert len(alternatives) == 2
    assert all("A vampire in the forest" in text for text in alternatives)
    assert len(captions) == 3
    assert fields.count("SEQ Figure \\* ARABIC") == 3
    parts = zipfile.ZipFile(io.BytesIO(document))
    assert not any(b"a hidden prompt" in parts.read(name) for name in parts.namelist())


def test_heads_of_tables_come_again_on_each_page():
    """Journey, timeline and every table of a call."""
    assert len(elements(printed(fifteen_languages), "w:tblHeader")) == 2 + 17


def test_students_do_not_get_what_a_check_said_no_to():
    record = four_outputs(blocked_after_generation=True)
    document = render(record, audience="student")

    assert len(elements(document, "wp:docPr")) == 1
    assert "a safety check said no to it" in text_of(document)
    assert "Calls to models" not in text_of(document)


def test_a_document_can_be_german():
    assert "Die Reise" in text_of(render(fifteen_languages(), language="de"))


@pytest.mark.parametrize("make", [fifteen_languages, hostile])
def test_libreoffice_opens_it(make, tmp_path):
    """Another program reads it as a whole; what comes out is a PDF with its text."""
    if not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed; apt-get install libreoffice-writer-nogui")
    (tmp_path / "record.docx").write_bytes(printed(make))

    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8", "record.docx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    assert "The journey" in (tmp_path / "record.txt").read_text("utf-8-sig")


def test_a_german_document_says_in_german_how_the_run_ended():
    """In the word before the sentence, too."""
    assert "blockiert" in text_of(render(a_record(status="blocked"), language="de"))
