"""Records wait in files and are sent until they are taken, whatever the gateway does meanwhile."""

import os
import threading

import pytest
from gateway import a_gateway, partly
from looking_again import a_moment
from outbox_stage import NOWHERE, arrived, some_records, text_of, traces_of
from ports import a_kept_port

from collectors import start_recording
from collectors.outbox import Outbox, states_of
from collectors.outbox import outbox as outbox_module
from collectors.outbox.boxes import folders_of, open_box
from collectors.outbox.line import ANYBODY
from collectors.outbox.posting import Reception, ServerAnswer, answer_of
from collectors.outbox.refused import bodies_in, refused_in
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.spool import SpoolFull, segments_in
from collectors.testing import RememberingSink
from otel_tracking import ItemType


def test_what_arrives_is_the_record(tmp_path):
    """With the token, packed, to the path of traces; and no file stays."""
    records = some_records(5, user_id="Ada")
    with a_gateway() as gateway:
        outbox = Outbox(tmp_path, gateway.endpoint, token="a-token-of-sixteen")
        outbox.write_all(records)
        assert outbox.settle(60)
        outbox.close()
    found = arrived(gateway.bodies)
    assert {record.trace_id: text_of(record) for record in records} == {k: text_of(v) for k, v in found.items()}
    [asked] = gateway.asked
    assert (asked["path"], asked["Authorization"]) == ("/v1/traces", "Bearer a-token-of-sixteen")
    assert segments_in(tmp_path / "0") == []


def test_a_gateway_that_comes_back_gets_everything(tmp_path):
    records = some_records(20)
    with a_kept_port() as port:
        outbox = Outbox(tmp_path, f"http://127.0.0.1:{port}/v1/traces")
        for record in records[:10]:
            outbox.write(record)
        while not outbox.health()["attempts_failed"]:
            a_moment()
        assert not outbox.settle(0)
        with a_gateway(port=port) as gateway:
            assert outbox.settle(60)
        for record in records[10:]:
            outbox.write(record)
        with a_gateway(port=port) as again:
            assert outbox.settle(60)
        outbox.close()
    assert set(arrived(gateway.bodies + again.bodies)) == traces_of(records)
    assert outbox.health()["trouble"] is None


@pytest.mark.parametrize("status", [301, 307, 401, 403, 404, 408, 429, 500, 501, 502, 503, 507])
def test_what_may_change_is_tried_again(tmp_path, status):
    """A token that is mended too; and no redirect is followed: it would hand the records to somebody else."""
    with a_gateway() as elsewhere, a_gateway((status, {"Location": elsewhere.endpoint}, b"")) as gateway:
        outbox = Outbox(tmp_path, gateway.endpoint)
        outbox.write_all(some_records(2))
        assert outbox.settle(60)
        outbox.close()
    assert len(gateway.asked) == 2
    assert len(arrived(gateway.bodies)) == 2
    assert elsewhere.asked == []
    assert outbox.counts["refused"] == 0


@pytest.mark.parametrize("reply", [(400, {}, b"what is this"), (413, {}, b""), partly(1)])
def test_what_is_refused_is_kept_and_holds_up_nobody(tmp_path, reply):
    records = some_records(3)
    with a_gateway(reply) as gateway:
        outbox = Outbox(tmp_path, gateway.endpoint)
        for record in records:
            outbox.write(record)
        assert outbox.settle(60)
        outbox.close()
    assert outbox.counts["refused"] == 1
    [kept] = refused_in(tmp_path)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert set(arrived([*bodies_in(kept), *gateway.bodies])) == traces_of(records)


