"""A record that a stranger wrote is no larger than its bytes, and what is wrong in it stands alone."""

import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from records import NOON, a_record, a_span, an_item

from exporters import ParquetSink, list_executions, read_records
from exporters.errors import BrokenFile
from exporters.formats.json import parse as parse_json
from exporters.formats.json import render as render_json
from exporters.formats.xml.document import parse as parse_xml
from exporters.formats.xml.document import render as render_xml
from exporters.storage.tables.blobs import MOST_REPEATED, Whole
from otel_tracking import ExecutionItem, ExecutionRecord, SpanRecord
from otel_tracking.errors import RecordError
from otel_tracking.record import read_timestamp
from otel_tracking.values.kinds import Opaque

INFINITY = float("inf")
UNFIT = {
    "revision": [INFINITY, -1, "1", True, 10**30, 1.5, [1]],
    "outputs_generated": [INFINITY, "many", {}],
    "item_count": [INFINITY, -5],
    "lossy_values": [INFINITY, None.__class__],
    "stages_completed": [5, [INFINITY], ["one"]],
    "timestamp": [INFINITY, "yesterday", "10000-01-01", "0001-01-01T00:00:00+05:00", 5, [1]],
    "status": [INFINITY, 5, ["completed"]],
    "trace_id": [5, ["a"]],
    "total_execution_time": ["long", 10**400, [1.0]],
    "schema_version": [1],
}
UNFIT_IN_AN_ITEM = {
    "sequence_number": [INFINITY, "first", -1],
    "timestamp": ["0000-00-00", {"$date": 1}, 10**20],
    "stage": [INFINITY, [2], {}],
    "stage_iteration": [1.5],
    "item_type": [5, None.__class__, ["output_image"]],
    "file_path": [5, ["media/a.png"]],
    "media": ["a.png", {"bytes": INFINITY}, {"sha256": 5}],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in UNFIT for value in UNFIT[name]])
def test_a_value_that_a_field_cannot_have_is_kept_beside_it(name, value):
    """The field has its default, the record is there, and it can be stored and shown."""
    source = {**a_record().to_dict(), name: value}
    record = ExecutionRecord.from_dict(source)

    assert record.metadata["unfit_fields"] == {name: value}
    assert len(record.items) == 1
    assert ExecutionRecord.from_dict(record.to_dict()) == record


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in UNFIT_IN_AN_ITEM for value in UNFIT_IN_AN_ITEM[name]]
)
def test_so_is_one_of_an_item(name, value):
    """Its neighbours are as they were."""
    items = [an_item().to_dict(), {**an_item(content="odd").to_dict(), name: value}]
    record = ExecutionRecord.from_dict({**a_record().to_dict(), "items": items})

    assert record.items[0].metadata == {}
    assert record.items[1].metadata["unfit_fields"] == {name: value}
    assert record.items[1].content == "odd"
    assert type(record.items[1].sequence_number) is int


def test_so_is_one_of_a_span():
    """Among its facts."""
    span = SpanRecord.from_dict({**a_span().to_dict(), "name": 5, "not_passed": "all", "facts": {"a": 1}})
    assert (span.name, span.not_passed) == ("", ())
    assert span.facts == {"a": 1, "unfit_fields": {"name": 5, "not_passed": "all"}}


def test_an_entry_that_is_no_object_is_kept_beside_the_others():
    """Of a list of items, spans or links."""
    source = {**a_record().to_dict(), "items": [5, an_item().to_dict(), None], "spans": ["x"], "links": [[]]}
    record = ExecutionRecord.from_dict(source)

    assert [item.sequence_number for item in record.items] == [1]
    assert record.metadata["unfit_fields"] == {"items": [5, None], "spans": ["x"], "links": [[]]}


