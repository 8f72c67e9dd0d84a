"""A record as a PDF: in every script, archivable, the same every time, with the record inside."""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from printed_records import HOSTILE, JOURNEY, a_failed_run, fifteen_languages, four_outputs, hostile
from pypdf import PdfReader
from records import a_record, a_run_of_hops, an_item, records

from exporters import json as record_json
from exporters.appendix.signs import Sign, meaning_of, pieces
from exporters.appendix.words import ENGLISH
from exporters.errors import UnknownOption
from exporters.pdf import fonts, render

HARD_TO_PRINT = [fifteen_languages, four_outputs, a_failed_run, hostile, a_record]


def read(document):
    return PdfReader(io.BytesIO(document))


def text_of(document):
    return "\n".join(page.extract_text() for page in read(document).pages)


@functools.cache
def printed(make):
    """The PDF of that record, made once for all tests that only look at it."""
    return render(make())


def headings(reader):
    return [entry.title for entry in reader.outline if not isinstance(entry, list)]


def fonts_of(reader):
    """The fonts of all pages: those that hold the glyphs, below the composite ones."""
    fonts = [font.get_object() for page in reader.pages for font in page["/Resources"].get("/Font", {}).values()]
    return [font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font for font in fonts]


@given(record=records)
@settings(max_examples=8)
def test_every_record_becomes_a_pdf(record):
    """Whatever is in its fields."""
    assert render(record).startswith(b"%PDF-")


@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_the_same_record_gives_the_same_bytes(make):
    record = make()
    assert render(record) == render(record)


@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_a_pdf_is_archivable_and_accessible(make):
    """PDF/A-3a and PDF/UA-1, which the engine refuses to claim where a glyph or an alternative text is missing."""
    reader = read(printed(make))

    metadata = reader.metadata, reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata[1]
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata[1]
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata[1]


@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_the_record_is_inside(make):
    """Byte for byte the JSON document, so that nothing is lost whatever a page can show."""
    record = make()
    assert read(render(record)).attachments == {"record.json": [record_json.render(record)]}


@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_fonts_are_embedded_and_only_what_is_used_of_them(make):
    for font in fonts_of(read(printed(make))):
        descriptor = font["/FontDescriptor"]
        assert any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))
        assert str(font["/BaseFont"])[7] == "+", "the name of a subset begins with six letters and a plus"


def test_a_pdf_says_what_it_is():
    """Title, author, language, the time of the run, and bookmarks."""
    record = fifteen_languages()
    reader = read(render(record))

    assert reader.metadata.title == f"stillepost · {record.execution_id}"
    assert reader.metadata.author == "otel-tracking"
    assert reader.metadata.creation_date == record.timestamp.replace(microsecond=0)
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert headings(reader) == ["The journey", "Timeline", "Calls to models and programs", "About this document"]


def test_a_document_can_be_german():
    reader = read(render(fifteen_languages(), language="de"))

    assert reader.trailer["/Root"]["/Lang"] == "de"
    assert headings(reader)[0] == "Die Reise"


@pytest.mark.parametrize(("code", "text"), JOURNEY[1:7], ids=lambda value: value[:2])
def test_texts_can_be_copied_out_of_it(code, text):
    """Latin, Cyrillic and Greek letter by letter; other scripts are read back from the record inside."""
    assert "".join(text.split()) in "".join(text_of(render(a_run_of_hops("Blume", text))).split())


def test_fifteen_languages_need_no_sign():
    """Every character of them has a glyph."""
    assert "Signs in frames" not in text_of(printed(fifteen_languages))


def test_what_cannot_be_printed_is_a_sign_and_explained():
    """Control characters, halves of characters, what no font has: nothing is dropped, nothing is obeyed."""
    text = text_of(printed(hostile))

    for sign in ("NUL", "ESC", "U+202E", "U+D83D", "U+FFFE", "U+E000", "U+0378", "U+2028"):
        assert sign in text
    for explanation in (
        "right-to-left override",
        "lone surrogate",
        "control character",
        "for private use",
        "no character",
    ):
        assert explanation in text
    assert '<script>alert("x")</script>' in "".join(text.split("\n"))
    assert "\ufffd" not in text


def test_a_text_of_100_kb_is_there_to_its_end():
    """Over as many pages as it needs, without growing beyond all measure."""
    document = render(a_run_of_hops("Blume " * 17_000))
    reader = read(document)

    assert text_of(document).count("Blume") >= 17_000
    assert len(reader.pages) < 150
    assert len(document) < 2_000_000


