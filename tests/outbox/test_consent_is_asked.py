"""Of a study that asks for consent only runs leave the machine that have it, now or when it comes."""

import datetime as dt
import threading
from dataclasses import replace
from functools import partial

import pytest
from gateway import a_gateway
from outbox_stage import NOWHERE, arrived, traces_of
from study_stage import keys_in

from collectors import start_recording
from collectors.building.spans_of_record import spans_of_record
from collectors.outbox import (
    MediaStore,
    Outbox,
    Reception,
    ServerAnswer,
    asking,
    http_post,
    open_media_store,
    open_outbox,
    states_of,
    why_stays,
)
from collectors.outbox import outbox as outbox_module
from collectors.outbox.boxes import open_box
from collectors.outbox.consented import Consented
from collectors.outbox.line import ANYBODY, InLine, WaitingLine
from collectors.outbox.refused import keep_refused
from collectors.outbox.retrying import retry
from collectors.outbox.staying import Stays, let_go_of_staying
from collectors.receiving.entries import PROTOBUF
from collectors.spans.to_otlp import request_of
from devserver.errors import SettingsError
from devserver.settings import Settings
from devserver.wiring import make_sinks
from exporters import ParquetSink, read_records
from exporters.privacy.consent import Consents
from exporters.privacy.consent_lists import Consent, ConsentState
from exporters.privacy.standing_gate import StandingGate
from exporters.privacy.studies import change_study, new_study
from otel_tracking import ItemType
from otel_tracking.errors import RecordingError

