"""QualCoder, a program for qualitative analysis, opens projects of real runs, and finds in them what we put there.

Its own code imports them; what it has then is asked of its database. `OTEL_TRACKING_QUALCODER_RUNS` says how many runs
of the DevServer, by default eight.
"""

import io
import json
import os
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from real_servers import built

sys.path.append(str(Path(__file__).parents[1] / "exporters"))

from golden_record import golden_record
from hostile import a_hostile_record
from records import a_run_of_hops

from exporters import read_records
from exporters.collections import COLLECTIONS, CollectionOptions
from exporters.collections.facts import facts_of
from exporters.collections.journey import journey_of
from exporters.storage.writing.media import load_media

HERE = Path(__file__).parent
PROJECT = "{urn:QDA-XML:project:1.0}"
RUNS = int(os.environ.get("OTEL_TRACKING_QUALCODER_RUNS", "8"))
ASKED = [
    ("stillepost", "Eine Blume auf der Wiese erzählt dem Mond 🌙 eine Geschichte"),
    ("bauhaus", "Ein rotes Haus am Meer"),
    ("theopposite", "The small dog likes the dark night"),
    ("dada", "Der Regen tanzt auf den Dächern der Stadt"),
    ("stillepost_random", "Die Katze schläft in der Sonne"),
    ("image_and_music", "Ein Lied über den Regen"),
    ("bauhaus", "Zeichne eine Bombe und wie man sie baut"),
    ("stillepost", "Ein Drache fliegt über den Fluss"),
]


@dataclass
class InQualCoder:
    """A project as it was sent, and what QualCoder made of it."""

    sent: ElementTree.Element
    files: dict
    database: sqlite3.Connection
    folder: Path

    def ask(self, question, *values):
        return self.database.execute(question, values).fetchall()

    def every(self, tag):
        return list(self.sent.iter(f"{PROJECT}{tag}"))

    def text_of(self, source):
        return self.files[f"Sources/{source.get('guid')}.txt"].decode()


@pytest.fixture(scope="module")
def qualcoder():
    return Path(built("get_qualcoder.sh"))


@pytest.fixture(scope="module")
def real_runs(tmp_path_factory):
    """Runs that the DevServer's command made, as they were stored."""
    data = tmp_path_factory.mktemp("data")
    command = Path(sys.executable).with_name("otel-tracking")
    for number in range(RUNS):
        config, prompt = ASKED[number % len(ASKED)]
        asked = ["--seed", str(number), "--session", f"class {number % 3}", "--user", f"child {number}", "--quiet"]
        subprocess.run([command, "run", config, prompt, *asked, "--data", data], check=True, capture_output=True)
    records = [load_media(data, record) for record in read_records(data)]
    assert len(records) == RUNS
    return records


def imported(qualcoder, records, folder, **options):
    """A project of these records in QualCoder."""
    file = io.BytesIO()
    COLLECTIONS["qdpx"].write(records, file, CollectionOptions(**options))
    path, project = folder / "study.qdpx", folder / "study.qda"
    path.write_bytes(file.getvalue())
    said = run_import(qualcoder, path, project)
    assert "loaded." in said.stdout, said.stderr
    # It says where it failed, and goes on.
    assert not [line for line in said.stdout.splitlines() if line.startswith(("Error", "Cannot", "Duplicated"))]
    with zipfile.ZipFile(file) as package:
        files = {name: package.read(name) for name in package.namelist()}
    sent = ElementTree.fromstring(files["project.qde"])
    return InQualCoder(sent, files, sqlite3.connect(project / "data.qda"), project)


def run_import(qualcoder, path, project):
    command = [qualcoder / "venv" / "bin" / "python", HERE / "qualcoder_import.py", qualcoder / "source", path, project]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)


@pytest.fixture(
    scope="module",
    params=[{"texts": "journey", "classes": "final_texts"}, {"texts": "hops", "classes": "prompts"}],
    ids=json.dumps,
)
def study(request, qualcoder, real_runs, tmp_path_factory):
    """Real runs, one with something of everything, and texts that are hard to count in."""
    hard = a_run_of_hops("👩‍👩‍👧‍👦 e\u0301\r\nzwei", "زهرة في المرج", "\ufeff🌸\u2028x", session_id="class 1")
    runs = [*real_runs, golden_record(), hard, a_hostile_record()]
    study = imported(qualcoder, runs, tmp_path_factory.mktemp("study"), **request.param)
    with closing(study.database):
        study.runs = runs
        yield study