def test_arabic_of_100_kb_does_not_explode():
    """A very long document is archivable but not tagged: tags cost fifty bytes a letter."""
    assert len(render(a_run_of_hops("بيت أحمر " * 11_000))) < 2_500_000


def test_a_hop_that_was_given_another_text_says_so():
    assert "Was given another text" in text_of(printed(fifteen_languages))
    assert "Was given another text" not in text_of(render(a_run_of_hops("a", "b", "c")))


def test_calls_say_what_became_of_each_parameter():
    text = text_of(printed(fifteen_languages))

    for words in ("temperature", "not sent", "added", "HTTPStatusError: Ollama Error: 500", "POST http://localhost"):
        assert words in text


def test_pictures_are_figures_without_what_programs_hide_in_them():
    """Two pictures of four outputs; the prompt in the PNG's metadata stays out."""
    document = render(four_outputs())

    assert sum(len(page.images) for page in read(document).pages) == 2
    assert "Figure 3. Music" in text_of(document)
    assert b"a hidden prompt" not in document


def test_a_picture_that_is_none_is_named_instead():
    record = four_outputs()
    broken = dict.fromkeys(record.attachments, b"\x89PNG but not really")

    text = text_of(render(dataclasses.replace(record, attachments=broken)))
    assert "It cannot be shown on paper. image/png" in text


def test_students_do_not_get_what_a_check_said_no_to():
    """The picture that was blocked after it was made is for researchers; so is the record inside."""
    record = four_outputs(blocked_after_generation=True)
    for_students = read(render(record, audience="student"))

    assert sum(len(page.images) for page in read(render(record)).pages) == 2
    assert sum(len(page.images) for page in for_students.pages) == 1
    assert not for_students.attachments
    assert "Calls to models" not in "".join(headings(for_students))


def test_an_unknown_option_is_answered_with_the_known_ones():
    with pytest.raises(UnknownOption, match="researcher or student"):
        render(a_record(), audience="everybody")


def test_without_the_font_packages_it_is_set_in_what_there_is(monkeypatch):
    """In fonts of this machine, or at least in those inside the engine; letters of our languages are never signs."""
    for name in ("_packaged", "_package_folders", "_covered_by_packages", "_with_fonts_of_this_machine"):
        monkeypatch.setattr(fonts, name, functools.cache(getattr(fonts, name).__wrapped__))
    monkeypatch.setattr(fonts, "PACKAGES", ("no_such_fonts",))
    monkeypatch.setattr(fonts, "_fonts_of_this_machine", list)

    assert "Eine Blume für Ελενη" in text_of(render(a_run_of_hops("Eine Blume für Ελενη", "Blume \U00016a40")))


def test_what_no_font_has_is_a_sign_with_its_name():
    """Whichever characters that are on this machine."""
    assert pieces("aΩb", frozenset("Ω")) == ["a", Sign("U+03A9"), "b"]
    assert meaning_of("U+03A9", ENGLISH) == "greek capital letter omega: no font here has it"


FORKED = """
import os, sys
from exporters.pdf import fonts, render
from otel_tracking import ExecutionRecord
from otel_tracking.record import read_timestamp

record = ExecutionRecord(execution_id="exec_1", config_name="dada", timestamp=read_timestamp(0))
before = render(record)
child = os.fork()
if not child:
    os._exit(0 if render(record) == before else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_worker_makes_documents_too():
    """Also where its parent had made one, and with it the engine's threads, which a fork does not copy."""
    assert subprocess.run([sys.executable, "-c", FORKED], timeout=60, check=False).returncode == 0


def test_nobody_pays_for_a_format_they_do_not_use():
    heavy = "{'typst', 'docx', 'PIL', 'fontTools'} & set(sys.modules)"
    check = f"import sys; from exporters import FORMATS; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@pytest.mark.parametrize("make", [fifteen_languages, four_outputs, hostile])
@pytest.mark.parametrize("command", ["qpdf --check -", "pdffonts -"])
def test_other_programs_find_nothing_wrong(make, command, tmp_path):
    program, *arguments = command.split()
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed; apt-get install qpdf poppler-utils")
    path = tmp_path / "record.pdf"
    path.write_bytes(printed(make))

    arguments = [str(path) if argument == "-" else argument for argument in arguments]
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    if program == "pdffonts":
        assert all(line.split()[-5:-3] == ["yes", "yes"] for line in ran.stdout.splitlines()[2:]), ran.stdout


def test_the_prompt_is_on_the_first_page():
    first = read(render(a_record(items=[an_item(item_type="user_input_text", stage=1, content=HOSTILE[:3])]))).pages[0]
    assert HOSTILE[:3] in first.extract_text()
