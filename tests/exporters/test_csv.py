"""Items as a table: safe in a spreadsheet, exact for whoever reads it with a program."""

import csv
import io
from pathlib import Path

import duckdb
import pytest
from hostile import a_hostile_record
from hypothesis import example, given, settings
from hypothesis import strategies as st
from records import ODD_VALUES, a_record, an_item, records

from exporters.errors import BrokenFile
from exporters.formats.csv_cells import protect, unprotect
from exporters.formats.csv_table import COLUMNS, read_csv, render
from otel_tracking import ExecutionRecord, Media, canonical

DOCS = Path(__file__).parents[2] / "docs" / "export-api.md"


def rows_of(record):
    return list(csv.DictReader(io.StringIO(render(record).decode("utf-8-sig"), newline="")))


def texts_of(items):
    """What decides whether items are the same, also where NaN is in them."""
    return [canonical.dumps(item.to_dict()) for item in items]


def test_there_is_a_row_for_each_item_in_order():
    """Each says which run it belongs to."""
    record = a_record(items=[an_item(content="one"), an_item(content="two")], config_name="dada", user_id="u1")

    assert [(row["execution_id"], row["sequence_number"], row["content"]) for row in rows_of(record)] == [
        (record.execution_id, "1", "one"),
        (record.execution_id, "2", "two"),
    ]
    assert {(row["config_name"], row["user_id"], row["status"]) for row in rows_of(record)} == {
        ("dada", "u1", "completed")
    }


def test_common_parameters_have_columns_and_all_of_them_are_in_one():
    """What is asked for most needs no JSON."""
    parameters = {"seed": -5, "cfg": 5.5, "to_lang": "en", "safe": True, "sampler_name": "euler"}
    [row] = rows_of(a_record(items=[an_item(metadata=parameters)]))

    assert [row[name] for name in ("seed", "cfg", "to_lang", "safe", "width")] == ["-5", "5.5", "en", "true", ""]
    assert row["metadata_json"] == '{"cfg":5.5,"safe":true,"sampler_name":"euler","seed":-5,"to_lang":"en"}'


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'"])
def test_no_text_is_taken_for_a_formula(start):
    """An apostrophe before it, and one more where there was one: so it can be taken away again."""
    text = f"{start}HYPERLINK(1)"
    record = a_record(items=[an_item(content=text, config_used=text, metadata={"to_lang": text})], config_name=text)
    [row] = rows_of(record)

    assert {row[name] for name in ("content", "config_used", "to_lang", "config_name")} == {f"'{text}"}
    assert read_csv(render(record)) == list(record.items)


@given(st.text())
@example("''=")
def test_protection_can_always_be_taken_away(text):
    """Whatever the text begins with."""
    assert unprotect(protect(text)) == text
    assert not protect(text).startswith(tuple("=+-@\t\r"))


def test_the_file_is_what_spreadsheets_and_the_standard_expect():
    """A byte order mark, CRLF, and quotes only where they are needed."""
    document = render(a_record(items=[an_item(content='say "moon", twice')]))

    assert document.startswith(b"\xef\xbb\xbfexecution_id,trace_id,")
    assert document.count(b"\r\n") == 2
    assert b',"say ""moon"", twice",' in document


def test_a_foreign_reader_sees_the_same_cells(tmp_path):
    """DuckDB's reader, with line ends and quotes within cells."""
    record = a_hostile_record()
    path = tmp_path / "items.csv"
    path.write_bytes(render(record))
    found = duckdb.sql(f"from read_csv('{path}', all_varchar = true)")

    assert found.columns == list(COLUMNS)
    assert [[cell or "" for cell in row] for row in found.fetchall()] == [list(row.values()) for row in rows_of(record)]


@given(record=records)
@settings(max_examples=40)
def test_every_item_reads_back_equal(record):
    """The cells show what they can; what they cannot say stands in exact_json."""
    assert texts_of(read_csv(render(record))) == texts_of(record.items)


