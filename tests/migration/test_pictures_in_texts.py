"""A picture that is handed over as a text is a picture: stored as a file, shown, and nowhere as base64."""

import base64
import hashlib
import json

import pytest
from click.testing import CliRunner
from scenario_of_era_a import items_of

from devserver.cli.app import command_line
from exporters import import_record
from otel_tracking.migration import ExecutionTracker, save_execution_record

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 768
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"
STOOD_THERE = {"media_index": 1, "base64": "data:image/png;base64,"}


@pytest.fixture
def tracker(server):
    tracker = ExecutionTracker("dada", "eco", "kids")
    tracker.set_stage(1)
    return tracker


def stored(server, tracker):
    tracker.finalize()
    record = server.record()
    pictures = [path for path in server.data_dir.rglob("*.png") if "media" in path.parts]
    assert [path.read_bytes() for path in pictures] == [PNG]
    return record


def nowhere_in_text(server, record):
    """In the dict of the routes, the rows of the tables and the terminal there is none of it."""
    shown = server.get(f"/api/executions/{record.execution_id}").text
    said = [shown]
    for options in ([], ["--tree"], ["--json"]):
        result = CliRunner().invoke(
            command_line, ["show", "--data", str(server.data_dir), *options, record.execution_id]
        )
        said.append(result.output)
    assert not [text for text in said if BASE64[:200] in text or len(text) > 60_000]


@pytest.mark.parametrize("given", [URL, BASE64], ids=["data URL", "base64"])
def test_as_the_path_of_an_output(given, server, tracker):
    """What the route hands over in the place of a file: the item has a file, and its path is that."""
    tracker.log_output_image(1, "gemini", file_path=given, metadata={"seed": 7})
    record = stored(server, tracker)
    [output] = items_of(record, "output_image")
    assert output.media.sha256 == hashlib.sha256(PNG).hexdigest()
    assert output.file_path.startswith("media/")
    assert output.metadata["seed"] == 7
    assert output.metadata["given_file_path"]["media_index"] == 1
    nowhere_in_text(server, record)


def test_as_the_path_of_an_input(server, tracker):
    tracker.log_user_input_image(URL, {"name": "camera"})
    record = stored(server, tracker)
    [brought] = items_of(record, "user_input_image")
    assert brought.metadata == {"given_file_path": STOOD_THERE, "name": "camera"}
    nowhere_in_text(server, record)


def test_as_what_was_typed(server, tracker):
    """It is an image that somebody brought."""
    tracker.log_user_input_text(URL)
    record = stored(server, tracker)
    [brought] = items_of(record, "user_input_image")
    assert (brought.content, brought.metadata["content"]) == (None, STOOD_THERE)
    nowhere_in_text(server, record)


@pytest.mark.parametrize(
    ("log", "item_type"),
    [
        (lambda tracker: tracker.log_translation_result(URL), "translation_result"),
        (lambda tracker: tracker.log_interception_iteration(1, URL), "interception_iteration"),
        (lambda tracker: tracker.log_interception_final(URL, 1), "interception_final"),
        (lambda tracker: tracker.log_stage3_blocked(1, "sd35", URL), "stage3_blocked"),
    ],
    ids=["translation", "hop", "final text", "reason of a block"],
)
def test_in_any_other_text(log, item_type, server, tracker):
    """Whichever call it was, its item has the medium, and says where it stood."""
    log(tracker)
    record = stored(server, tracker)
    [item] = items_of(record, item_type)
    assert item.content is None
    assert item.metadata["content"] == STOOD_THERE
    assert item.media.bytes == len(PNG)
    nowhere_in_text(server, record)


def test_two_at_once_are_two_items(server, tracker):
    """One in the place of the path, another one in the metadata: none is lost."""
    other = b"\x89PNG\r\n\x1a\n" + bytes(3_000)
    tracker.log_output_image(1, "gemini", file_path=URL, metadata={"image_data": base64.b64encode(other).decode()})
    tracker.finalize()
    outputs = items_of(server.record(), "output_image")
    assert [output.media.bytes for output in outputs] == [len(PNG), len(other)]
    assert outputs[0].metadata["image_data"] == {"media_index": 2, "base64": ""}


def an_old_file(directory, name, **changes):
    item = {"sequence_number": 1, "timestamp": "2025-11-03T22:41:53.608540", "stage": 4, "item_type": "output_image"}
    record = {
        "execution_id": name,
        "config_name": "dada",
        "timestamp": item["timestamp"],
        "items": [{**item, **changes}],
    }
    path = directory / "record.json"
    path.write_text(json.dumps(record))
    return path


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"file_path": URL}, {"given_file_path": STOOD_THERE}),
        ({"content": URL, "metadata": {"seed": 7}}, {"content": STOOD_THERE, "seed": 7}),
        ({"metadata": {"image_data": BASE64}}, {"image_data": {"media_index": 1, "base64": ""}}),
    ],
    ids=["path", "content", "metadata"],
)
def test_in_a_record_of_the_old_tracker_that_is_taken_over(changes, told, server, tmp_path):
    """The 3 MB of an old file become a picture, once: taking it over again says that it is known."""
    path = an_old_file(tmp_path, "exec_20251103_224153_608540d5", **changes)
    arguments = ["import", str(path), "--data", str(server.data_dir)]
    assert [CliRunner().invoke(command_line, arguments).exit_code for _ in range(2)] == [0, 0]
    record = server.record()
    [item] = record.items
    assert (item.metadata, item.content) == (told, None)
    assert (server.data_dir / item.file_path).read_bytes() == PNG
    nowhere_in_text(server, record)


def test_what_was_taken_over_before_pictures_were_lifted_is_known(server, tmp_path):
    path = an_old_file(tmp_path, "exec_20251103_224153_608540d5", file_path=URL)
    save_execution_record(import_record(path))
    result = CliRunner().invoke(command_line, ["import", str(path), "--data", str(server.data_dir)])
    assert (result.exit_code, len(server.records())) == (0, 1)


def test_a_record_that_is_called_like_a_way_out_stays_below_the_data(server, tmp_path):
    """What a file says of its run decides nothing about where its picture lies."""
    path = an_old_file(tmp_path, "../../exec_20251103_224153_608540d5", file_path=URL)
    CliRunner().invoke(command_line, ["import", str(path), "--data", str(server.data_dir)])
    [picture] = tmp_path.rglob("*.png")
    assert server.data_dir / "media" in picture.parents
    assert ".." not in picture.relative_to(server.data_dir).parts