TEXT = "what a child wrote"


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    return keys_in(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def garden(data):
    return new_study(data, "garden")


@pytest.fixture
def says(data, garden):
    """A call notes what a person says from that moment on."""

    def say(person, state):
        now = dt.datetime.now(dt.UTC).isoformat()
        Consents(data, garden).note([(person, Consent(state=ConsentState(state), by="person", date=now))])

    return say


def record_runs(data, *whose, sinks=None, until=lambda: True, **options):
    """A run of each of these people: those of a study, or of none; the recording ends when something is so."""
    with start_recording(sinks or [ParquetSink(data)], journal=False, **options) as recording:
        for fields in whose:
            run = recording.tracker().execution("dada", **fields)
            with run, run.output(1) as output, output.stage(4) as stage:
                stage.item(ItemType.OUTPUT_IMAGE, media=b"picture", content=TEXT)
        assert recording.flush(timeout=60)
        assert until()


def of_garden(person):
    return {"study_id": "garden", "user_id": person}


def people(bodies):
    return sorted(str(record.user_id) for record in arrived(bodies).values())


def sent_by(data, *whose, **options):
    """Who arrives, and how the outbox is then, where runs of these people are recorded."""
    sink = ParquetSink(data)
    with a_gateway() as gateway:
        outbox = open_outbox([sink], gateway.endpoint, data / "outbox", **options)
        record_runs(data, *whose, sinks=[sink, outbox])
        assert outbox.settle(60)
        outbox.close()
    return people(gateway.bodies), outbox.health()


def test_only_those_leave_whose_people_said_yes(data, says):
    says("anna", "given")
    says("carla", "given")
    says("carla", "withdrawn")
    people_sent, health = sent_by(
        data, *map(of_garden, ("anna", "berta", "carla")), {"user_id": "dora"}, {"user_id": "emil", "study_id": "other"}
    )
    assert people_sent == ["anna", "dora", "emil"]
    assert (health["withheld"], health["waiting"], health["trouble"]) == (2, 0, None)
    assert len(list(read_records(data))) == 5, "all are kept here"


def test_all_leave_where_the_operator_says_so_and_where_the_study_does_not_ask(data, says):
    assert sent_by(data, of_garden("berta"), runs="all")[0] == ["berta"]
    change_study(data, "garden", consent_required=False)
    assert sent_by(data, of_garden("berta"))[0] == ["berta"]


@pytest.mark.parametrize(("runs", "expected"), [({}, []), ({"research_runs": "all"}, ["berta"])])
def test_a_recording_asks_unless_it_is_told_otherwise(data, garden, runs, expected):
    with a_gateway() as gateway:
        told = {"research_endpoint": gateway.endpoint, "outbox": data / "outbox", **runs}
        has_arrived = partial(gateway.wait, lambda: len(gateway.bodies) == len(expected))
        record_runs(data, of_garden("berta"), until=has_arrived, **told)
    assert people(gateway.bodies) == expected


def test_without_the_key_nothing_of_the_study_leaves(data, says, keys, caplog):
    says("anna", "given")
    next(path for path in keys.rglob("garden*") if path.is_file()).unlink()
    assert sent_by(data, of_garden("anna"), {"user_id": "dora"})[0] == ["dora"]
    assert "no consent, or it cannot be read" in caplog.text
    assert "anna" not in caplog.text


def test_what_is_withheld_is_never_in_the_outbox(data, garden):
    outbox = open_outbox([ParquetSink(data)], NOWHERE, data / "outbox")
    record_runs(data, of_garden("berta"))
    outbox.write_all(list(read_records(data)))
    outbox.close(0)
    assert not any(TEXT.encode() in path.read_bytes() for path in (data / "outbox").rglob("*") if path.is_file())


class HeldPost:
    """Is away when it is asked first, and says so when it may; from then on it takes everything."""

    def __init__(self):
        self.was_asked, self.may_answer = threading.Event(), threading.Event()
        self.bodies = []

    def __call__(self, body):
        if not self.may_answer.is_set():
            self.was_asked.set()
            assert self.may_answer.wait(60)
            return ServerAnswer(Reception.LATER, "away")
        self.bodies.append(body)
        return ServerAnswer(Reception.TAKEN)


def sent_after(data, meanwhile):
    """Who arrives of what is stored, and the outbox, where something happens after the first attempt."""
    post = HeldPost()
    outbox = Outbox(data / "outbox", NOWHERE, consented=asking([ParquetSink(data)], "consented"), post=post)
    outbox.write_all(list(read_records(data)))
    assert post.was_asked.wait(60)
    meanwhile(outbox)
    post.may_answer.set()
    assert outbox.settle(60)
    outbox.close()
    return people(post.bodies), outbox.health()


def test_who_withdraws_while_it_waits_is_not_sent(data, says):
    says("anna", "given")
    says("berta", "given")
    record_runs(data, *map(of_garden, ("anna", "berta")))
    who, health = sent_after(data, lambda outbox: says("berta", "withdrawn"))
    assert (who, health["withheld"]) == (["anna"], 1)


def test_who_withdraws_while_no_process_lives_is_not_sent_by_the_next_one(data, says):
    says("anna", "given")
    says("berta", "given")
    record_runs(data, *map(of_garden, ("anna", "berta")))
    outbox = open_outbox([ParquetSink(data)], NOWHERE, data / "outbox")
    outbox.write_all(list(read_records(data)))
    outbox.close(0)
    says("berta", "withdrawn")
    with a_gateway() as gateway:
        after = open_outbox([ParquetSink(data)], gateway.endpoint, data / "outbox")
        assert after.settle(60)
        after.close()
    assert people(gateway.bodies) == ["anna"]
    assert states_of(data / "outbox") == [] or not any(state.requests for state in states_of(data / "outbox"))


def test_a_large_run_whose_people_withdraw_sends_none_of_its_requests(data, says, monkeypatch):
    """Also those that do not hold its root, which says whose it is."""
    monkeypatch.setattr(outbox_module, "LARGEST_REQUEST", 500)
    monkeypatch.setattr(outbox_module, "SHARED_REQUEST", 500)
    says("anna", "given")
    record_runs(data, of_garden("anna"))
    outbox = open_outbox([ParquetSink(data)], NOWHERE, data / "outbox")
    outbox.write_all(list(read_records(data)))
    assert outbox.health()["waiting"] > 1
    outbox.close(0)
    says("anna", "withdrawn")
    with a_gateway() as gateway:
        after = open_outbox([ParquetSink(data)], gateway.endpoint, data / "outbox")
        assert after.settle(60)
        after.close()
    assert gateway.bodies == []


@pytest.mark.parametrize("is_refused", [False, True])
def test_a_retry_asks_too(data, says, is_refused):
    says("anna", "given")
    says("berta", "given")
    record_runs(data, *map(of_garden, ("anna", "berta")))
    if is_refused:
        spans = [span for record in read_records(data) for span in spans_of_record(record)]
        keep_refused(data / "outbox", request_of(spans, {}), 2**20)
    else:
        outbox = Outbox(data / "outbox", NOWHERE)
        outbox.write_all(list(read_records(data)))
        outbox.close(0)
    says("anna", "withdrawn")
    sink = ParquetSink(data)
    with a_gateway() as gateway:
        stays = asking([sink], "consented")
        done = retry(data / "outbox", http_post(gateway.endpoint, None), lambda t: why_stays(sink.is_erased, stays, t))
    assert (done.sent, people(gateway.bodies)) == (1, ["berta"])


def test_media_stay_here_too(data, says, tmp_path):
    says("anna", "given")
    settings = Settings(data_dir=data, media_store=str(tmp_path / "store"))
    record_runs(data, of_garden("berta"), sinks=make_sinks(settings))
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []
    record_runs(data, of_garden("anna"), sinks=make_sinks(settings))
    assert [path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file()] == [b"picture"]


class PlaceThatIsAway:
    """Takes nothing."""

    def put_if_absent(self, path, content):
        raise OSError("away")


def test_media_of_who_withdraws_while_they_wait_stay_here(data, says, tmp_path):
    says("anna", "given")
    sinks = [ParquetSink(data)]
    directory = data / "outbox" / "media"
    store = MediaStore(directory, PlaceThatIsAway(), is_erased=sinks[0].is_erased, consented=asking(sinks, "consented"))
    record_runs(data, of_garden("anna"), sinks=[*sinks, store])
    says("anna", "withdrawn")
    assert len(list(directory.iterdir())) == 1
    after = open_media_store(sinks, str(tmp_path / "store"), data / "outbox")
    assert after.settle(60)
    after.close()
    assert after.health()["withheld"] == 1
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_what_cannot_be_said_is_refused():
    with pytest.raises(RecordingError, match="consented or all would work"):
        start_recording(journal=False, research_endpoint=NOWHERE, outbox="nowhere", research_runs="some")
    with pytest.raises(SettingsError, match="DEVSERVER_RESEARCH_RUNS is 'some'"):
        Settings.from_environment(environment={"DEVSERVER_RESEARCH_RUNS": "some"})
    assert Settings.from_environment(environment={"DEVSERVER_RESEARCH_RUNS": " all "}).research_runs == "all"
    assert Settings.from_environment(environment={}).research_runs == "consented"


def test_where_no_study_asks_nobody_looks_for_whose_a_run_is(data):
    """A server that comes back with thousands of requests has none of them looked up."""
    new_study(data, "open", consent_required=False)
    record_runs(data, {"study_id": "open", "user_id": "anna"}, {"study_id": "open", "user_id": "berta"})
    traces = [record.trace_id for record in read_records(data)]
    sink = ParquetSink(data)
    assert sink.whose(traces) == []
    new_study(data, "garden")
    assert {row.trace_id for row in sink.whose([*traces, "0" * 32])} == set(traces)
    assert sink.whose(["0" * 32]) == []


def test_a_later_revision_that_may_not_leave_holds_back_the_one_that_waits(data, says):
    """Of a person who said yes at first; in the end it was somebody else's run."""
    says("anna", "given")
    record_runs(data, of_garden("anna"))
    [record] = read_records(data)
    later = replace(record, user_id="berta", revision=2)
    assert sent_after(data, lambda outbox: outbox.write(later))[0] == []


def test_what_waits_behind_a_damaged_request_is_let_go_of_all_the_same(data, says):
    for person in ("anna", "berta"):
        says(person, "given")
    record_runs(data, *map(of_garden, ("anna", "berta")))
    by_person = {record.user_id: record for record in read_records(data)}
    anna, berta = list(by_person.values())
    box, line = open_box(data / "outbox"), WaitingLine()
    for record in (anna, berta):
        place = box.append(PROTOBUF, request_of(spans_of_record(record), {}), [ANYBODY])
        line.put(InLine(box, place, frozenset({int(record.trace_id, 16)}), 0.0))
    damage(next((data / "outbox").rglob("*.otlp")), anna)
    counts = let_go_of_staying(line, lambda trace: Stays.WITHHELD if trace == berta.trace_id else None)
    assert counts == {"withheld": 1, "damaged": 1}
    assert len(line) == 0
    box.tidy()
    assert not any(berta.trace_id.encode() in path.read_bytes() for path in (data / "outbox").rglob("*.otlp"))
    box.close()


def damage(path, record):
    """Change a byte of what waits of a record."""
    content = bytearray(path.read_bytes())
    content[content.index(bytes.fromhex(record.trace_id))] ^= 1
    path.write_bytes(content)


class TestWhoseRunsWait:
    def test_is_forgotten_when_they_have_left(self, data, says):
        asked = []
        consented = Consented(lambda run: True, lambda traces: asked.append(traces))
        record_runs(data, of_garden("anna"), {"user_id": "dora"})
        records = list(read_records(data))
        assert all(consented.takes(record) for record in records)
        for trace in traces_of(records):
            assert not consented.holds_back(trace)
        assert asked == [], "it was remembered"
        consented.gone(traces_of(records))
        assert consented._waiting == {}

    @pytest.mark.parametrize("options", [{}, {"most_bytes": 8_000, "when_full": "drop_oldest"}])
    def test_is_forgotten_of_all_that_do_not_wait(self, data, says, options):
        """Sent, dropped, or too large to be kept."""
        says("anna", "given")
        record_runs(data, *map(of_garden, ["anna"] * 20))
        consented = Consented(lambda run: True, lambda traces: [])
        outbox = Outbox(data / "outbox", NOWHERE, consented=consented, **options)
        for record in read_records(data):
            outbox.write(record)
        assert len(consented._waiting) == outbox.health()["waiting"] > 0
        outbox.close(0)

    def test_is_remembered_until_the_last_of_its_requests_has_left(self, data, says):
        consented = Consented(lambda run: True, lambda traces: [])
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        trace, box = int(record.trace_id, 16), open_box(data / "outbox")
        line = WaitingLine(lambda traces: consented.gone(f"{trace:032x}" for trace in traces))
        consented.takes(record)
        requests = [InLine(box, box.append(PROTOBUF, b"a part", [ANYBODY]), frozenset({trace}), 0.0) for _ in range(2)]
        for one in requests:
            line.put(one)
        found = []
        for one in requests:
            found.append(record.trace_id in consented._waiting)
            line.done(one)
        assert (found, consented._waiting) == ([True, True], {})
        box.close()

    def test_is_looked_for_where_nobody_remembers(self, data, says):
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        consented = Consented(lambda run: run.user_id != "anna", lambda traces: [record])
        assert consented.holds_back(record.trace_id)
        assert not Consented(lambda run: False, lambda traces: []).holds_back("0" * 32), "it goes as it was decided"

    def test_is_looked_for_at_once_for_all_that_a_process_has_left(self, data, says):
        for person in ("anna", "berta", "carla"):
            says(person, "given")
        record_runs(data, *map(of_garden, ("anna", "berta", "carla")))
        outbox = Outbox(data / "outbox", NOWHERE)
        for record in read_records(data):
            outbox.write(record)
        outbox.close(0)
        says("berta", "withdrawn")
        sink, asked = ParquetSink(data), []

        def stored(traces):
            asked.append(sorted(traces))
            return sink.whose(traces)

        with a_gateway() as gateway:
            after = Outbox(data / "outbox", gateway.endpoint, consented=Consented(sink.lets_out, stored))
            assert after.settle(60)
            after.close()
        assert people(gateway.bodies) == ["anna", "carla"]
        assert [len(traces) for traces in asked] == [3]

    def test_is_looked_for_again_where_it_was_not_stored_yet(self, data, says):
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        stored = []
        consented = Consented(lambda run: False, lambda traces: stored)
        assert not consented.holds_back(record.trace_id)
        stored.append(record)
        assert consented.holds_back(record.trace_id)


class TestTheStandingGate:
    def test_knows_at_the_next_question(self, data, says):
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        gate = StandingGate(data)
        found = [gate.lets_out(record)]
        for state in ("given", "withdrawn", "given"):
            says("anna", state)
            found.append(gate.lets_out(record))
        assert found == [False, True, False, True]

    def test_knows_studies_that_are_made_later(self, data):
        gate = StandingGate(data)
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        assert gate.lets_out(record)
        new_study(data, "garden")
        assert not gate.lets_out(record)

    def test_knows_whether_any_study_asks(self, data):
        gate = StandingGate(data)
        found = [gate.asks]
        for name, required in (("open", False), ("garden", True)):
            new_study(data, name, consent_required=required)
            found.append(gate.asks)
        assert found == [False, False, True]

    def test_is_held_up_by_no_file_that_goes_while_it_looks(self, data, says):
        """Such as half of a study's file that is written anew, or an editor's lock, which is a link to nowhere."""
        says("anna", "given")
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        (data / "privacy" / "studies" / ".#garden.json").symlink_to("anna@nowhere.4711")
        assert StandingGate(data).lets_out(record)

    def test_says_why_nothing_leaves(self, data, says, keys):
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        next(path for path in keys.rglob("garden*") if path.is_file()).unlink()
        gate = StandingGate(data)
        assert gate.troubles == {}
        assert not gate.lets_out(record)
        assert "garden" in gate.troubles

    def test_may_be_asked_by_many(self, data, says):
        says("anna", "given")
        record_runs(data, of_garden("anna"))
        [record] = read_records(data)
        gate, found = StandingGate(data), []
        threads = [threading.Thread(target=lambda: found.append(gate.lets_out(record))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [True] * 8