def test_refused_requests_of_many_starts_are_all_kept(tmp_path):
    for _ in range(3):
        with a_gateway((400, {}, b""), (400, {}, b"")) as gateway:
            outbox = Outbox(tmp_path, gateway.endpoint)
            for record in some_records(2):
                outbox.write(record)
            assert outbox.settle(60)
            outbox.close()
    assert len(refused_in(tmp_path)) == 6


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("9" * 400, 3600),
        ("soon", None),
        ("", None),
        ("²", None),
        ("-1", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_a_server_says_how_long_it_wants_to_be_left_alone(text, seconds):
    assert answer_of(429, retry_after=text) == ServerAnswer(Reception.LATER, "HTTP 429", seconds)


def test_retry_after_is_heeded(tmp_path):
    asked, was_asked = [], threading.Event()

    def post(body):
        asked.append(body)
        was_asked.set()
        return ServerAnswer(Reception.LATER, "HTTP 429", 3600.0)

    outbox = Outbox(tmp_path, NOWHERE, post=post)
    outbox.write_all(some_records(1))
    assert was_asked.wait(60)
    assert not outbox.settle(0.5)
    outbox.close()
    assert len(asked) == 1


def test_what_waits_without_limit_of_size_waits_in_its_journal(tmp_path):
    """The sink raises: its lane keeps the record; nothing that waits goes."""
    records = some_records(40, text="x" * 2_000)
    outbox = Outbox(tmp_path, NOWHERE, most_bytes=40_000)
    kept = []
    with pytest.raises(SpoolFull):
        for record in records:
            outbox.write(record)
            kept.append(record)
    outbox.close()
    assert 0 < len(kept) < 40
    with a_gateway() as gateway:
        after = Outbox(tmp_path, gateway.endpoint)
        assert after.settle(60)
        after.close()
    assert set(arrived(gateway.bodies)) == traces_of(kept)


def test_or_the_oldest_goes_and_is_counted(tmp_path):
    records = some_records(40, text="x" * 2_000)
    outbox = Outbox(tmp_path, NOWHERE, most_bytes=40_000, when_full="drop_oldest")
    for record in records:
        outbox.write(record)
        assert outbox.health()["bytes"] <= 50_000
    health = outbox.health()
    outbox.close()
    with a_gateway() as gateway:
        after = Outbox(tmp_path, gateway.endpoint)
        assert after.settle(60)
        after.close()
    found = set(arrived(gateway.bodies))
    assert records[-1].trace_id in found
    assert health["waiting"] + health["dropped"] == 40
    assert 3 < health["waiting"] <= len(found)  # a file goes as a whole


def test_a_record_that_is_larger_than_the_outbox_is_kept_aside(tmp_path):
    with a_gateway() as gateway:
        outbox = Outbox(tmp_path, gateway.endpoint, most_bytes=50_000)
        large, small = some_records(1, text="x" * 60_000) + some_records(1)
        outbox.write_all([large, small])
        assert outbox.settle(60)
        outbox.close()
    assert set(arrived(gateway.bodies)) == {small.trace_id}
    [path] = refused_in(tmp_path)
    assert set(arrived(list(bodies_in(path)))) == {large.trace_id}


def test_a_large_run_travels_in_parts_with_its_root_last(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox_module, "LARGEST_REQUEST", 3_000)
    monkeypatch.setattr(outbox_module, "SHARED_REQUEST", 3_000)
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        with recording.tracker().execution("dada") as run:
            for number in range(8):
                with run.output(number + 1) as output, output.stage(4) as stage:
                    stage.item(ItemType.OUTPUT_IMAGE, media=b"no picture", metadata={"note": "x" * 400})
        assert recording.flush(60)
    [record] = sink.latest().values()
    with a_gateway() as gateway:
        outbox = Outbox(tmp_path, gateway.endpoint)
        outbox.write(record)
        assert outbox.settle(60)
        outbox.close()
    assert len(gateway.bodies) > 1
    assert max(map(len, gateway.bodies)) <= 3_000
    assert text_of(arrived(gateway.bodies)[record.trace_id]) == text_of(record)
    root = next(span.span_id for span in record.spans if not span.parent_span_id)
    assert bytes.fromhex(root) in gateway.bodies[-1]


def test_a_damaged_entry_ends_nobody(tmp_path):
    """It is counted; the sender goes on with what comes behind it."""
    records = some_records(3)
    outbox = Outbox(tmp_path, NOWHERE)
    for record in records:
        outbox.write(record)
    outbox.close()
    [segment] = segments_in(tmp_path / "0")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)
    with a_gateway() as gateway:
        after = Outbox(tmp_path, gateway.endpoint)
        assert after.settle(60)
        after.close()
    assert set(arrived(gateway.bodies)) == {records[0].trace_id, records[2].trace_id}
    assert after.counts["damaged"] == 1


def test_a_sender_lives_on_when_nobody_can_say_what_was_erased(tmp_path):
    """Nothing is sent until somebody can."""
    troubles = iter([OSError("the tombstones cannot be read")] * 3)

    def is_erased(execution_id, trace_id):
        if execution_id is None and (trouble := next(troubles, None)):
            raise trouble
        return False

    with a_gateway() as gateway:
        outbox = Outbox(tmp_path, gateway.endpoint, is_erased=is_erased)
        outbox.write_all(some_records(2))
        assert outbox.settle(60)
        outbox.close()
    assert len(arrived(gateway.bodies)) == 2
    assert outbox.counts["troubles"] == 3


