"""`docs/for-researchers.md`: from a question to a citation in one afternoon, every command of it on real runs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from devserver.embedded import embedded_engines

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "for-researchers.md").read_text("utf-8")
SECTION = PAGE.partition("## One afternoon")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
"""In their order; the sheet is filled in before it is taken over."""


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """A directory with the two programs that the page calls, of this checkout."""
    place = tmp_path_factory.mktemp("bin")
    for name, call in (("otel-tracking", "-m devserver.cli"), ("python", "")):
        program = place / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {call} "$@"\n')
        program.chmod(0o700)
    return place


def test_every_command_of_the_afternoon_works_on_real_runs(commands, tmp_path):
    if embedded_engines().missing:
        pytest.skip("needs the translation engines: make engines")
    environment = os.environ | {"PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    said = ""
    for block in BLOCKS:
        if "--from sheet.csv" in block:
            fill_in(tmp_path / "sheet.csv")
        done = subprocess.run(["sh", "-ec", block], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said += done.stdout
    assert "sound check" not in said
    assert {path.name for path in tmp_path.iterdir()} >= {"class-7b.pdf", "class-7b.qdpx", "garden-2026", "figures"}
    assert "read_aloud" in (tmp_path / "garden-2026" / "codebook.csv").read_text("utf-8-sig")


def fill_in(sheet):
    """What a person does in a spreadsheet."""
    head, *rows = sheet.read_text("utf-8-sig").splitlines()
    column = head.split(",").index("read_aloud")
    cells = [row.split(",") for row in rows if row]
    for row in cells:
        row[column] = "true"
    sheet.write_text("\n".join([head, *(",".join(row) for row in cells)]) + "\n")
