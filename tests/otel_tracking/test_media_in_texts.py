"""A medium that is handed over as an item's text or path is media, whoever logs it; any other text stays as it is."""

import base64

import pytest

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"


def logged(recording, sink, **fields):
    with recording.tracker().execution("dada") as run, run.stage(4) as stage:
        stage.item("output_image", **fields)
    assert recording.flush(timeout=60)
    assert recording.health()["guarded_errors"] == {}
    [item] = [item for item in sink.records[0].items if item.item_type == "output_image"]
    return item, sink.records[0]


@pytest.mark.parametrize("name", ["content", "input_text", "file_path"])
def test_a_data_url_in_a_text_is_a_file(name, recording, sink):
    item, record = logged(recording, sink, **{name: URL}, metadata={"seed": 7})
    told = "given_file_path" if name == "file_path" else name
    assert item.metadata == {told: {"base64": "data:image/png;base64,"}, "seed": 7}
    assert (item.content, item.input_text) == (None, None)
    assert item.file_path == f"media/{record.execution_id}/{item.sequence_number:03d}_output_image.png"
    assert record.attachments == {item.media.sha256: PNG}
    assert item.media.type == "image/png"


def test_base64_in_the_place_of_a_path_is_a_file(recording, sink):
    """No path is that long."""
    item, record = logged(recording, sink, file_path=BASE64)
    assert record.attachments == {item.media.sha256: PNG}


@pytest.mark.parametrize(
    "text",
    ["data: what was measured", "data:text/plain,Eine Blume", URL[:-5] + "!", "data:image/png;base64,", BASE64],
    ids=["a word", "not base64", "broken", "empty", "base64 without a word of it"],
)
def test_any_other_text_stays_as_it_is(text, recording, sink):
    item, record = logged(recording, sink, content=text)
    assert (item.content, item.media, record.attachments) == (text, None, {})


def test_metadata_that_is_no_dict_keeps_its_item_whole(recording, sink):
    item, _ = logged(recording, sink, content=URL, metadata=["as it is"])
    assert (item.content, item.metadata) == (URL, ["as it is"])


def test_media_that_are_given_are_those_that_count(recording, sink):
    item, record = logged(recording, sink, content=URL, media=b"RIFF....WAVE")
    assert record.attachments == {item.media.sha256: b"RIFF....WAVE"}
