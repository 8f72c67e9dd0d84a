"""A whole graph in the record: by every way it travels, in the data set, and without its secrets."""

import copy
import io
import json
import zlib

import pyarrow.parquet as pq
import pytest
from backend_stage import items_of, sent_bytes
from comfyui_stage import PLAIN_GRAPH, a_large_graph, engine, make, node, with_value
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from devserver.backends.comfyui.secrets import clean_file, secrets_of
from exporters import ParquetSink, read_records
from otel_tracking import canonical
from otel_tracking.capture import exact_body
from tests.collectors.sources import assert_equal_from_all_sources
from tests.model_servers.comfyui import a_comfyui

SECRET = "Zq7f00dfacecafebeef4711"


@pytest.fixture
def server():
    with a_comfyui() as running:
        yield running


def test_a_large_graph_is_the_same_by_every_way_and_in_the_data_set(server, tmp_path):
    """SDK, OTLP as protobuf and as JSON, journal, Parquet: the same canonical JSON, and the bytes that were sent."""
    graph = a_large_graph()

    def pipeline(run):
        configured = {"graph": graph, "seed": 2**64 - 1}
        with run.output(1, config_used="large") as output, output.stage(4) as stage:
            with stage.backend_call("comfyui", configured=configured) as call, call.current():
                made = engine(server).make("红色的猫", seed=7, parameters={"graph": graph})
                call.fact("engine", dict(made.facts))
                call.fact("injected", dict(made.injected))
            for file in made.files:
                stage.item("output_image", media=file.content, media_format=file.media_format, metadata=file.facts)

    record = assert_equal_from_all_sources(pipeline)
    sink = ParquetSink(tmp_path)
    sink.write(record)
    sink.close()
    (stored,) = read_records(tmp_path)

    expected = with_value(graph, "prompt", "value", "红色的猫")
    (queued,) = server.requests_to("/prompt")
    for kept in (record, stored):
        call = next(call for call in kept.attempts if call.backend_used == "comfyui")
        assert canonical.dumps(call.passed["body"]["prompt"]) == canonical.dumps(expected)
        assert exact_body(call.passed["body"], call.passed["body_facts"]) == queued.body
        assert (call.passed["body"], len(items_of(kept, "output_image"))) == (queued.json, 10)
    assert canonical.dumps(stored.to_dict()) == canonical.dumps(record.to_dict())


# Secrets.


def secret_graph():
    """Keys by name, by node and by shape, as old graphs have them."""
    return {
        **PLAIN_GRAPH,
        "8": node("ai4artsed_openrouter_key", "key", mode="Project API Key", user_provided_key=SECRET),
        "9": node("ai4artsed_prompt_interception", "llm", api_key=["8", 0], input_prompt="", model="local/mistral:7b"),
        "10": node("SomeApiNode", None, api_key=SECRET + "2", text=f"Bearer {SECRET}3"),
    }


def everything_in(directory):
    parts = [path.read_bytes() for path in directory.rglob("*") if path.is_file()]
    tables = [repr(pq.read_table(path).to_pylist()) for path in directory.rglob("*.parquet")]
    return b"".join(parts) + "".join(tables).encode()


def test_a_graphs_keys_leave_for_the_server_and_stay_out_of_the_record(server, tmp_path, caplog):
    """Also where the server repeats the graph: in its history, and within the picture."""
    result, record, call = make(server, graph=secret_graph(), sinks=[ParquetSink(tmp_path)])

    assert result.status == "completed"
    assert server.requests_to("/prompt")[0].body.count(SECRET.encode()) == 3
    assert SECRET.encode() in server.worker.files["plain_00001_.png", "", "output"]

    media = b"".join(record.attachments.values())
    for where, content in {
        "record": canonical.dumps(record.to_dict()).encode(),
        "media": media,
        "files": everything_in(tmp_path),
        "log": caplog.text.encode(),
    }.items():
        assert SECRET.encode() not in content, where
    assert b"ai4artsed_openrouter_key" in media
    assert call.passed["body"]["prompt"]["8"]["inputs"]["user_provided_key"].startswith("[removed: ")
    assert call.passed["body"]["prompt"]["9"]["inputs"]["api_key"] == ["8", 0]
    # All that the node for keys holds counts, its `mode` too.
    assert items_of(record, "output_image")[0].metadata["secrets_removed"] == 4


