"""`otel-tracking export --with-media`: pictures and sounds as files, with or without the texts hidden in them."""

import io
import json
import os

import pytest
from cli_stage import call, call_json, stored
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from devserver.testing import WAV
from exporters import read_records
from exporters.media.png_text import text_chunks
from otel_tracking import ItemType

GRAPH = json.dumps({"3": {"inputs": {"text": "Anna wünscht sich eine Blume"}}})


def png(colour):
    """A picture as ComfyUI saves it: with the whole graph inside."""
    info = PngInfo()
    info.add_text("prompt", GRAPH)
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def two_outputs(run):
    """A picture that may be shown, a sound, and a picture that was blocked once it was made."""
    for number, colour in ((1, "red"), (2, "black")):
        with run.output(number, config_used="sd35") as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=png(colour), media_format="image/png")
            if number == 1:
                stage.item(ItemType.OUTPUT_MUSIC, media=WAV, media_format="audio/wav")
            else:
                stage.item(ItemType.OUTPUT_BLOCKED, content="blocked", metadata={"safe": False})


@pytest.fixture
def a_run(tmp_path):
    """A data directory, the id of the run in it, and its media by the names they are stored under."""
    data = tmp_path / "data"
    [execution_id] = stored(data, two_outputs)
    [record] = read_records(data)
    return data, execution_id, [item.file_path for item in record.items if item.file_path]


def contents(folder, paths):
    return [(folder / path).read_bytes() for path in paths]


def test_media_stand_beside_the_document_where_it_says_that_they_are(tmp_path, a_run):
    """What the document calls `file_path` can be followed from where the document is."""
    data, execution_id, paths = a_run
    answer, code = call_json("export", execution_id, "--with-media", "--out", tmp_path / "out", data=data)
    document = json.loads((tmp_path / "out" / f"{execution_id}.json").read_text())

    assert code == 0
    assert [item["file_path"] for item in document["items"] if item["file_path"]] == paths
    assert contents(tmp_path / "out", paths) == [png("red"), WAV, png("black")]
    assert answer["media"] == {execution_id: [str(tmp_path / "out" / path) for path in paths]}
    assert answer["missing"] == []


def test_copies_without_texts_leave_the_originals_as_they_were(tmp_path, a_run):
    """The picture is the same, the graph is gone, and `verify` finds the data untouched."""
    data, execution_id, paths = a_run
    result = call("export", "--all", "--with-media", "--strip-texts", "--out", tmp_path / "out", data=data)
    picture, sound, _ = contents(tmp_path / "out", paths)

    assert result.exit_code == 0
    assert text_chunks(png("red")) == {"prompt": GRAPH}
    assert text_chunks(picture) == {}
    assert Image.open(io.BytesIO(picture)).tobytes() == Image.open(io.BytesIO(png("red"))).tobytes()
    assert sound == WAV
    assert contents(data, paths) == [png("red"), WAV, png("black")]
    assert call_json("verify", execution_id, data=data)[0]["findings"] == []


def test_a_student_gets_no_file_that_a_check_said_no_to(tmp_path, a_run):
    """As in the document, so in the folder."""
    data, execution_id, paths = a_run
    options = ("--format", "html", "--audience", "student", "--with-media")
    result = call("export", execution_id, *options, "--out", tmp_path / "out" / "run.html", data=data)

    assert result.exit_code == 0
    assert [(tmp_path / "out" / path).exists() for path in paths] == [True, True, False]


def a_picture_and_no_sound(run):
    """A picture with its graph, and what is said to be a sound and is none that anybody knows."""
    with run.output(1, config_used="sd35") as output, output.stage(4) as stage:
        stage.item(ItemType.OUTPUT_IMAGE, media=png("red"), media_format="image/png")
        stage.item(ItemType.OUTPUT_MUSIC, media=b"Anna, and no sound that anybody knows", media_format="audio/wav")


def test_files_for_students_say_nothing_of_themselves_and_what_cannot_be_made_to_is_left_out(tmp_path):
    """The graph is gone from the picture; a file that nobody knows is named, and the rest is exported."""
    data = tmp_path / "data"
    [execution_id] = stored(data, a_picture_and_no_sound, safety_level="kids")
    [record] = read_records(data)
    paths = [item.file_path for item in record.items if item.file_path]
    options = ("--format", "html", "--audience", "student", "--with-media", "--out", tmp_path / "out" / "run.html")
    result = call("export", execution_id, *options, data=data)
    [picture] = contents(tmp_path / "out", paths[:1])

    assert result.exit_code == 0
    assert text_chunks(picture) == {}
    assert Image.open(io.BytesIO(picture)).tobytes() == Image.open(io.BytesIO(png("red"))).tobytes()
    assert not (tmp_path / "out" / paths[1]).exists()
    assert f"{paths[1]} was left out" in result.stderr


def test_a_file_that_is_gone_is_named_and_the_rest_is_exported(tmp_path, a_run):
    """Exit code 1, one sentence, everything else is there."""
    data, execution_id, paths = a_run
    (data / paths[0]).unlink()
    result = call("export", execution_id, "--with-media", "--out", tmp_path / "out", data=data)

    assert result.exit_code == 1
    assert f"{paths[0]} is not there or cannot be read" in result.stderr
    assert (tmp_path / "out" / paths[1]).read_bytes() == WAV


@pytest.mark.parametrize("by_link", [False, True])
def test_originals_are_never_written_over(tmp_path, a_run, by_link):
    """Exporting into the data directory itself is refused, by whatever name it goes."""
    data, execution_id, paths = a_run
    out = data
    if by_link:
        out = tmp_path / "link"
        out.symlink_to(data)
    result = call("export", execution_id, "--with-media", "--strip-texts", "--out", out, data=data)

    assert result.exit_code == 2
    assert "is the original itself; a directory outside of the data would work" in result.stderr
    assert contents(data, paths) == [png("red"), WAV, png("black")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--with-media"], "need a place to go"), (["--strip-texts", "--out", "x"], "add --with-media")],
)
def test_what_cannot_be_is_refused(a_run, arguments, says):
    """Exit code 2, and nothing is written."""
    data, execution_id, _ = a_run
    result = call("export", execution_id, *arguments, data=data)

    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_an_export_and_a_dataset_are_kept_in_the_audit_log(a_run, tmp_path):
    """By the user of this machine who ran the command; no file name, no text."""
    data, execution_id, _ = a_run
    call("export", execution_id, "--format", "csv", data=data)
    call("export", execution_id, "--out", str(tmp_path / "x.json"), data=data)
    call("dataset", str(tmp_path / "dataset"), data=data)
    lines = [json.loads(line) for line in (data / "access" / "audit.jsonl").read_text().splitlines()]
    assert [(line["act"], line.get("execution_id"), line.get("format")) for line in lines] == [
        ("export", execution_id, "csv"),
        ("export", execution_id, "json"),
        ("dataset", None, None),
    ]
    assert {line["role"] for line in lines} == {f"user {os.getuid()}"}


def test_a_place_that_ends_as_a_directory_is_one(tmp_path):
    """Also for one run, and before it is there."""
    [run] = stored(tmp_path / "data", lambda run: None)
    assert call("export", run, "--out", f"{tmp_path}/out/", data=tmp_path / "data").exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{run}.json"]
