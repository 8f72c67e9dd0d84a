"""veraPDF, which checks every rule of PDF/A-3a and what a program can of PDF/UA-1, finds PDFs for archives good."""

import subprocess
import sys
from pathlib import Path

import pytest
from real_servers import built

sys.path.append(str(Path(__file__).parents[1] / "exporters"))

from printed_records import a_failed_run, an_ordinary_run, fifteen_languages, four_outputs, hostile
from reading_pdf import printed

HARD_TO_PRINT = [fifteen_languages, four_outputs, a_failed_run, hostile, an_ordinary_run]


@pytest.fixture(scope="module")
def verapdf():
    """The command that runs it."""
    return ["java", "-cp", built("get_verapdf.sh"), "org.verapdf.apps.GreenfieldCliWrapper", "--format", "text"]


@pytest.mark.parametrize("make", HARD_TO_PRINT)
@pytest.mark.parametrize("promise", ["3a", "ua1"])
def test_a_validator_finds_that_a_document_is_what_it_promises(make, promise, verapdf, tmp_path):
    path = tmp_path / "record.pdf"
    path.write_bytes(printed("pdfa", make))
    said = subprocess.run([*verapdf, "-f", promise, path], capture_output=True, text=True, check=False).stdout
    assert said.startswith("PASS"), said
