"""What arrives is what was stored, to the letter of its canonical JSON: every odd value, in every place."""

from dataclasses import replace

import pytest
from builders import log_everywhere
from gateway import a_gateway
from hypothesis import given, settings
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from outbox_stage import NOWHERE, arrived, text_of
from strategies import any_value

from collectors import start_recording
from collectors.outbox import Outbox, Reception, ServerAnswer
from collectors.testing import RememberingSink
from otel_tracking import ItemType
from otel_tracking.errors import RecordingError

MAKERS = {**KEPT, **ENUMS, **{name: make for name, (make, _) in PLAINED.items()}, **LOSSY}


def sent_and_stored(tmp_path, log):
    """What a gateway's collector makes of what was sent, and the sender's record."""
    sink = RememberingSink()
    with a_gateway() as gateway:
        with start_recording(
            [sink], journal=False, research_endpoint=gateway.endpoint, outbox=tmp_path / "outbox"
        ) as recording:
            with recording.tracker().execution("dada", safety_level="kids", user_id="Ada") as run:
                log(run)
            assert recording.flush(timeout=60)
            assert recording._outbox.settle(60)
            health = recording.health()["outbox"]
        assert (health["waiting"], health["refused"], health["trouble"]) == (0, 0, None)
        assert health["sent"] == health["requests"] > 0
    [stored] = sink.latest().values()
    return arrived(gateway.bodies)[stored.trace_id], stored


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "shares itself exponentially"])
def test_every_odd_value_arrives_as_it_was_stored(tmp_path, name):
    sent, stored = sent_and_stored(tmp_path, log_everywhere(MAKERS[name]()))
    assert text_of(sent) == text_of(stored)


@settings(max_examples=40)
@given(value=any_value)
def test_so_does_any_value(tmp_path_factory, value):
    bodies, sink = [], RememberingSink()

    def post(body):
        bodies.append(body)
        return ServerAnswer(Reception.TAKEN)

    with start_recording([sink], journal=False) as recording:
        with recording.tracker().execution("dada") as run:
            log_everywhere(value)(run)
        assert recording.flush(timeout=60)
    outbox = Outbox(tmp_path_factory.mktemp("outbox"), NOWHERE, post=post)
    [stored] = sink.latest().values()
    outbox.write(stored)
    assert outbox.settle(60)
    outbox.close()
    assert text_of(arrived(bodies)[stored.trace_id]) == text_of(stored)


def test_media_stay_at_home(tmp_path):
    """They are described, by their hash; not a byte of them travels."""
    picture = b"not really a picture, but nobody's business" * 10

    def log(run):
        with run.output(1) as output, output.stage(4) as stage:
            stage.item(ItemType.OUTPUT_IMAGE, media=picture)

    sent, stored = sent_and_stored(tmp_path, log)
    assert text_of(sent) == text_of(replace(stored, attachments={}))
    assert (
        [item.media for item in sent.items if item.media] == [item.media for item in stored.items if item.media] != []
    )


def test_a_record_that_was_interrupted_says_so_there_too(tmp_path):
    """What only its sender knew of how it ended comes along."""
    sink = RememberingSink()
    with a_gateway() as gateway:
        recording = start_recording(
            [sink], journal=False, research_endpoint=gateway.endpoint, outbox=tmp_path / "outbox"
        )
        run = recording.tracker().execution("dada")
        run.__enter__()
        recording.close()
    [stored] = sink.latest().values()
    assert arrived(gateway.bodies)[stored.trace_id].status == stored.status


@pytest.mark.parametrize(
    ("endpoint", "says"),
    [
        ("http://gateway.example:4318", "https:// would work"),
        ("http://10.0.0.7:4318", "https:// would work"),
        ("gateway:4318", "would work"),
        ("", "would work"),
        ("ftp://gateway", "would work"),
        ("ftp://me:secret@gateway", "would work"),
    ],
)
def test_where_records_may_not_go_is_said_in_one_sentence(tmp_path, endpoint, says):
    with pytest.raises(RecordingError, match=says) as caught:
        start_recording(research_endpoint=endpoint, outbox=tmp_path, journal=False)
    assert "secret" not in str(caught.value)


def test_without_a_place_for_what_waits_nothing_starts(tmp_path):
    with pytest.raises(RecordingError, match="outbox="):
        start_recording(research_endpoint="https://gateway.example", journal=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingError, match="no outbox can be had"):
        start_recording(research_endpoint="https://gateway.example", outbox=tmp_path / "file", journal=False)
    with pytest.raises(RecordingError, match="wait or drop_oldest"):
        start_recording(research_endpoint="https://g.example", outbox=tmp_path, outbox_when_full="x", journal=False)


def test_no_switch_of_opentelemetry_turns_research_off(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    sent, stored = sent_and_stored(tmp_path, lambda run: None)
    assert text_of(sent) == text_of(stored)
