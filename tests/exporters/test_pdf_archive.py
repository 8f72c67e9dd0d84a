"""PDFs for archives: what only they promise, and what is said where typst is not installed."""

from __future__ import annotations

import functools
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from printed_records import a_failed_run, an_ordinary_run, fifteen_languages, four_outputs, hostile
from reading_pdf import printed, read, text_of
from records import a_record, a_run_of_hops

from exporters import FORMATS
from otel_tracking.extras import MissingExtra

ROOT = Path(__file__).parents[2]

needs_typst = pytest.mark.skipif(
    not importlib.util.find_spec("typst"), reason="typst is not installed; pip install 'otel-tracking[archive]'"
)


@needs_typst
@pytest.mark.parametrize("make", [fifteen_languages, four_outputs, a_failed_run, hostile, an_ordinary_run])
def test_it_is_archivable_and_accessible(make):
    """PDF/A-3a and PDF/UA-1, which the engine refuses to claim where a glyph or an alternative text is missing."""
    metadata = read(printed("pdfa", make)).trailer["/Root"]["/Metadata"].get_data().decode()

    assert "<pdfaid:part>3</pdfaid:part>" in metadata
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


@needs_typst
def test_a_very_long_document_is_archivable_but_not_tagged():
    """Tags cost fifty bytes a letter."""
    metadata = read(FORMATS["pdfa"].render(a_run_of_hops("بيت أحمر " * 11_000))).trailer["/Root"]["/Metadata"]
    assert "<pdfaid:conformance>B</pdfaid:conformance>" in metadata.get_data().decode()


@needs_typst
def test_without_the_font_packages_it_is_set_in_what_there_is(monkeypatch):
    """In fonts of this machine, or at least in those inside the engine; letters of our languages are never signs."""
    from exporters.formats.pdf_archive import fonts

    for name in ("_packaged", "_covered_by_packages", "_with_fonts_of_this_machine"):
        monkeypatch.setattr(fonts, name, functools.cache(getattr(fonts, name).__wrapped__))
    monkeypatch.setattr(fonts, "package_folders", tuple)
    monkeypatch.setattr(fonts, "_fonts_of_this_machine", list)

    text = text_of(FORMATS["pdfa"].render(a_run_of_hops("Eine Blume für Ελενη", "Blume \U00016a40")))
    assert "Eine Blume für Ελενη" in text


def test_without_typst_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "typst", None)

    with pytest.raises(MissingExtra, match=r"pip install 'otel-tracking\[archive\]'"):
        FORMATS["pdfa"].render(a_record())


PLANTED = """
from exporters.formats.pdf_archive import processes
processes._Engine.is_broken = True
print(processes.run(len, "abc"))
"""


def test_the_process_of_a_forked_worker_runs_nothing_that_lies_in_the_working_directory(tmp_path):
    """Where that is a place such as /tmp, anybody may have left a module of any name there."""
    (tmp_path / "pickle.py").write_text("raise SystemExit('a neighbour was here')")
    arguments = [sys.executable, "-P", "-c", PLANTED]
    ran = subprocess.run(arguments, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert (ran.stdout, ran.returncode) == (b"3\n", 0), ran.stderr
