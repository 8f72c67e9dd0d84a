"""PDFs for archives: what only they promise, and what is said where pikepdf is not installed."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from printed_records import a_failed_run, an_ordinary_run, fifteen_languages, four_outputs, hostile
from reading_pdf import printed, read
from records import a_record, a_run_of_hops

from exporters import FORMATS
from otel_tracking.extras import MissingExtra

HARD_TO_PRINT = [fifteen_languages, four_outputs, a_failed_run, hostile, an_ordinary_run]

needs_pikepdf = pytest.mark.skipif(
    not importlib.util.find_spec("pikepdf"), reason="pikepdf is not installed; pip install 'otel-tracking[archive]'"
)


def elements(node):
    """All elements of a document's structure below this one, in the order of reading."""
    for kid in node.get("/K", []):
        element = kid.get_object()
        if "/S" in element:
            yield element
            yield from elements(element)


def structure(reader):
    return list(elements({"/K": [reader.trailer["/Root"]["/StructTreeRoot"]["/K"]]}))


@needs_pikepdf
@pytest.mark.parametrize("make", HARD_TO_PRINT)
def test_it_says_that_it_is_archivable_and_accessible(make):
    """PDF/A-3a and PDF/UA-1."""
    metadata = read(printed("pdfa", make)).trailer["/Root"]["/Metadata"].get_data().decode()

    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


@needs_pikepdf
def test_readers_are_told_what_is_a_heading_a_table_and_a_picture():
    """One title, chapters below it; every row of a table has all its cells, and a head; pictures say what they show."""
    found = structure(read(printed("pdfa", four_outputs)))
    roles = [element["/S"] for element in found]

    assert roles.count("/H1") == 1
    assert {"/H2", "/P", "/Table", "/TR", "/TH", "/TD", "/Figure", "/Link"} <= set(roles)
    assert all(element["/Alt"] for element in found if element["/S"] == "/Figure")
    for table in (element for element in found if element["/S"] == "/Table"):
        assert len({len(row.get_object()["/K"]) for row in table["/K"]}) == 1
        assert table["/K"][0].get_object()["/K"][0].get_object()["/S"] == "/TH"


@needs_pikepdf
def test_a_text_says_which_language_it_is_in():
    pages = read(printed("pdfa", fifteen_languages)).pages
    told = b"".join(page.get_contents().get_data() for page in pages)
    assert {b"ar", b"he", b"ja", b"hi"} <= set(re.findall(rb"/Lang \((\w+)\)", told))


@needs_pikepdf
def test_the_head_of_a_table_that_comes_again_is_told_of_once():
    pages = read(FORMATS["pdfa"].render(a_run_of_hops(*["Blume " * 60] * 30)))
    assert len(pages.pages) > 2
    heads = [element for element in structure(pages) if element["/S"] == "/TH"]
    # Those of a row say what the row is, and are there once by nature.
    assert len([head for head in heads if head["/A"]["/Scope"] != "/Row"]) < 40


@needs_pikepdf
def test_a_very_long_document_is_told_of_too():
    """An element is a text, not a letter."""
    document = FORMATS["pdfa"].render(a_run_of_hops("بيت أحمر " * 11_000))
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in read(document).trailer["/Root"]["/Metadata"].get_data()


@needs_pikepdf
@pytest.mark.skipif(not shutil.which("pdfinfo"), reason="pdfinfo is not installed: tools/install_test_tools.sh")
def test_another_program_reads_the_structure(tmp_path):
    (path := tmp_path / "record.pdf").write_bytes(printed("pdfa", an_ordinary_run))
    said = subprocess.run(["pdfinfo", "-struct-text", path], capture_output=True, text=True, check=True).stdout
    assert said.index('"RESEARCH RECORD"') < said.index("H1 (block)") < said.index("H2 (block)")


@needs_pikepdf
def test_the_moment_at_which_colours_were_defined_is_not_in_it():
    """Else the same record would give other bytes every second."""
    program = "import sys; from exporters.formats.pdf import archive; sys.stdout.buffer.write(archive._srgb()[24:36])"
    root = Path(__file__).parents[2]
    made = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, check=True).stdout
    assert made == b"\x07\xd0\0\1\0\1" + bytes(6)


def test_without_pikepdf_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pikepdf", None)

    with pytest.raises(MissingExtra, match=r"pip install 'otel-tracking\[archive\]'"):
        FORMATS["pdfa"].render(a_record())
