"""A document per run and format, and a row per format."""

from __future__ import annotations

import dataclasses
import json

import pytest
from golden_record import PICTURE
from hypothesis import given, settings
from records import ODD_VALUES, a_picture, a_record, an_item, records, text_of

from exporters import FORMATS, DocumentSink, import_record
from exporters.errors import BrokenFile, NotWritable, UnknownFormat, UnknownOption
from exporters.formats import format_named
from exporters.storage.writing.media import media_paths, store_media
from otel_tracking.columns import columns_of

PARSED = [name for name, form in FORMATS.items() if form.parse]


def without_missing_metadata(record):
    """Metadata that is None reads as empty: documents of earlier trackers have none."""
    return record if record.metadata is not None else dataclasses.replace(record, metadata={})


@pytest.mark.parametrize("name", PARSED)
@given(record=records)
@settings(max_examples=40)
def test_every_format_that_can_be_read_reads_back_equal(name, record):
    """Rendered and parsed, any record is the same; a new row in FORMATS is tested by this without further ado."""
    items = tuple(map(without_missing_metadata, record.items))
    record = without_missing_metadata(dataclasses.replace(record, items=items))
    form = FORMATS[name]

    assert text_of(form.parse(form.render(record))) == text_of(record)


@pytest.mark.parametrize("name", PARSED)
@pytest.mark.parametrize("odd", ODD_VALUES)
def test_every_format_that_can_be_read_keeps_odd_values(name, odd):
    """What is odd stays so, in the content and in the metadata of an item."""
    value = ODD_VALUES[odd]
    record = a_record(items=[an_item(content=value, metadata={"value": value}, config_used=value)])
    form = FORMATS[name]

    assert text_of(form.parse(form.render(record))) == text_of(record)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_renders_bytes_under_its_own_suffix(name):
    """A row says how its documents are named, and rendering twice gives the same bytes."""
    form, record = FORMATS[name], a_record()

    assert form.suffix.startswith(".")
    assert "/" in form.media_type
    assert form.render(record) == form.render(record)


def test_an_unknown_format_is_answered_with_the_known_ones(tmp_path):
    """A slip of the finger gets a suggestion, before any run."""
    with pytest.raises(UnknownFormat, match="Did you mean json"):
        DocumentSink(tmp_path, formats=["jsn"])
    with pytest.raises(UnknownFormat, match=r"There are: .*json"):
        format_named("papyrus")


def test_a_document_lies_in_a_private_folder_of_its_run(tmp_path):
    """Path, permissions and content are as promised."""
    record = a_record()
    DocumentSink(tmp_path).write(record)

    path = tmp_path / "documents" / record.execution_id / f"{record.execution_id}.json"
    assert import_record(path) == record
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_pictures_come_from_the_record_or_from_their_files(tmp_path):
    """A recovered record has none with it; its files are below the data directory."""
    with_it = a_picture(PICTURE)
    without = dataclasses.replace(with_it, attachments={}, revision=2)
    sink = DocumentSink(tmp_path, formats=["html"])
    path = tmp_path / "documents" / with_it.execution_id / f"{with_it.execution_id}.html"
    seen = []
    for record, stored in ((with_it, False), (without, False), (dataclasses.replace(without, revision=3), True)):
        if stored:
            store_media(media_paths(tmp_path, columns_of(with_it)))
        sink.write(record)
        seen.append(b"data:image/png;base64," in path.read_bytes())

    assert seen == [True, False, True]


@pytest.mark.parametrize("file_path", ["/etc/passwd", "../x", "media/../../x", "media/\0", "media/missing.png"])
def test_a_file_that_is_not_where_media_lie_is_not_shown(tmp_path, file_path):
    """A document without a picture is better than none, and nothing else gets into it."""
    record = a_picture(PICTURE)
    item = dataclasses.replace(record.items[0], file_path=file_path)
    DocumentSink(tmp_path, formats=["html"]).write(dataclasses.replace(record, items=(item,), attachments={}))

    [page] = tmp_path.glob("documents/*/*.html")
    assert b"data:" not in page.read_bytes().split(b"</head>")[1]


def test_options_go_to_the_formats_that_have_them(tmp_path):
    """Wrong ones are refused before any run."""
    DocumentSink(tmp_path, formats=["json", "html"], options={"language": "de"}).write(a_record())

    [page] = tmp_path.glob("documents/*/*.html")
    assert b'<html lang="de"' in page.read_bytes()
    with pytest.raises(UnknownOption, match="audience"):
        DocumentSink(tmp_path, formats=["html"], options={"audiense": "student"})
    with pytest.raises(UnknownOption, match="There are none"):
        DocumentSink(tmp_path, formats=["json"], options={"audience": "student"})


def test_the_highest_revision_stays_whatever_comes_later(tmp_path):
    """Revisions may arrive in any order."""
    first = a_record()
    second = dataclasses.replace(first, revision=2, config_name="later")
    sink = DocumentSink(tmp_path)
    for record in (first, second, first):
        sink.write(record)

    path = tmp_path / "documents" / first.execution_id / f"{first.execution_id}.json"
    assert import_record(path) == second


@pytest.mark.parametrize("execution_id", ["../../etc/passwd", "..", "", "a/b", "\ud800", "ä" * 300, ".hidden"])
def test_no_execution_id_leads_out_of_the_directory(tmp_path, execution_id):
    """Whatever a run is called, its documents stay under documents/."""
    DocumentSink(tmp_path / "data").write(dataclasses.replace(a_record(), execution_id=execution_id))

    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    [folder] = [path for path in (tmp_path / "data" / "documents").iterdir() if path.is_dir()]
    assert len(list(folder.glob("*.json"))) == 1


def test_a_directory_that_cannot_be_written_is_refused_at_once(tmp_path):
    """The error comes before any run."""
    (tmp_path / "file").write_text("")

    with pytest.raises(NotWritable):
        DocumentSink(tmp_path / "file")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"execution_id": "x", "items": 3}'])
def test_a_broken_file_is_named_with_its_trouble(tmp_path, content):
    """Importing says which file and why."""
    path = tmp_path / "record.json"
    path.write_bytes(content)

    with pytest.raises(BrokenFile, match=r"record\.json"):
        import_record(path)


def test_a_record_of_an_earlier_tracker_is_imported(tmp_path):
    """backend_type is backend_used, times without zone are UTC, and what nobody knows any more is kept."""
    item = {"sequence_number": 1, "timestamp": "2025-11-03T22:41:53", "item_type": "user_input_text", "content": "x"}
    item |= {"stage": 1, "media_type": "text", "backend_type": "ollama", "mood": "fine"}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"execution_id": "exec_1", "config_name": "dada", "items": [item]}))

    [read] = import_record(path).items
    assert read.backend_used == "ollama"
    assert read.timestamp.isoformat() == "2025-11-03T22:41:53+00:00"
    assert read.metadata["unknown_fields"] == {"mood": "fine"}
