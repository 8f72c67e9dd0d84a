"""The text that other programs take out of a PDF is the record's: poppler's and MuPDF's, in fifteen languages."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import unicodedata

import pytest
from printed_records import JOURNEY, fifteen_languages
from reading_pdf import printed
from records import a_record, an_item

from exporters import FORMATS

IN_ORDER = {
    "poppler": ["pdftotext", "-raw", "{}", "-"],
    "MuPDF": ["mutool", "draw", "-q", "-F", "text", "{}"],
}
"""The commands that give a text in the order in which the document tells it."""

AS_PLACED = ["pdftotext", "{}", "-"]
"""Poppler's own order: by the places on the page."""

SENTENCES = [
    "البحر أزرق والسماء بيضاء",
    "الأزرق لا إلا",
    "یہ ایک نیلا پھول ہے۔",
    "می‌خواهم کتاب‌ها",
    "שָׁלוֹם עֲלֵיכֶם",
    "كِتَاب جَمِيل",
    "क्षत्रिय ड्रैगन",
    "ดอกไม้สีฟ้าบนทุ่งหญ้า",
    "في عام 2026 كان هناك 12.5 مليون زهرة و3 أشجار (انظر ص. 7)، ثم 100%.",
    "המחיר הוא 1,250.50 ₪ ב-15/03/2026 (A4).",
    "۱۲۳ گل و ٤٥ زهرة 1-2",
]
"""Joined letters, ligatures, vowel signs, syllables; numbers, signs and Latin words among Arabic and Hebrew ones."""

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("pdftotext", "mutool"))),
    reason="pdftotext or mutool is not installed: tools/install_test_tools.sh",
)
for_both = pytest.mark.parametrize(
    "name",
    [
        "pdf",
        pytest.param(
            "pdfa",
            marks=pytest.mark.skipif(not importlib.util.find_spec("pikepdf"), reason="pikepdf is not installed"),
        ),
    ],
)


def taken_out(document, command, tmp_path):
    """The text of a PDF, without what poppler adds to say which way it goes."""
    path = tmp_path / "document.pdf"
    path.write_bytes(document)
    arguments = [part.format(path) for part in command]
    text = subprocess.run(arguments, capture_output=True, check=True, text=True).stdout
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069\f]", "", text)


def without_spaces(text):
    """Lines are broken where the page is full, in Japanese within words, and where the direction changes."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def words_of(text):
    """Its words, without the signs around them."""
    bare = "".join(letter if unicodedata.category(letter)[0] not in "PSN" else " " for letter in text)
    return [word for word in bare.split() if any(map(str.isalnum, word))]


@for_both
@pytest.mark.parametrize("program", IN_ORDER)
@pytest.mark.parametrize(("code", "text"), JOURNEY, ids=lambda value: value[:2])
def test_every_language_is_taken_out_as_it_was_put_in(name, program, code, text, tmp_path):
    """Whole sentences, also those that go both ways: numbers and Latin words among Arabic ones."""
    found = taken_out(printed(name, fifteen_languages), IN_ORDER[program], tmp_path)
    assert without_spaces(text) in without_spaces(found)


@for_both
@pytest.mark.parametrize("program", IN_ORDER)
@pytest.mark.parametrize("text", SENTENCES)
def test_a_sentence_comes_out_letter_by_letter(name, program, text, tmp_path):
    """Each letter once and in its place, whatever the glyphs are."""
    document = FORMATS[name].render(a_record(items=[an_item(content=text)]))
    assert without_spaces(text) in without_spaces(taken_out(document, IN_ORDER[program], tmp_path))


@for_both
@pytest.mark.parametrize("text", [text for _, text in JOURNEY] + SENTENCES)
def test_a_word_that_is_searched_for_is_found(name, text, tmp_path):
    """Also by programs that sort letters by their places: those take the parts of a line that goes both ways from left
    to right on a page that is mostly Latin, whoever made the PDF, but each word is whole."""
    document = FORMATS[name].render(a_record(items=[an_item(content=text)]))
    found = without_spaces(taken_out(document, AS_PLACED, tmp_path))
    for word in words_of(text):
        assert without_spaces(word) in found


def test_mupdf_finds_the_spaces_of_arabic_too(tmp_path):
    text = SENTENCES[0]
    document = FORMATS["pdf"].render(a_record(items=[an_item(content=text)]))
    assert text in taken_out(document, IN_ORDER["MuPDF"], tmp_path)