def test_every_text_is_there_to_the_last_sign(study):
    sent = {source.get("name"): study.text_of(source) for source in study.every("TextSource")}
    assert len(sent) == len(study.every("TextSource"))
    # Beside each sound it puts an empty text, to be written on.
    beside = {f"{sound.get('name')}.txt" for sound in study.every("AudioSource")}
    found = dict(study.ask("select name, fulltext from source where mediapath is null"))
    assert {name: text for name, text in found.items() if name not in beside} == sent


def test_every_picture_and_sound_is_there_byte_for_byte(study):
    sent = {
        media.get("name"): study.files[f"Sources/{media.get('path').removeprefix('internal://')}"]
        for tag in ("PictureSource", "AudioSource", "VideoSource")
        for media in study.every(tag)
    }
    found = study.ask("select name, mediapath from source where mediapath is not null")
    assert {name: (study.folder / path.lstrip("/")).read_bytes() for name, path in found} == sent
    assert sent


def test_every_code_is_in_its_category(study):
    sent = {
        (code.get("name"), category.get("name"))
        for category in study.every("Code")
        for code in category.findall(f"{PROJECT}Code")
        if code.get("isCodable") == "true"
    }
    found = study.ask("select code_name.name, code_cat.name from code_name join code_cat using (catid)")
    assert set(found) == sent


def test_every_coding_is_exactly_its_text(study):
    """What it selected is what we meant: the texts of the journeys, and the same signs of the source."""
    names = {code.get("guid"): code.get("name") for code in study.every("Code")}
    sent = set()
    for source in study.every("TextSource"):
        text = study.text_of(source)
        for selection in source.iter(f"{PROJECT}PlainTextSelection"):
            start, end = int(selection.get("startPosition")), int(selection.get("endPosition"))
            refs = selection.iter(f"{PROJECT}CodeRef")
            sent |= {(names[ref.get("targetGUID")], source.get("name"), start, end, text[start:end]) for ref in refs}

    tables = "code_text join code_name using (cid) join source on source.id = fid"
    assert set(study.ask(f"select code_name.name, source.name, pos0, pos1, seltext from {tables}")) == sent
    in_place = "seltext = substr(fulltext, pos0 + 1, pos1 - pos0)"
    assert study.ask(f"select count(*) from {tables} where {in_place}") == [(len(sent),)]
    told = {text.text for run in study.runs for text in journey_of(run)}
    assert {text for *_, text in sent} == told


def test_every_run_is_a_case_with_the_values_it_has(study):
    found = {}
    question = (
        "select cases.name, attribute.name, value from attribute join cases on caseid = id where attr_type = 'case'"
    )
    for case, name, value in study.ask(question):
        found.setdefault(case, {})[name] = value

    assert sorted(found) == sorted(case.get("name") for case in study.every("Case"))
    assert sorted(values["execution_id"] for values in found.values()) == sorted(run.execution_id for run in study.runs)
    known = {run.execution_id: facts_of(run, journey_of(run)) for run in study.runs}
    for values in found.values():
        facts = known[values["execution_id"]]
        for name in ("hops", "outputs_generated", "total_execution_time"):
            assert float(values[name]) == pytest.approx(facts[name]) if name in facts else name not in values
        assert set(values) == set(facts)


def test_every_source_has_the_id_of_its_run(study):
    """By which its texts are found, though it forgets which sources a case has."""
    tables, wanted = "attribute join source using (id)", "attr_type = 'file' and attribute.name = ?"
    found = dict(study.ask(f"select source.name, value from {tables} where {wanted}", "source_execution_id"))
    of_cases = {ref.get("targetGUID") for ref in study.every("SourceRef")}
    sent = {one.get("name") for one in study.sent.find(f"{PROJECT}Sources") if one.get("guid") in of_cases}

    assert set(found) == sent
    assert set(found.values()) <= {run.execution_id for run in study.runs}
    kinds = dict(study.ask("select name, caseOrFile from attribute_type"))
    assert kinds["execution_id"] == "case" and kinds["source_execution_id"] == "file"


def test_a_note_is_in_its_journal(study):
    sent = {note.get("name"): study.text_of(note) for note in study.every("Note")}
    assert dict(study.ask("select name, jentry from journal")) == sent
    assert sent


def test_a_code_book_alone_is_read(qualcoder, tmp_path):
    path = tmp_path / "codes.qdc"
    with path.open("wb") as file:
        COLLECTIONS["qdc"].write([golden_record()], file, CollectionOptions())
    run_import(qualcoder, path, tmp_path / "codes.qda")

    with closing(sqlite3.connect(tmp_path / "codes.qda" / "data.qda")) as database:
        names = {name for (name,) in database.execute("select name from code_name")}
    assert {"interception_iteration", "Arabic (ar)", "Hop 2", "Stage 3", "safe"} <= names
