"""A record as a PDF, for everybody or for archives: what both promise.

In every script, the same every time, with the record inside. The archivable format is tested where pikepdf is there.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import io
import os
import shutil
import subprocess
import sys

import pytest
from hypothesis import given, settings
from printed_records import HOSTILE, JOURNEY, a_failed_run, an_ordinary_run, fifteen_languages, four_outputs, hostile
from pypdf import PdfReader
from reading_pdf import fonts_of, headings, printed, read, text_of
from records import a_record, a_run_of_hops, an_item, records
from reportlab.lib.pagesizes import A4
from reportlab.platypus import PageBreak, SimpleDocTemplate, Spacer

from exporters import FORMATS
from exporters.errors import UnknownOption
from exporters.formats import json as record_json
from exporters.formats.pdf.flow import gap
from exporters.story.printed.signs import Sign, meaning_of, pieces
from exporters.story.words import ENGLISH

HARD_TO_PRINT = [fifteen_languages, four_outputs, a_failed_run, hostile, an_ordinary_run]
ARCHIVE = pytest.param(
    "pdfa",
    marks=pytest.mark.skipif(
        not importlib.util.find_spec("pikepdf"), reason="pikepdf is not installed; pip install 'otel-tracking[archive]'"
    ),
)

for_both = pytest.mark.parametrize("name", ["pdf", ARCHIVE])


@for_both
@given(record=records)
@settings(max_examples=5)
def test_every_record_becomes_a_pdf(name, record):
    """Whatever is in its fields."""
    assert FORMATS[name].render(record).startswith(b"%PDF-")


@for_both
@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_the_same_record_gives_the_same_bytes(name, make):
    assert FORMATS[name].render(make()) == printed(name, make)


@for_both
def test_another_process_gives_the_same_bytes_too(name):
    """Nothing in a document comes from the order of sets, the clock, or what was made before."""
    program = (
        "import sys; from printed_records import hostile; from exporters import FORMATS;"
        f"sys.stdout.buffer.write(FORMATS[{name!r}].render(hostile()))"
    )
    path = os.pathsep.join(filter(None, sys.path))
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"},
        capture_output=True,
        check=True,
    )
    assert ran.stdout == printed(name, hostile)


@for_both
@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_the_record_is_inside(name, make):
    """Byte for byte the JSON document, so that nothing is lost whatever a page can show."""
    assert read(printed(name, make)).attachments == {"record.json": [record_json.render(make())]}


@for_both
@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_fonts_are_embedded_and_only_what_is_used_of_them(name, make):
    for font in fonts_of(read(printed(name, make))):
        descriptor = font["/FontDescriptor"]
        assert any(f"/FontFile{kind}" in descriptor for kind in ("", "2", "3"))
        assert str(font["/BaseFont"])[7] == "+", "the name of a subset begins with six letters and a plus"


@for_both
def test_a_pdf_says_what_it_is(name):
    """Title, author, language, the time of the run, and bookmarks."""
    record = fifteen_languages()
    reader = read(printed(name, fifteen_languages))

    assert reader.metadata.title == f"stillepost · {record.execution_id}"
    assert reader.metadata.author == "otel-tracking"
    assert reader.metadata.creation_date == record.timestamp.replace(microsecond=0)
    assert reader.trailer["/Root"]["/Lang"] == "en"
    drift = "How far the text drifted"
    assert headings(reader) == ["The journey", drift, "Timeline", "Calls to models and programs", "About this document"]


@for_both
def test_a_document_can_be_german(name):
    reader = read(FORMATS[name].render(fifteen_languages(), language="de"))

    assert reader.trailer["/Root"]["/Lang"] == "de"
    assert headings(reader)[0] == "Die Reise"


@for_both
@pytest.mark.parametrize(("code", "text"), JOURNEY[1:7], ids=lambda value: value[:2])
def test_texts_can_be_copied_out_of_it(name, code, text):
    """Latin, Cyrillic and Greek letter by letter; other scripts are read back from the record inside."""
    assert "".join(text.split()) in "".join(text_of(FORMATS[name].render(a_run_of_hops("Blume", text))).split())


@for_both
def test_fifteen_languages_need_no_sign(name):
    """Every character of them has a glyph."""
    assert "Signs in frames" not in text_of(printed(name, fifteen_languages))


@for_both
def test_what_cannot_be_printed_is_a_sign_and_explained(name):
    """Control characters, halves of characters, what no font has: nothing is dropped, nothing is obeyed."""
    text = text_of(printed(name, hostile))

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


@for_both
def test_a_text_of_100_kb_is_there_to_its_end(name):
    """Over as many pages as it needs, without growing beyond all measure."""
    document = FORMATS[name].render(a_run_of_hops("Blume " * 16_999 + "Ende"))
    reader = read(document)

    assert 10 < len(reader.pages) < 30
    assert any("Blume Ende" in page.extract_text() for page in reader.pages[-4:])
    assert len(document) < 2_000_000


@for_both
def test_arabic_of_100_kb_does_not_explode(name):
    assert len(FORMATS[name].render(a_run_of_hops("بيت أحمر " * 11_000))) < 2_500_000


@for_both
def test_a_hop_that_was_given_another_text_says_so(name):
    assert "Was given another text" in text_of(printed(name, fifteen_languages))
    assert "Was given another text" not in text_of(FORMATS[name].render(a_run_of_hops("a", "b", "c")))


@for_both
def test_calls_say_what_became_of_each_parameter(name):
    text = text_of(printed(name, fifteen_languages))

    for words in ("temperature", "not sent", "added", "HTTPStatusError: Ollama Error: 500", "POST http://localhost"):
        assert words in text


@for_both
def test_pictures_are_figures_without_what_programs_hide_in_them(name):
    """Two pictures of four outputs; the prompt in the PNG's metadata stays out."""
    document = printed(name, four_outputs)

    assert sum(len(page.images) for page in read(document).pages) == 2
    assert "Figure 3. Music" in text_of(document)
    assert b"a hidden prompt" not in document