def test_a_refusal_that_repeats_a_key_does_not(server):
    details = f"api_key: '{SECRET}2' not in ['a']"
    error = {"type": "value_not_in_list", "message": "Value not in list", "details": details, "extra_info": {}}
    about = {"errors": [error], "dependent_outputs": ["2"], "class_type": "SomeApiNode"}
    server.script.refusal = {"error": {"message": "Prompt outputs failed validation"}, "node_errors": {"10": about}}
    result, record, _ = make(server, graph=secret_graph())
    assert SECRET not in result.outputs[0].error
    assert "Value not in list" in result.outputs[0].error
    assert SECRET not in canonical.dumps(record.to_dict())


def test_a_failing_node_that_repeats_a_key_does_not(server):
    server.script.fails_at = ("1", "ValueError", f"401 for {SECRET}2")
    result, record, _ = make(server, graph=secret_graph())
    assert "failed: ValueError: 401 for" in result.outputs[0].error
    assert SECRET not in result.outputs[0].error + canonical.dumps(record.to_dict())


def test_a_picture_without_secrets_stays_as_it_was_byte_for_byte(server):
    _, record, _ = make(server, graph=PLAIN_GRAPH)
    (content,) = record.attachments.values()
    assert content == server.worker.files["plain_00001_.png", "", "output"]
    assert json.loads(Image.open(io.BytesIO(content)).text["prompt"])["3"]["inputs"]["value"] == "Eine Blume"


def a_png(*, packed=False, international=False, secret=SECRET):
    texts, file = PngInfo(), io.BytesIO()
    text = json.dumps({"8": {"inputs": {"api_key": secret}}})
    if international:
        texts.add_itxt("prompt", text + "花", zip=packed)
    else:
        texts.add_text("prompt", text, zip=packed)
    Image.new("RGB", (4, 4), (1, 2, 3)).save(file, "PNG", pnginfo=texts)
    return file.getvalue()


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("international", [True, False])
def test_a_pngs_texts_lose_a_secret_however_they_are_written(packed, international):
    cleaned = clean_file(a_png(packed=packed, international=international), [SECRET])
    image = Image.open(io.BytesIO(cleaned.content))
    image.load()
    assert (cleaned.removed, image.getpixel((0, 0))) == (1, (1, 2, 3))
    assert "*" * len(SECRET) in image.text["prompt"]
    assert image.text["prompt"].startswith('{"8": {"inputs": {"api_key": "')


def test_other_files_lose_it_too_and_keep_their_size():
    content = b"ID3" + json.dumps({"key": SECRET}).encode() + b"\xff\xfb"
    cleaned = clean_file(content, [SECRET])
    assert (len(cleaned.content), cleaned.removed, SECRET.encode() in cleaned.content) == (len(content), 1, False)


def test_a_secret_that_json_escapes_is_found():
    secret = 'sk-"ü花" 0123456789'
    cleaned = clean_file(a_png(secret=secret), [secret])
    assert (cleaned.removed, b"0123456789" in cleaned.content) == (1, False)


@pytest.mark.parametrize("end", [0, 8, 40, -20, -1])
def test_a_damaged_file_does_no_harm(end):
    whole = a_png()
    cleaned = clean_file(whole[:end], [SECRET])
    assert (SECRET.encode() in cleaned.content, len(cleaned.content)) == (False, len(whole[:end]))


def test_packed_text_that_cannot_be_unpacked_is_searched_as_it_is():
    data = b"prompt\0\0" + SECRET.encode()
    chunk = len(data).to_bytes(4, "big") + b"zTXt" + data + zlib.crc32(b"zTXt" + data).to_bytes(4, "big")
    cleaned = clean_file(a_png()[:8] + chunk, [SECRET])
    assert (cleaned.removed, SECRET.encode() in cleaned.content) == (1, False)


def test_looking_for_secrets_leaves_the_graph_alone():
    graph = secret_graph()
    kept = copy.deepcopy(graph)
    assert {SECRET, SECRET + "2", SECRET + "3"} <= secrets_of(graph)
    assert graph == kept
    assert secrets_of(PLAIN_GRAPH) == frozenset()


def test_the_bytes_with_a_secret_are_not_to_be_made_again(server):
    _, _, call = make(server, graph=secret_graph())
    with pytest.raises(ValueError, match="a secret was removed"):
        sent_bytes(call)