@pytest.mark.parametrize("odd", ODD_VALUES)
def test_odd_values_are_kept(odd):
    """In content, in parameters and where a text is usual."""
    value = ODD_VALUES[odd]
    record = a_record(items=[an_item(content=value, model_used=value, execution_time=value, metadata={"seed": value})])

    assert texts_of(read_csv(render(record))) == texts_of(record.items)


def test_the_hostile_record_is_kept():
    """NUL, halves of characters and markup in every field."""
    record = a_hostile_record()

    assert texts_of(read_csv(render(record))) == texts_of(record.items)
    assert "\0" not in render(record).decode()


@pytest.mark.parametrize("media", [None, Media(None, None, None), Media("a", 1, "image/png"), Media("", None, "\0")])
def test_a_medium_is_kept(media):
    """Also one of which nothing is known."""
    record = a_record(items=[an_item(media=media)])

    assert read_csv(render(record)) == list(record.items)


def test_a_run_without_items_is_a_table_without_rows():
    """The columns are there all the same."""
    assert read_csv(render(a_record(items=[]))) == []


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"a,b\r\n1,2\r\n", id="another table"),
        pytest.param(b"\xff", id="bytes"),
        pytest.param(render(a_record()).replace(b",1,", b",one,"), id="a wrong number"),
        pytest.param(render(a_record())[:-20], id="half a row"),
    ],
)
def test_a_table_that_is_none_is_refused(document):
    """In words."""
    with pytest.raises(BrokenFile, match="table"):
        read_csv(document)


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_documented(column):
    """docs/export-api.md says what it is."""
    assert f"`{column}`" in DOCS.read_text("utf-8")


def test_columns_of_the_run_are_fields_of_the_record():
    """One word per idea, all the way down."""
    from exporters.formats.csv_table import OF_THE_RUN

    assert set(OF_THE_RUN) <= set(ExecutionRecord.__slots__)


@pytest.mark.parametrize("seed", [2**53 + 1, -(2**53) - 1, 1115151125000000000, 2**64 - 1, 10**30])
def test_a_number_with_more_digits_than_spreadsheets_keep_is_text(seed):
    """A seed that is off by one makes another picture."""
    record = a_record(items=[an_item(metadata={"seed": seed}, media=Media("ab", seed, "image/png"))])
    [row] = rows_of(record)

    assert (row["seed"], row["media_bytes"]) == (f"'{seed}", f"'{seed}")
    assert read_csv(render(record)) == list(record.items)


@pytest.mark.parametrize("number", [0, -7, 2**53, -(2**53), 0.25])
def test_a_number_that_they_keep_is_a_number(number):
    """So that it can be counted with."""
    [row] = rows_of(a_record(items=[an_item(metadata={"seed": number})]))

    assert row["seed"] == str(number)


@pytest.mark.parametrize(
    "text",
    [
        *("007", "00", "1e5", "12345678e9012345", "1234567890123456", "1.50", "1,5", ".5", "50%", "3 1/2", "1 000"),
        *("3-4", "3/4", "3.4.26", "2026-11-23", "11:30", "23 Nov", "Mar 5", "MARCH1", "SEPT2", "1-Dez", "$5", "5 €"),
    ],
)
def test_a_text_that_would_be_turned_into_a_number_or_a_date_stays_text(text):
    """Ids of devices and spans, and what a child calls a flower."""
    record = a_record(items=[an_item(content=text, span_id=text)], user_id=text)
    [row] = rows_of(record)

    assert {row["content"], row["span_id"], row["user_id"]} == {f"'{text}"}
    assert read_csv(render(record)) == list(record.items)


@pytest.mark.parametrize(
    "text", ["42", "0", "a flower", "exec_20261123_120000_1234abcd", "the 3rd of March", "march on"]
)
def test_a_text_that_stays_as_it_is_has_no_apostrophe(text):
    """Nobody has to take away what was not needed."""
    [row] = rows_of(a_record(items=[an_item(content=text)]))

    assert row["content"] == text