@pytest.mark.parametrize("changes", [{"execution_id": 5}, {"execution_id": None}, {"items": 3}, {"spans": "x"}])
def test_what_is_no_record_at_all_is_refused(changes):
    """It has no identity, or no items where items should be."""
    with pytest.raises(RecordError):
        ExecutionRecord.from_dict({**a_record().to_dict(), **changes})
    with pytest.raises(BrokenFile, match="cannot be read"):
        parse_json(json.dumps({**a_record().to_dict(), **changes}).encode())


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "media/../../x", "\0", ""])
def test_a_path_is_kept_as_it_came(path):
    """The record says what was said; whoever opens a medium looks where it lies (`storage.writing.media.inside`)."""
    assert ExecutionItem.from_dict({**an_item().to_dict(), "file_path": path}).file_path == path


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "x", 5])
def test_a_time_of_no_year_is_a_value_error(value):
    """One error for whoever asks, also for times that exist only in another zone."""
    with pytest.raises((TypeError, ValueError)):
        read_timestamp(value)


BOMB = '{"$fraction":"1e12000000"}'


def test_a_bomb_in_a_json_document_is_somebodys_own_object():
    """It is what its text says, and no fraction."""
    document = render_json(a_record(items=[an_item(metadata={"seed": "BOMB"})])).replace(b'"BOMB"', BOMB.encode())
    assert parse_json(document).items[0].metadata == {"seed": json.loads(BOMB)}


@pytest.mark.parametrize("number", [b"1e400", b"9" * 100_000])
def test_a_number_that_is_too_large_is_kept_as_its_text_and_counted(number):
    """In JSON that an earlier tracker may have written."""
    record = parse_json(render_json(a_record(items=[an_item(metadata={"n": "N", "m": 1})])).replace(b'"N"', number))

    assert record.items[0].metadata["n"].description.endswith(number.decode())
    assert (record.items[0].metadata["m"], record.lossy_values) == (1, 1)


@pytest.mark.parametrize(
    "element",
    [
        "<fraction>1e12000000</fraction>",
        f'<tagged tag="$tuple"><range>{"".join(f"<integer>{n}</integer>" for n in (0, 4 * 10**8, 1))}</range></tagged>',
        "<number>1e400</number>",
        f"<integer>{'1' * 100_000}</integer>",
        "<date>10000-01-01</date>",
    ],
)
def test_a_bomb_in_an_xml_document_is_kept_as_its_text_and_counted(element):
    """What stands beside it is as it was."""
    document = render_xml(a_record(items=[an_item(metadata={"a": "BOMB", "b": (1,)})])).decode()
    record = parse_xml(document.replace("<text>BOMB</text>", element).encode())

    assert type(record.items[0].metadata["a"]) is Opaque
    assert (record.items[0].metadata["b"], record.lossy_values) == ((1,), 1)


@pytest.mark.parametrize("depth", [400, 1_000, 2_000, 100_000])
def test_an_abyss_in_an_xml_document_is_refused(depth):
    """In words."""
    document = render_xml(a_record(items=[an_item(metadata={"a": "BOMB"})])).decode()
    deep = "<list>" * depth + "</list>" * depth
    if depth > 400:
        with pytest.raises(BrokenFile):
            parse_xml(document.replace("<text>BOMB</text>", deep).encode())
    else:
        assert parse_xml(document.replace("<text>BOMB</text>", deep).encode()).items


def rewritten(data_dir, table, **cells):
    """Put other texts into the cells of a stored table, as whoever can write to the directory may."""
    for path in data_dir.glob(f"{table}/date=*/*.parquet"):
        stored = pq.read_table(path, partitioning=None)
        for name, cell in cells.items():
            column = pa.array([cell] * len(stored), stored.schema.field(name).type)
            stored = stored.set_column(stored.schema.get_field_index(name), stored.schema.field(name), column)
        pq.write_table(stored, path)


@pytest.fixture
def stored(tmp_path):
    """A data directory with one record of two items."""
    ParquetSink(tmp_path).write(a_record(items=[an_item(content="one"), an_item(content="two")]))
    return tmp_path