def test_what_dead_processes_have_left_is_sent_by_the_next(tmp_path):
    """Theirs of several folders; that of one at work is left to it."""
    records = some_records(4)
    first, second, third = (Outbox(tmp_path, NOWHERE) for _ in range(3))
    for outbox, record in zip((first, second, third), records, strict=False):
        outbox.write(record)
    first.close()
    second.close()
    with a_gateway() as gateway:
        after = Outbox(tmp_path, gateway.endpoint)
        after.write(records[3])
        assert gateway.wait(lambda: len(arrived(gateway.bodies)) == 3)
        assert after.settle(60)
        after.close()
    assert set(arrived(gateway.bodies)) == traces_of([records[0], records[1], records[3]])
    assert [state.requests for state in states_of(tmp_path)] == [0, 0, 1, 0]
    assert [state.process for state in states_of(tmp_path)] == [None, None, os.getpid(), None]
    third.close()


def test_a_closed_outbox_touches_no_file_that_another_process_has_now(tmp_path):
    """Its last answer may come when the folder is somebody else's."""
    answered, may_answer = threading.Event(), threading.Event()

    def post(body):
        answered.set()
        may_answer.wait(60)
        return ServerAnswer(Reception.TAKEN)

    outbox = Outbox(tmp_path, NOWHERE, post=post)
    outbox.write_all(some_records(1))
    assert answered.wait(60)
    outbox.close(timeout=0)
    box = open_box(tmp_path)
    assert box.directory == tmp_path / "0"
    before = segments_in(box.directory)
    may_answer.set()
    outbox._sender._thread.join(60)
    assert segments_in(box.directory) == before != []
    box.close()


def test_erased_runs_are_neither_kept_nor_sent_nor_left_in_a_file(tmp_path):
    """Also those that were erased while they waited for a gateway that is away."""
    wanted, other = some_records(1, text="Blume")[0], some_records(1, text="Annabell-Zwirnbart")[0]
    late = some_records(1, text="Annabell-Zwirnbart")[0]
    erased = set()
    with a_kept_port() as port:
        outbox = Outbox(tmp_path, f"http://127.0.0.1:{port}/v1/traces", is_erased=lambda _, trace: trace in erased)
        outbox.write_all([wanted, other])
        erased |= {other.trace_id, late.trace_id}
        outbox.write(late)
        assert outbox.refused == 1
        assert outbox._sender.line.settle(0) is False
        while outbox.counts["erased"] == 0:
            outbox._sender.line.pause(0.01)
        assert [path for path in tmp_path.rglob("*.otlp") if b"Annabell" in path.read_bytes()] == []
        with a_gateway(port=port) as gateway:
            assert outbox.settle(60)
            outbox.close()
    assert set(arrived(gateway.bodies)) == {wanted.trace_id}


def test_a_forked_child_leaves_the_files_to_its_parent(tmp_path):
    """And its parent's folder is free when the parent is gone, though the child lives."""
    outbox = Outbox(tmp_path, NOWHERE)
    told, tell = os.pipe()
    ended, end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(end)
        os.write(tell, b"x")  # what is to be done in a forked child is done by now
        os.read(ended, 1)
        os._exit(0)
    os.read(told, 1)
    outbox.close()
    box = open_box(tmp_path)
    assert box.directory == tmp_path / "0"
    box.close()
    for one in (told, tell, ended, end):
        os.close(one)
    assert os.waitpid(child, 0)[1] == 0


def test_a_short_program_is_not_held_up_by_a_dead_gateway(tmp_path, monkeypatch):
    """One that does not even refuse: the end waits for its first answer as long as it says, and no longer."""
    from collectors.outbox import sending

    waited = []
    outbox = Outbox(tmp_path, NOWHERE, post=lambda body: ServerAnswer(Reception.LATER, "ConnectTimeout"))
    outbox.write_all(some_records(1))
    monkeypatch.setattr(outbox._sender._thread, "join", waited.append)
    outbox.close(timeout=5.0)
    assert waited == [sending.FIRST_ANSWER]


def test_a_folder_that_two_fill_is_two_folders(tmp_path):
    one, two = open_box(tmp_path), open_box(tmp_path)
    one.append(PROTOBUF, b"x", [ANYBODY])
    assert [path.name for path in folders_of(tmp_path)] == ["0", "1"]
    one.close()
    two.close()
