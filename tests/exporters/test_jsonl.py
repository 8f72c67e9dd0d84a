"""JSON lines: one record a line, whatever is in it; many runs in one file."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import a_record, an_item, records, text_of

from exporters import FORMATS
from exporters.collections import COLLECTIONS, CollectionOptions
from exporters.errors import BrokenFile
from exporters.formats.csv_table import read_csv
from exporters.formats.jsonl import read_lines


def written(name, *runs):
    file = io.BytesIO()
    COLLECTIONS[name].write(runs, file, CollectionOptions())
    return file.getvalue()


@given(runs=st.lists(records, max_size=3))
def test_many_records_are_many_lines_and_read_back_equal(runs):
    document = written("jsonl", *runs)
    assert document.count(b"\n") == len(runs)
    assert [text_of(one) for one in read_lines(io.BytesIO(document))] == [
        text_of(FORMATS["json"].parse(FORMATS["json"].render(run))) for run in runs
    ]


def test_no_text_ends_a_line_whatever_a_reader_takes_for_one():
    run = a_record(items=[an_item(content="a\u2028b\u2029c\x85d\r\ne\x0bf")])
    text = FORMATS["jsonl"].render(run).decode()
    assert len(text.splitlines()) == 1
    assert json.loads(text)["items"][0]["content"] == "a\u2028b\u2029c\x85d\r\ne\x0bf"


def test_a_line_that_is_no_record_is_named():
    good = FORMATS["jsonl"].render(a_record())
    with pytest.raises(BrokenFile, match="line 3"):
        list(read_lines(io.BytesIO(good + b"\n" + b"{}\n")))


def test_items_of_many_runs_are_one_table():
    """The columns of a run's own table, once; the cells read back."""
    one = a_record(items=[an_item(content="=1+1"), an_item(content="zwei")])
    two = a_record(execution_id="exec_2", items=[an_item(content="drei")])
    table = written("items_csv", one, two)
    assert table.startswith(b"\xef\xbb\xbfexecution_id,")
    assert table.count(b"\r\n") == 4
    assert [item.content for item in read_csv(table)] == ["=1+1", "zwei", "drei"]
