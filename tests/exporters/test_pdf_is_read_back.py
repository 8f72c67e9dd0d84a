"""The text that other programs take out of a PDF is the record's: poppler's and MuPDF's, in fifteen languages."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections import Counter

import pytest
from printed_records import JOURNEY, fifteen_languages
from reading_pdf import printed
from records import a_record, an_item

from exporters.formats.pdf import render

PROGRAMS = {"poppler": ["pdftotext", "{}", "-"], "MuPDF": ["mutool", "draw", "-q", "-F", "txt", "{}"]}
TO_THE_LEFT = ("R", "AL")

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("pdftotext", "mutool"))),
    reason="pdftotext or mutool is not installed: tools/install_test_tools.sh",
)


def taken_out(document, program, tmp_path):
    """The text of a PDF, without what poppler adds to say which way it goes."""
    path = tmp_path / "document.pdf"
    path.write_bytes(document)
    command = [part.format(path) for part in PROGRAMS[program]]
    text = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    return re.sub("[\u200e\u200f\u202a-\u202e\u2066-\u2069\f]", "", text)


def without_spaces(text):
    """Lines are broken where the page is full, in Japanese within words."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def words_of(text):
    """Its words, without the signs around them."""
    bare = "".join(letter if unicodedata.category(letter)[0] not in "PS" else " " for letter in text)
    return [word for word in bare.split() if any(map(str.isalnum, word))]


def goes_left(text):
    return any(unicodedata.bidirectional(letter) in TO_THE_LEFT for letter in text)


def as_it_stands(part):
    """This MuPDF gives letters as they stand on the page; later ones turn those around that go to the left."""
    return part[::-1] if goes_left(part) else part


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(("code", "text"), JOURNEY, ids=lambda value: value[:2])
def test_every_language_is_taken_out_as_it_was_put_in(program, code, text, tmp_path):
    """Whole sentences; of those that go both ways, every word: where numbers and Latin words stand among Arabic ones,
    both programs take the parts of a line from left to right on a page that is mostly Latin, whoever made the PDF."""
    found = without_spaces(taken_out(printed("pdf", fifteen_languages), program, tmp_path))
    for part in words_of(text) if goes_left(text) else [text]:
        assert without_spaces(as_it_stands(part) if program == "MuPDF" else part) in found


@pytest.mark.parametrize(
    "text",
    [
        "البحر أزرق والسماء بيضاء",
        "الأزرق لا إلا",
        "یہ ایک نیلا پھول ہے۔",
        "می‌خواهم کتاب‌ها",
        "שָׁלוֹם עֲלֵיכֶם",
        "كِتَاب جَمِيل",
        "क्षत्रिय ड्रैगन",
        "ดอกไม้สีฟ้าบนทุ่งหญ้า",
    ],
)
def test_a_sentence_that_is_searched_for_is_found(text, tmp_path):
    """Joined letters, ligatures, vowel signs and syllables come out as the letters that they are, once each."""
    document = render(a_record(items=[an_item(content=text)]))
    assert without_spaces(text) in without_spaces(taken_out(document, "poppler", tmp_path))
    seen = without_spaces(taken_out(document, "MuPDF", tmp_path))
    if goes_left(text):
        # Each letter once, in whatever order.
        assert Counter(without_spaces(text)) == Counter(letter for letter in seen if letter in text)
    else:
        assert without_spaces(text) in seen