@pytest.mark.parametrize(
    ("cell", "metadata"),
    [
        ('{"seed":' + BOMB + ',"n":1}', {"n": 1}),
        ('{"seed":{"$tuple":{"$range":[0,400000000,1]}},"n":1}', {"n": 1}),
        ('{"seed":{"$set":[' + ",".join(str(n * (2**61 - 1)) for n in range(4)) + ']},"n":1}', {"n": 1}),
        ("no json", None),
        ("[" * 10_000, None),
    ],
)
def test_a_bomb_in_a_cell_stands_alone(stored, cell, metadata):
    """Its record is read, with everything else in it, and counts it."""
    rewritten(stored, "items", metadata_json=cell)
    [record] = read_records(stored)

    assert [item.content for item in record.items] == ["one", "two"]
    for item in record.items:
        found = item.metadata
        assert found["n"] == 1 if metadata else type(found) is Opaque
    assert record.lossy_values in (0, 2)


@pytest.mark.parametrize(
    "exact",
    [
        '{"revision":{"$float":"inf"}}',
        '{"timestamp":{"$datetime":"2026-01-01T00:00:00"}}',
        '{"timestamp":5}',
        '{"write_id":"x","item_rows":7,"status":5,"outputs_generated":[1]}',
        "5",
        "no json",
    ],
)
def test_what_a_cell_says_of_the_fields_is_believed_where_it_can_be(stored, exact):
    """Lists and records are there, whatever it says."""
    rewritten(stored, "executions", exact_json=exact)

    [row] = list_executions(stored)
    [record] = read_records(stored)
    assert type(row.revision) is int
    assert row.timestamp.tzinfo is not None
    assert len(record.items) == 2


@pytest.mark.parametrize("column", ["spans_json", "links_json", "error_json"])
@pytest.mark.parametrize("cell", ["5", "[5]", '{"a":1}', "null", "no json"])
def test_parts_that_are_none_are_kept_beside_the_record(stored, column, cell):
    """Spans and links that are objects are read, others are kept."""
    rewritten(stored, "executions", **{column: cell})
    [record] = read_records(stored)
    assert len(record.items) == 2


def test_blobs_in_blobs_do_not_multiply():
    """Each of forty levels names the next one twice: a terabyte from 8 KB. A blob within itself has no end."""
    names = [f"{number:064x}" for number in range(41)]
    refer = [json.dumps({"$blob": name}, separators=(",", ":")) for name in names]
    blobs = {name: f"[{refer[place + 1]},{refer[place + 1]}]" for place, name in enumerate(names[:-1])}
    blobs[names[-1]] = '"x"'

    with pytest.raises(BrokenFile, match="refer to each other"):
        Whole(blobs).put_back(refer[0])
    with pytest.raises(BrokenFile, match="refer to each other"):
        Whole({names[0]: refer[0]}).put_back(refer[0])
    with pytest.raises(BrokenFile, match="is missing"):
        Whole({}).put_back(refer[0])


def test_a_blob_that_is_named_again_and_again_is_bounded_for_the_whole_record():
    """Cell by cell it would be as many times that."""
    sha256 = "a" * 64
    whole, reference = Whole({sha256: "x" * 2**20}), f'{{"$blob":"{sha256}"}}'
    with pytest.raises(BrokenFile, match="refer to each other"):
        for _ in range(MOST_REPEATED // 2**20 + 3):
            whole.put_back(reference)


def test_a_record_at_an_odd_time_is_found_by_its_day(tmp_path):
    """What from_dict made of it is stored like any other."""
    record = ExecutionRecord.from_dict({**a_record(timestamp=NOON).to_dict(), "timestamp": "10000-01-01"})
    ParquetSink(tmp_path).write(dataclasses.replace(record, execution_id="exec_19700101_000000_00000000"))
    assert [row.timestamp.year for row in list_executions(tmp_path)] == [1970]
