"""A secret of any of more than fifty shapes, in any of more than twenty places, is nowhere afterwards: in no file below
the data directory, no journal, no document, no span that viewers get, no page and no log.
"""

import contextlib
import io
import json
import logging

import pytest
import requests
from builders import Bang
from cli_stage import call
from hiding_places import CONTEXT, PLACES, log_as_earlier, start_with
from looking import PRINTED, every_document, everything_below, found_in, joined
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.trace import StatusCode
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from receiver_stage import body_of, collecting, post, receiving
from secret_samples import SHAPES, samples_for
from web_stage import client_of, devserver_in, execute
from wire import otlp_json

from collectors import start_recording
from collectors.testing import RememberingSink
from collectors.viewers.spans import show_run
from devserver import era_a
from devserver.settings import Settings
from exporters import ParquetSink
from otel_tracking import ExecutionTracker, ItemType, canonical
from otel_tracking import attributes as names

WITNESS = "Wt4dc1b57a90e3f26"
"""What stands beside each secret and must be found: the search itself works."""


class KeepSpans(SpanProcessor):
    """What an exporter would send."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


@pytest.fixture
def logs(caplog):
    """What our loggers said, at every level, with the objects in their messages."""
    ours = ("otel_tracking", "collectors", "exporters", "devserver")
    for name in ours:
        caplog.set_level(logging.DEBUG, logger=name)
    return lambda: joined(entry.getMessage() for entry in caplog.records if entry.name.startswith(ours))


def otlp_of(spans):
    """Spans as an exporter sends them in full, and as viewers are shown them."""
    shown = show_run(spans, alias=str).spans
    return joined([encode_spans(spans).SerializeToString(), encode_spans(shown).SerializeToString()])


def left_by(pipeline, directory, journal, logs):
    """What a run leaves in every place that is looked into, by the name of the place."""
    sink, kept = RememberingSink(), KeepSpans()
    with start_recording([sink, ParquetSink(directory)], journal=journal) as recording:
        recording.provider.add_span_processor(kept)
        while_it_runs = pipeline(recording.tracker(), lambda: everything_below(journal))
        assert recording.flush(timeout=60)
        assert recording.provider.force_flush(30_000)
    [record] = sink.latest().values()
    return {
        "journal": while_it_runs,
        "record": joined([canonical.dumps(record.to_dict())]),
        "data directory": everything_below(directory),
        "documents": every_document(record),
        "OTLP": otlp_of(kept.spans),
        "log": logs(),
    }


def assert_nowhere(left, samples, *, without_witness=("log",)):
    """No secret is in what was left, and the witness is in all of it."""
    assert {where: found_in(text, samples) for where, text in left.items()} == {where: [] for where in left}
    assert [where for where, text in left.items() if WITNESS not in text] == list(without_witness)


def test_there_are_fifty_shapes_and_twenty_places():
    assert len(SHAPES) >= 50
    assert len(PLACES) + 7 >= 20, "seven more have a test of their own below"


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_in_a_place_of_a_run_is_nowhere(place, tmp_path, ram, logs):
    samples, put = samples_for(place), PLACES[place]

    def pipeline(tracker, look_at_journal):
        with tracker.execution("dada") as run, run.stage(2) as stage:
            stage.item(ItemType.INTERCEPTION_FINAL, content=WITNESS)
            for sample in samples.values():
                put(run, stage, sample.text)
            journal = look_at_journal()
        return journal + look_at_journal()

    left = left_by(pipeline, tmp_path, ram, logs)
    assert_nowhere(left, samples)


def test_secrets_by_name_are_nowhere_whatever_they_look_like(tmp_path, ram, logs):
    """Headers as dicts, as pairs and as archives have them; an environment; what a child would call a word."""
    words = {"api_key": "sunflowerfield", "password": "meadowsandlakes", "X-Auth-Token": "bluemountainair"}
    pairs = [*words.items(), ("Cookie", "a=mushroomforest"), ("Authorization", "Token lanternflower")]
    cores = ["sunflowerfield", "meadowsandlakes", "bluemountainair", "mushroomforest", "lanternflower", "oldriverbank"]
    metadata = {
        "headers": dict(pairs),
        "pairs": pairs,
        "lists": [list(pair) for pair in pairs],
        "archive": [{"name": name, "value": value} for name, value in pairs],
        "bytes": [(name.encode(), value.encode()) for name, value in pairs],
        "environment": {
            "OPENAI_API_KEY": "sunflowerfield",
            "DB_PASSWORD": "meadowsandlakes",
            "HTTP_COOKIE": "a=oldriverbank",
        },
        "nested": ({"a": [{"clientSecret": "sunflowerfield", "credentials": {"user": "x", "pw": "oldriverbank"}}]},),
        "as text": json.dumps(dict(pairs)),
        "as a repr": repr(dict(pairs)),
    }

    def pipeline(tracker, look_at_journal):
        with tracker.execution("dada", metadata={"api_key": "sunflowerfield"}) as run, run.stage(2) as stage:
            stage.item(ItemType.INTERCEPTION_FINAL, content=WITNESS, metadata=metadata)
            with stage.backend_call("ollama", configured={"api_key": "sunflowerfield"}) as call:
                call.passed(metadata)
                call.response(metadata)
            return look_at_journal()

    left = left_by(pipeline, tmp_path, ram, logs)
    for where, text in left.items():
        assert [core for core in cores if core in text] == [], where


def left_by_many(begin, samples, directory, journal, logs):
    """What runs leave, one for each secret; printed documents are those of the other tests."""
    sink, kept = RememberingSink(), KeepSpans()
    with start_recording([sink, ParquetSink(directory)], journal=journal) as recording:
        recording.provider.add_span_processor(kept)
        for sample in samples.values():
            begin(recording.tracker(), f"{WITNESS} {sample.text}")
        assert recording.flush(timeout=60)
        assert recording.provider.force_flush(30_000)
    records = sink.latest().values()
    assert len(records) == len(samples)
    return {
        "records": joined(canonical.dumps(record.to_dict()) for record in records),
        "data directory": everything_below(directory),
        "documents": joined(every_document(record, without=PRINTED) for record in records),
        "OTLP": otlp_of(kept.spans),
        "log": logs(),
    }


def test_a_secret_in_a_runs_own_fields_is_nowhere(tmp_path, ram, logs):
    samples = samples_for("fields")
    assert_nowhere(left_by_many(start_with, samples, tmp_path, ram, logs), samples)


def end_with(tracker, text):
    """A run that ends with an exception of that text, raised from another."""
    with contextlib.suppress(Bang), tracker.execution("dada") as run, run.stage(2) as stage, stage.backend_call("x"):
        raise Bang(text) from ValueError(text)


def test_a_secret_in_the_exception_that_ends_a_run_is_nowhere(tmp_path, ram, logs):
    samples = samples_for("ending")
    assert_nowhere(left_by_many(end_with, samples, tmp_path, ram, logs), samples)


def picture_with(samples):
    """A PNG that says with what it was made, in texts plain and packed."""
    info = PngInfo()
    for number, sample in enumerate(samples.values()):
        info.add_text(f"note {number}", f"{WITNESS} {sample.text}", zip=number % 3 == 1)
        info.add_itxt(f"more {number}", f"with {sample.text}", zip=number % 3 == 2)
    info.add_text("prompt", json.dumps({"8": {"class_type": "Any", "inputs": {"api_key": samples["npm"].core}}}))
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "PNG", pnginfo=info)
    return file.getvalue()


def test_a_secret_in_the_words_of_a_picture_is_nowhere_and_the_picture_stays(tmp_path, ram, logs):
    samples = samples_for("a picture")
    picture = picture_with(samples)

    def pipeline(tracker, look_at_journal):
        with tracker.execution("dada") as run, run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=picture, media_format="image/png")
        return look_at_journal()

    left = left_by(pipeline, tmp_path, ram, logs)
    assert found_in(joined(left.values()), samples) == []
    [kept] = tmp_path.glob("media/**/*.png")
    with Image.open(kept) as after, Image.open(io.BytesIO(picture)) as before:
        assert after.tobytes() == before.tobytes()
        assert WITNESS in after.text["note 0"]


def test_a_secret_on_the_spans_of_another_provider_is_nowhere(tmp_path, ram, logs):
    samples = samples_for("another provider")
    sink, kept = RememberingSink(), KeepSpans()
    with start_recording([sink, ParquetSink(tmp_path)], journal=ram) as recording:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(recording.span_processor())
        provider.add_span_processor(kept)
        with ExecutionTracker(provider).execution("dada", metadata={"note": WITNESS}) as run, run.stage(2) as stage:
            for sample in samples.values():
                for put in PLACES.values():
                    if put.__name__ not in ("attributes_of_a_span", "an_exception_event"):
                        put(run, stage, sample.text)
            journal = everything_below(ram)
        assert recording.flush(timeout=60)
    [record] = sink.latest().values()
    left = {
        "journal": journal,
        "record": joined([canonical.dumps(record.to_dict())]),
        "data directory": everything_below(tmp_path),
        "OTLP": otlp_of(kept.spans),
        "log": logs(),
    }
    assert_nowhere(left, samples, without_witness=("journal", "log"))


def test_what_others_wrote_on_spans_of_their_own_provider_stays_out_of_the_record(tmp_path, ram):
    """They keep what they wrote; our journal and our record do not have it."""
    samples = samples_for("their spans")
    sink = RememberingSink()
    with start_recording([sink, ParquetSink(tmp_path)], journal=ram) as recording:
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(recording.span_processor())
        with ExecutionTracker(provider).execution("dada") as run, run.stage(2) as stage:
            for sample in samples.values():
                PLACES["attributes, events, links and name of a span"](run, stage, sample.text)
            span = stage.span
        assert recording.flush(timeout=60)
        journal = everything_below(ram)
    assert span.attributes["note"]
    assert found_in(everything_below(tmp_path) + journal, samples) == []


def careless_spans(samples):
    """The spans of a run as a program in another language may send them: nobody took a secret out."""
    kept = KeepSpans()
    provider = TracerProvider(span_limits=SpanLimits(*[SpanLimits.UNSET] * 8), shutdown_on_exit=False)
    provider.add_span_processor(kept)
    root = provider.get_tracer("otel_tracking").start_span("execution")
    for number, sample in enumerate(samples.values(), start=1):
        item = {"sequence_number": number, "timestamp_ns": 10**18 + number, "item_type": "user_input_text"}
        said = {"content": f"{WITNESS} {sample.text}", "metadata": {"deep": [sample.text], "api_key": sample.core}}
        root.add_event("user_input_text", {names.PAYLOAD: canonical.dumps({**item, "media_type": "text", **said})})
        root.add_event("engine", {names.PAYLOAD: canonical.dumps({"fact": "engine", "value": {"said": sample.text}})})
        root.add_event("another", {"note": sample.text, "api_key": sample.core})
        root.add_link(CONTEXT, {"note": sample.text})
        root.set_attribute(f"note.{number}", sample.text)
    root.set_status(StatusCode.ERROR, " ".join(sample.text for sample in samples.values()))
    root.set_attributes({names.SPAN_COUNT: 1, names.ITEM_COUNT: len(samples)})
    root.end()
    return kept.spans


@pytest.mark.parametrize("kind", ["application/x-protobuf", "application/json"])
def test_a_secret_that_another_process_sends_is_in_no_spool_and_no_record(kind, tmp_path, logs):
    samples = samples_for(f"sent as {kind}")
    spans = careless_spans(samples)
    body = body_of(spans) if "protobuf" in kind else json.dumps(otlp_json(spans)).encode()
    data, spool = tmp_path / "data", tmp_path / "spool"
    sink = RememberingSink()
    with collecting([ParquetSink(data), sink], spool) as collector, receiving(collector) as address:
        assert post(address, body, kind).status_code == requests.codes.ok
        in_spool = everything_below(spool)
    [record] = sink.latest().values()
    left = {"data directory": everything_below(data), "record": joined([canonical.dumps(record.to_dict())])}
    assert found_in(in_spool + logs(), samples) == []
    assert_nowhere(left, samples, without_witness=())


def test_a_secret_in_a_record_that_is_imported_is_nowhere(tmp_path, logs):
    samples = samples_for("imported")
    items = [
        {
            "sequence_number": number,
            "timestamp": "2025-11-03T22:41:53",
            "item_type": "user_input_text",
            "media_type": "text",
            "content": f"{WITNESS} {sample.text}",
            "metadata": {"headers": {"Authorization": sample.core}, "note": sample.text},
        }
        for number, sample in enumerate(samples.values(), start=1)
    ]
    old = {"execution_id": "exec_20251103_224153_608540d5", "config_name": "dada", "timestamp": "2025-11-03T22:41:53"}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({**old, "items": items, "invented": samples["npm"].text}), "utf-8")
    data = tmp_path / "data"
    assert call("import", path, data=data).exit_code == 0
    again = call("import", path, data=data)
    assert "1 stored already" in again.stdout
    shown = call("show", old["execution_id"], data=data).stdout
    assert_nowhere({"data directory": everything_below(data), "shown": joined([shown]), "log": logs()}, samples)


def test_a_secret_that_an_earlier_server_logs_is_nowhere(tmp_path, logs):
    samples = samples_for("era A")
    era_a.start(Settings(data_dir=tmp_path, journal=False))
    try:
        for sample in samples.values():
            log_as_earlier(f"{WITNESS} {sample.text}")
    finally:
        era_a.stop()
    assert_nowhere({"data directory": everything_below(tmp_path), "log": logs()}, samples)


def test_a_secret_that_a_child_types_is_on_no_page(tmp_path, logs):
    """The prompt of a request over HTTP: the answer, the run's page and its messages, the list, every document."""
    samples = samples_for("a prompt")
    prompt = " and ".join([WITNESS, *(sample.text for name, sample in samples.items() if "PEM" not in name)])
    with devserver_in(tmp_path / "data") as devserver, client_of(devserver) as client:
        answer = execute(client, input_text=prompt)
        assert answer.status_code == 200, answer.text
        execution_id = answer.json["execution_id"]
        assert devserver.recording.flush(timeout=60)
        pages = [answer.text]
        for path in ("/", "/runs", f"/runs/{execution_id}", f"/api/executions/{execution_id}", "/api/executions"):
            page = client.get(path)
            assert page.status_code in (200, 404), path
            pages.append(page.text)
    left = {"data directory": everything_below(tmp_path), "log": logs(), "pages": joined(pages[1:])}
    assert_nowhere(left, {name: sample for name, sample in samples.items() if "PEM" not in name})