@for_both
def test_a_picture_that_is_none_is_named_instead(name):
    record = four_outputs()
    broken = dict.fromkeys(record.attachments, b"\x89PNG but not really")

    text = text_of(FORMATS[name].render(dataclasses.replace(record, attachments=broken)))
    assert "It cannot be shown on paper. image/png" in text


@for_both
def test_students_do_not_get_what_a_check_said_no_to(name):
    """The picture that was blocked after it was made is for researchers; so is the record inside."""
    record = four_outputs(blocked_after_generation=True)
    for_students = read(FORMATS[name].render(record, audience="student"))

    assert sum(len(page.images) for page in read(FORMATS[name].render(record)).pages) == 2
    assert sum(len(page.images) for page in for_students.pages) == 1
    assert not for_students.attachments
    assert "Calls to models" not in "".join(headings(for_students))


@for_both
def test_an_unknown_option_is_answered_with_the_known_ones(name):
    with pytest.raises(UnknownOption, match="researcher or student"):
        FORMATS[name].render(a_record(), audience="everybody")


def test_what_no_font_has_is_a_sign_with_its_name():
    """Whichever characters that are on this machine."""
    assert pieces("aΩb", frozenset("Ω")) == ["a", Sign("U+03A9"), "b"]
    assert meaning_of("U+03A9", ENGLISH) == "greek capital letter omega: no font here has it"


FORKED = """
import os, sys
from exporters import FORMATS
from otel_tracking import ExecutionRecord
from otel_tracking.record import read_timestamp

record = ExecutionRecord(execution_id="exec_1", config_name="dada", timestamp=read_timestamp(0))
render = FORMATS[sys.argv[1]].render
before = render(record)
child = os.fork()
if not child:
    os._exit(0 if render(record) == before else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@for_both
def test_a_forked_worker_makes_documents_too(name):
    """Also where its parent had made one."""
    assert subprocess.run([sys.executable, "-c", FORKED, name], timeout=60, check=False).returncode == 0


def test_nobody_pays_for_a_format_they_do_not_use():
    heavy = "{'pikepdf', 'reportlab', 'uharfbuzz', 'docx', 'PIL', 'fontTools'} & set(sys.modules)"
    check = f"import sys; from exporters import FORMATS; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


@for_both
@pytest.mark.parametrize("make", [fifteen_languages, four_outputs, hostile])
@pytest.mark.parametrize("command", ["qpdf --check -", "pdffonts -"])
def test_other_programs_find_nothing_wrong(name, make, command, tmp_path):
    program, *arguments = command.split()
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed; apt-get install qpdf poppler-utils")
    path = tmp_path / "record.pdf"
    path.write_bytes(printed(name, make))

    arguments = [str(path) if argument == "-" else argument for argument in arguments]
    ran = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert not ran.stderr
    if program == "pdffonts":
        assert all(line.split()[-5:-3] == ["yes", "yes"] for line in ran.stdout.splitlines()[2:]), ran.stdout


@for_both
def test_the_prompt_is_on_the_first_page(name):
    record = a_record(items=[an_item(item_type="user_input_text", stage=1, content=HOSTILE[:3])])
    assert HOSTILE[:3] in read(FORMATS[name].render(record)).pages[0].extract_text()


def test_room_below_a_full_page_makes_no_empty_one():
    """A chapter that begins a page of its own comes right after it."""
    made = io.BytesIO()
    document = SimpleDocTemplate(made, leftMargin=0, rightMargin=0, topMargin=0, bottomMargin=0)
    full = Spacer(1, A4[1] - 12 - 4)  # a frame has 6 points at each end; 4 are left
    document.build([full, gap(10), PageBreak(), Spacer(1, 5)])
    assert len(PdfReader(made).pages) == 2


def test_a_german_document_says_in_german_how_the_run_ended():
    """In the box before the sentence, too; the file's own key words keep what the record says."""
    made = FORMATS["pdf"].render(a_record(status="blocked"), language="de")
    assert "blockiert" in text_of(made)
    assert "blocked" in PdfReader(io.BytesIO(made)).metadata["/Keywords"]
