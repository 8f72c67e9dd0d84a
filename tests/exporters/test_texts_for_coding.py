"""Texts for coding, and runs as a table of a survey: the words of people, and nothing in them that nobody said."""

import io
from dataclasses import replace

import docx
import pyarrow as pa
import pytest
from collection_stage import files_of, written
from golden_record import golden_record
from hostile import a_hostile_record
from hypothesis import given, settings
from pyarrow import csv
from records import a_record, a_run_of_hops, records

from exporters.collections import COLLECTIONS
from exporters.collections.survey import COLUMNS


def rows_of(runs):
    content = written("survey_csv", runs)
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    # Not Python's reader: it refuses cells of more than 128 KB.
    table = csv.read_csv(
        io.BytesIO(content),
        csv.ReadOptions(block_size=len(content) + 1, use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(column_types=dict.fromkeys(COLUMNS, pa.string()), strings_can_be_null=False),
    )
    return table.to_pylist()


def paragraphs_of(content):
    return [paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs]


def test_a_text_has_the_journey_under_names_of_languages_and_nothing_else():
    """No parameters, no ids, no times: what is counted in it are words of the run."""
    [text] = [content for name, content in files_of(written("coding_txt", [golden_record()], language="de")).items()][
        :1
    ]
    assert text.decode() == (
        "Deutsch\nEine Blume auf der Wiese\n\nArabisch\nزهرة في المرج\n\n"
        "Englisch\n=A flower\nin the <meadow> & ␇ ⟨U+D83D⟩\n\nEnglisch\n=A flower in the meadow\n"
    )


def test_there_is_a_text_for_each_run_and_for_each_session():
    """In that of a session each journey stands under the id of its run; a run without texts has none."""
    runs = [a_run_of_hops(*said, session_id=session) for said, session in ((("x", "y"), "7b/1"), (("z", "z"), "7b/1"))]
    files = files_of(written("coding_txt", [*runs, a_record(items=[]), a_run_of_hops("alone", "2")]))

    first, second = (run.execution_id for run in runs)
    assert len(files) == 4
    assert files[f"runs/{first}.txt"] == b"x\n\ny\n"
    assert files["sessions/7b_1.txt"].decode() == f"{first}\n\nx\n\ny\n\n\n{second}\n\nz\n\nz\n"


def test_a_word_document_has_the_same_texts_as_paragraphs():
    """Line ends inside of a text stay in its paragraph; in that of a session runs have headings."""
    run = replace(a_run_of_hops("Eine Blume\nam Fluss", "زهرة"), session_id="7b")
    run = replace(run, items=tuple(replace(item, metadata={"language": "ar"}) for item in run.items))
    files = files_of(written("coding_docx", [run], language="de"))

    told = ["Arabisch", "Eine Blume\nam Fluss", "Arabisch", "زهرة"]
    assert paragraphs_of(files[f"runs/{run.execution_id}.docx"]) == told
    assert paragraphs_of(files["sessions/7b.docx"]) == [run.execution_id, *told]


def test_a_survey_has_a_row_for_each_run_with_its_id_first():
    """Ids are told apart where two runs have the same; texts cannot be taken for formulas, dates are dates."""
    first, second, empty = rows_of([golden_record(), golden_record(), a_record(items=[], session_id=None)])

    assert next(iter(first)) == "execution_id"
    assert [first["execution_id"], second["execution_id"]] == [
        golden_record().execution_id,
        f"{golden_record().execution_id} 2",
    ]
    told = ("prompt", "final_text", "date", "timestamp", "languages", "config_name", "status", "used_seed", "hops")
    assert [first[name] for name in told] == [
        "Eine Blume auf der Wiese",
        "'=A flower in the meadow",
        "2026-11-23",
        "2026-11-23T12:00:00+00:00",
        "de → ar → en",
        "stillepost",
        "partial",
        "123456789",
        "2",
    ]
    assert (empty["prompt"], empty["session_id"], empty["hops"]) == ("", "", "0")


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_same_runs_make_the_same_file(name):
    """Also of hostile runs, of such without items, and of none."""
    for runs in ([], [a_record(items=[])], [golden_record(), a_hostile_record()]):
        assert written(name, runs) == written(name, runs)


@settings(max_examples=30)
@given(records)
def test_any_record_makes_a_row_and_a_text(record):
    assert len(rows_of([record, record])) == 2
    files_of(written("coding_txt", [record]))


def test_a_hostile_run_makes_every_collection():
    """Its names stay names: no part of a package leads out of it."""
    for name in ("coding_txt", "coding_docx", "qdpx"):
        for path in files_of(written(name, [a_hostile_record(), a_hostile_record("../../x")])):
            assert ".." not in path.split("/") and path.count("/") <= 1
