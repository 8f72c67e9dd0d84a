"""`docs/for-researchers.md`: every command of it on real runs, from a question to a citation in one afternoon first."""

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
BLOCK = re.compile(r"^```(sh|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [text for _, text in BLOCK.findall(SECTION)]
"""In their order; the sheet is filled in before it is taken over."""
OTHERS = BLOCK.findall(PAGE.replace(SECTION, ""))
BY_HAND = ("pip install", "jupyter lab")
"""Beginnings of what would change this machine, or opens a window."""
AN_ID = "68951b8f"
A_DAY = "2026-11-20"
"""What the page calls a run, and a day before which there are some."""
OF_FILES = """python -c "import duckdb; duckdb.sql(open('question.sql').read()).write_csv('answer.csv')" """


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    """A directory with the two programs that the page calls, of this checkout."""
    place = tmp_path_factory.mktemp("bin")
    for name, call in (("otel-tracking", "-m devserver.cli"), ("python", "")):
        program = place / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {call} "$@"\n')
        program.chmod(0o700)
    return place


@pytest.fixture
def said_by(commands, tmp_path):
    """What a line for the shell says, in a directory of its own; it has to do what it is there for."""
    if embedded_engines().missing:
        pytest.skip("needs the translation engines: make engines")
    environment = {"PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "OTEL_TRACKING_STUDIES": "keys"}

    def run(block):
        command, places = ["sh", "-ec", block], {"cwd": tmp_path, "env": os.environ | environment}
        done = subprocess.run(command, **places, capture_output=True, text=True)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run


def test_every_command_of_the_afternoon_works_on_real_runs(said_by, tmp_path):
    said = ""
    for block in BLOCKS:
        if "--from sheet.csv" in block:
            fill_in(tmp_path / "sheet.csv")
        said += said_by(block)
    assert "sound check" not in said
    assert {path.name for path in tmp_path.iterdir()} >= {"class-7b.pdf", "class-7b.qdpx", "garden-2026", "figures"}
    assert "read_aloud" in (tmp_path / "garden-2026" / "codebook.csv").read_text("utf-8-sig")


def test_every_other_command_and_question_of_the_page_works_too(said_by, tmp_path):
    said_by("otel-tracking study new garden-2026 --no-consent")
    garden = "--session 7b --study garden-2026 --user ada"
    for prompt, more in (("Eine blaue Blume", garden), ("Eine Katze", ""), ("Ein Hund", "")):
        said_by(f"otel-tracking run stillepost '{prompt}' --languages en,de {more}")
    said_by("otel-tracking dataset dataset")
    others = said_by("otel-tracking ask --format csv 'select execution_id from executions where session_id is null'")
    marked, annotated = (line.rpartition("_")[2] for line in others.splitlines()[1:])
    for kind, block in OTHERS:
        for page, here in (
            (AN_ID, marked if " mark " in block else annotated),
            (A_DAY, "2999-12-31 --yes"),
            ("\\\n", ""),
        ):
            block = block.replace(page, here)
        (tmp_path / "question.sql").write_text(block if kind == "sql" else "select count(*) from items")
        if kind == "sql":
            said_by(OF_FILES if ".parquet'" in block else "otel-tracking ask --file question.sql --out answer.csv")
            assert (tmp_path / "answer.csv").read_text().count("\n") > 1 or "content = input_text" in block, block
        for line in block.splitlines() if kind == "sh" else []:
            if not line.startswith(BY_HAND):
                said_by(line)
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"answer.csv", "plots", "bremen-2026", "class-7b.pdf", "garden.docx", "prompt.html", "sheet.csv"}


def fill_in(sheet):
    """What a person does in a spreadsheet."""
    head, *rows = sheet.read_text("utf-8-sig").splitlines()
    column = head.split(",").index("read_aloud")
    cells = [row.split(",") for row in rows if row]
    for row in cells:
        row[column] = "true"
    sheet.write_text("\n".join([head, *(",".join(row) for row in cells)]) + "\n")
