"""A hostile or careless sender: what is stored stays what it was, each trace fails alone, and nothing is lost."""

import json

import pytest
from builders import items_of
from looking_again import a_moment
from receiver_stage import body_of, collecting, post, receiving, spans_of_runs, text_of
from strangers_stage import COUNTS, SECOND, item, request_of, span_of
from wire import otlp_json

from collectors.receiving.entries import JSON, PROTOBUF
from collectors.receiving.quarantine import read_asides
from collectors.testing import RememberingSink
from exporters import ParquetSink, list_executions, read_records
from otel_tracking import ItemType, canonical
from otel_tracking import attributes as names
from otel_tracking.run import execution_id_of

NINES = int("9" * 30)


def amendment(**fields):
    return canonical.dumps({"fact": "execution", "value": fields})


def forged_root(run, *, after=0, **more):
    """A new root of a known trace, whose counts are met at once."""
    start = run[-1].start_time + after
    text = item(1, "pipeline_start", metadata={"user_id": "mallory"}, timestamp=start)
    return span_of(run[0].context.trace_id, events=[text], start=start, counts=COUNTS, **more)


def texts_of(data_dir):
    return {record.trace_id: text_of(record) for record in read_records(data_dir)}


def texts(records):
    return {trace_id: text_of(record) for trace_id, record in records.items()}


@pytest.mark.parametrize("after", [0, 20 * SECOND, 10 * 86_400 * SECOND])
@pytest.mark.parametrize("is_restarted", [True, False])
def test_a_stored_run_is_not_replaced_by_a_new_root(tmp_path, is_restarted, after):
    """The trace id is on every student's page; the true text stays, and what was sent is set aside and told."""
    [run], records = spans_of_runs(1)
    sink = ParquetSink(tmp_path / "data")
    with collecting([sink], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run), sender="class-1")
        if not is_restarted:
            answer = collector.accept(JSON, request_of(forged_root(run, after=after)), sender="class-1")
    if is_restarted:
        with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
            answer = collector.accept(JSON, request_of(forged_root(run, after=after)), sender="class-1")

    assert (answer.rejected, "second root" in answer.message) == (1, True)
    assert texts_of(tmp_path / "data") == texts(records)
    [aside] = read_asides(tmp_path / "collect" / "quarantine")
    assert (aside.trace_id, aside.sender) == (f"{run[0].context.trace_id:032x}", "class-1")
    assert collector.health()["set_aside"] == collector.health()["quarantined"] == 1


def late(run, events, *, after=0, **more):
    root = next(span for span in run if span.parent is None)
    return span_of(
        root.context.trace_id,
        0xF2,
        root.context.span_id,
        name="late",
        start=root.end_time - 1000 + after,
        events=events,
        **more,
    )


def item_of(run, number):
    """An item of a span as it was said there, for another span to say it too."""
    return run[number].events[0].attributes[names.PAYLOAD]


@pytest.mark.parametrize("is_restarted", [True, False])
@pytest.mark.parametrize(
    ("spans", "reason"),
    [
        (lambda run: [late(run, [amendment(user_id="mallory")])], "say otherwise"),
        (lambda run: [late(run, [item(2, "interception_iteration", content="mallory")])], "say otherwise"),
        (lambda run: [late(run, [item(1, "pipeline_start", metadata={"user_id": "mallory"})])], "say otherwise"),
        (lambda run: [{**late(run, [item_of(run, 0)]), "name": "iteration"}], "say otherwise"),
        (lambda run: [late(run, [], after=7 * 3600 * SECOND)], "after the end"),
        (lambda run: [{**late(run, [], after=5000), "name": "stage.interception"}], "after the end"),
        (lambda run: [{**late(run, []), "parentSpanId": ""}], "second root"),
        (lambda run: [{**late(run, []), "parentSpanId": "0" * 16}], "second root"),
        (lambda run: [{**late(run, []), "spanId": f"{run[0].context.span_id:016x}"}], "another span"),
    ],
)
def test_late_spans_cannot_turn_around_what_is_stored(tmp_path, is_restarted, spans, reason):
    """Neither user nor texts: what they say otherwise is set aside, with a restart in between or without."""
    [run], records = spans_of_runs(1)
    with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run))
        if not is_restarted:
            answer = collector.accept(JSON, request_of(*spans(run)))
    if is_restarted:
        with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
            answer = collector.accept(JSON, request_of(*spans(run)))

    assert (answer.rejected, reason in answer.message) == (1, True), answer
    assert texts_of(tmp_path / "data") == texts(records)


@pytest.mark.parametrize("is_restarted", [True, False])
def test_nobody_but_its_sender_adds_to_a_run(tmp_path, is_restarted):
    """Who sent a run is known by the name of his token, or else his address, also after a restart."""
    [run], records = spans_of_runs(1)
    addition = request_of(late(run, [item(9, "user_edit", content="more")]))
    directories = tmp_path / "data", tmp_path / "collect"
    with collecting([ParquetSink(directories[0])], directories[1]) as collector:
        collector.accept(PROTOBUF, body_of(run), sender="class-1")
        if not is_restarted:
            assert "another sender" in collector.accept(JSON, addition, sender="class-2").message
    if is_restarted:
        with collecting([ParquetSink(directories[0])], directories[1]) as collector:
            assert "another sender" in collector.accept(JSON, addition, sender="class-2").message
    assert texts_of(directories[0]) == texts(records)

    with collecting([ParquetSink(directories[0])], directories[1]) as collector:
        assert collector.accept(JSON, addition, sender="class-1").rejected == 0
    [record] = read_records(directories[0])
    assert (record.revision, record.user_id) == (2, "u0")
    assert [one.content for one in items_of(record, ItemType.USER_EDIT)] == ["more"]


def test_a_run_under_way_takes_spans_of_one_sender_only(sink, tmp_path):
    """What the second one sends is set aside; the first one's run becomes whole all the same."""
    [run], records = spans_of_runs(1)
    with collecting([sink], tmp_path) as collector:
        collector.accept(PROTOBUF, body_of(run[1:]), sender="10.0.0.1")
        assert collector.accept(JSON, request_of(forged_root(run)), sender="10.0.0.2").rejected == 1
        collector.accept(PROTOBUF, body_of(run[:1]), sender="10.0.0.1")
    assert {trace_id: text_of(record) for trace_id, record in sink.latest().items()} == texts(records)


def test_late_spans_of_a_run_that_was_stored_before_a_restart_join_it(tmp_path):
    """It was written without its root, then the collector was started anew; nothing of the first part is missing."""
    [run], records = spans_of_runs(1)
    sink = ParquetSink(tmp_path / "data")
    with collecting([sink], tmp_path / "collect", max_age=0.0) as collector:
        collector.accept(PROTOBUF, body_of(run[:2]))
        while collector.health()["records"] < 1:
            a_moment()
    [part] = read_records(tmp_path / "data")
    assert (part.revision, str(part.status), len(part.spans)) == (1, "interrupted", 2)
    with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        assert collector.accept(PROTOBUF, body_of(run[1:])).rejected == 0

    [record] = read_records(tmp_path / "data")
    [own] = records.values()
    assert (record.revision, record.dropped, str(record.status)) == (2, 0, "completed")
    assert (record.execution_id, record.items, record.spans) == (own.execution_id, own.items, own.spans)


def test_an_execution_id_that_is_not_its_traces_is_set_aside(tmp_path):
    """One of another trace, one of another day, one of a run with the same first digits: none becomes a record."""
    [run], records = spans_of_runs(1)
    [own] = records.values()
    trace_id, start = run[0].context.trace_id, run[-1].start_time
    twin = trace_id ^ 1
    forged = [
        (0xABCDEF << 100, own.execution_id, start),
        (twin, own.execution_id, start),
        (0xABCDEF << 90, execution_id_of(0xABCDEF << 90, start - 3 * 86_400 * SECOND), start),
        (0xABCDEF << 80, "../../etc", start),
    ]
    with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run))
        for trace, execution_id, when in forged:
            text = item(1, "pipeline_start", metadata={"execution_id": execution_id}, timestamp=when)
            collector.accept(JSON, request_of(span_of(trace, events=[text], start=when, counts=COUNTS)))
    assert [row.execution_id for row in list_executions(tmp_path / "data")] == [own.execution_id]
    assert {aside.trace_id for aside in collector.quarantine.asides} == {f"{trace:032x}" for trace, _, _ in forged}
    assert texts_of(tmp_path / "data") == texts(records)


def test_impossible_times_stop_nobody(tmp_path):
    """Nine hundred of them before, between and after good runs, and two restarts: every good run is stored once."""
    runs, records = spans_of_runs(50)
    sink = ParquetSink(tmp_path / "data")
    with collecting([sink], tmp_path / "collect", grace=0.05, patience=0.05) as collector:
        for number in range(900):
            bad = span_of(0xBAD << 100 | number, startTimeUnixNano=str(NINES), endTimeUnixNano=str(2**64 - 1))
            assert collector.accept(JSON, request_of(bad)).rejected == 1
        for run in runs[:25]:
            assert collector.accept(PROTOBUF, body_of(run)).rejected == 0
    for half in (runs[25:40], runs[40:]):
        with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
            for run in half:
                collector.accept(PROTOBUF, body_of(run))
    assert texts_of(tmp_path / "data") == texts(records)
    assert (collector.health()["waiting"], collector.health()["guarded_errors"]) == (0, {})
    assert collector.health()["quarantined"] == 900


class Unbuildable(RememberingSink):
    """A sink that cannot take what a certain user made."""

    def write(self, record):
        if record.user_id == "u1":
            raise ValueError("what a child wrote")
        super().write(record)


def test_a_record_that_no_sink_takes_is_set_aside_and_frees_its_place(tmp_path):
    """It was asked for some times; the others went by, and nothing waits."""
    runs, _ = spans_of_runs(3)
    sink = Unbuildable()
    with collecting([sink], tmp_path) as collector:
        for run in runs:
            collector.accept(PROTOBUF, body_of(run))
        while collector.health()["waiting"]:
            a_moment()
    assert len(sink.records) == 2
    [aside] = collector.quarantine.asides
    assert "ValueError" in aside.reason
    assert "child" not in aside.reason
    assert not list(tmp_path.glob("*.otlp"))


def bad_run(number=1):
    """A run that cannot be built: its media say nothing that can be understood."""
    start = 1_795_408_740 * SECOND
    media = {"sha256": ["x"], "bytes": 1, "type": "image/png"}
    return span_of(
        0xBAD << 64 | number, events=[item(1, "output_image", media=media, timestamp=start)], start=start, counts=COUNTS
    )


def test_a_run_that_cannot_be_built_is_set_aside_whole_and_can_be_taken_up_again(tmp_path, monkeypatch):
    """With all of its requests, byte for byte; once the fault is mended it becomes its record."""
    from collectors.elsewhere import received_run as module

    [run, other], records = spans_of_runs(2)
    build = module.build_columns

    def broken(spans, **options):
        columns = build(spans, **options)
        if columns.head.user_id == "u0":
            raise OverflowError("a fault that will be mended")
        return columns

    monkeypatch.setattr(module, "build_columns", broken)
    sink = RememberingSink()
    with collecting([sink], tmp_path) as collector:
        for part in (run[2:], run[:2], other):
            collector.accept(PROTOBUF, body_of(part), sender="class-1")
        while collector.health()["set_aside"] < 1:
            a_moment()
        assert collector.accept(PROTOBUF, body_of(run[:1]), sender="class-1").rejected == 1
    assert [record.user_id for record in sink.records] == ["u1"]
    assert not list(tmp_path.glob("*.otlp"))

    monkeypatch.setattr(module, "build_columns", build)
    with collecting([sink], tmp_path) as collector:
        for aside in collector.quarantine.asides:
            collector.take_up(aside)
        while collector.health()["records"] < 1:
            a_moment()
    assert {trace_id: text_of(record) for trace_id, record in sink.latest().items()} == texts(records)
    assert len(collector.quarantine) == 0


def test_what_is_taken_up_in_vain_is_set_aside_again(sink, tmp_path):
    """Nothing of it is lost, and it is there once."""
    with collecting([sink], tmp_path) as collector:
        collector.accept(JSON, request_of(bad_run()))
        while collector.health()["set_aside"] < 1:
            a_moment()
        [before] = collector.quarantine.asides
        collector.take_up(before)
        while collector.health()["set_aside"] < 2:
            a_moment()
    [after] = collector.quarantine.asides
    assert (after.id, collector.quarantine.requests_of(after)[0].body) == (before.id, request_of(bad_run()))
    assert not list(tmp_path.glob("*.otlp"))


@pytest.mark.parametrize("change", [{"name": None}, {"attributes": None}, {"unknown": {"x": 1}}, {"status": None}])
def test_null_and_unknown_fields_are_no_reason_to_leave_a_span_out(sink, tmp_path, change):
    """`null` is a field that is not there, an attribute may be without a value, and later versions have more fields."""
    start = 1_795_408_740 * SECOND
    span = span_of(7 << 96, events=[item(1, timestamp=start)], start=start, counts=COUNTS)
    attributes = [
        *span["attributes"],
        {"key": "empty"},
        {"key": "null", "value": None},
        {"key": "later", "value": {"x": 1}},
    ]
    with collecting([sink], tmp_path, grace=0.0, patience=0.0) as collector:
        assert (
            collector.accept(JSON, request_of({**span, "attributes": attributes, "links": None, **change})).rejected
            == 0
        )
        while collector.health()["records"] < 1:
            a_moment()
    assert len(sink.records) == 1


ODD = [
    5,
    None,
    {},
    {"traceId": "zz"},
    {"traceId": 5},
    span_of(0),
    span_of(5, 0),
    span_of(5, startTimeUnixNano="soon"),
    span_of(5, startTimeUnixNano=1.5),
    span_of(5, startTimeUnixNano=float("inf")),
    span_of(5, startTimeUnixNano=float("nan")),
    span_of(5, endTimeUnixNano="-5"),
    span_of(5, startTimeUnixNano="9" * 5000),
    span_of(5, kind=float("inf")),
    span_of(5, kind=[]),
    span_of(5, name=5),
    span_of(5, attributes=5),
    span_of(5, attributes=[5]),
    span_of(5, attributes=[{"key": "x", "value": {"intValue": float("inf")}}]),
    span_of(5, attributes=[{"key": "x", "value": {"intValue": float("nan")}}]),
    span_of(5, attributes=[{"key": [], "value": {}}]),
    span_of(5, links=[{"traceId": "x"}]),
    span_of(5, droppedEventsCount=float("inf")),
]


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_an_odd_span_is_left_out_alone(sink, tmp_path, odd):
    """The run beside it in the same request is stored; the answer counts what was left out."""
    [run], records = spans_of_runs(1)
    request = otlp_json(run)
    scope = request["resourceSpans"][0]["scopeSpans"][0]
    scope["spans"].insert(1, odd)
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        body = json.dumps(request).encode().replace(b"Infinity", b"1e400")
        answer = post(address, body, "application/json")
    assert (answer.status_code, answer.json()["partialSuccess"]["rejectedSpans"]) == (200, "1")
    assert {trace_id: text_of(record) for trace_id, record in sink.latest().items()} == texts(records)
    assert collector.health()["odd_spans"] == 1


def test_a_span_in_protobuf_that_cannot_be_read_is_left_out_alone(sink, tmp_path):
    """A text that is no Unicode, or a value deeper than protobuf reads, spoils a whole message otherwise."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    [run], records = spans_of_runs(1)
    request = ExportTraceServiceRequest.FromString(body_of(run))
    spans = request.resource_spans[0].scope_spans[0].spans
    spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, name="spoilt")
    deep = spans.add(trace_id=b"\3" * 16, span_id=b"\2" * 8, name="deep").attributes.add(key="x").value
    for _ in range(120):
        deep = deep.array_value.values.add()
    deep.int_value = 1
    body = request.SerializeToString().replace(b"spoilt", b"sp\xff\xfelt")
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        assert post(address, body).status_code == 200
    assert {trace_id: text_of(record) for trace_id, record in sink.latest().items()} == texts(records)
    assert collector.health()["odd_spans"] == 2
    assert {aside.trace_id for aside in collector.quarantine.asides} == {"01" * 16, "03" * 16}


def test_an_odd_span_beside_a_secret_is_left_out_alone_and_the_secret_too(sink, tmp_path):
    """Secrets are looked for in what can be read; of what cannot only the trace id is kept."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    secret = "sk-or-v1-" + "0123456789abcdef" * 4
    [run, second], records = spans_of_runs(2)
    request = ExportTraceServiceRequest.FromString(body_of(run))
    spans = request.resource_spans[0].scope_spans[0].spans
    spans[0].attributes.add(key="http.url").value.string_value = secret
    spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, name=f"spoilt {secret}")
    group = request.resource_spans[0]
    group.resource.attributes.add(key="process.command").value.string_value = f"serve {secret}"
    group.scope_spans[0].scope.attributes.add(key="proxy").value.string_value = secret
    group.schema_url = group.scope_spans[0].schema_url = f"https://example.org/{secret}"
    body = request.SerializeToString().replace(b"spoilt", b"sp\xff\xfelt")
    plain = otlp_json(second)
    of_second = plain["resourceSpans"][0]["scopeSpans"][0]["spans"]
    of_second[0]["attributes"].append({"key": "http.url", "value": {"stringValue": secret}})
    of_second.append(span_of(5, startTimeUnixNano=0, name=secret))
    with collecting([sink], tmp_path) as collector, receiving(collector) as address:
        assert post(address, body).status_code == 200
        digits = json.dumps(plain).replace('"startTimeUnixNano": 0', f'"startTimeUnixNano": {"9" * 5000}')
        assert post(address, digits.encode(), "application/json").status_code == 200
    assert sink.latest().keys() == records.keys()
    assert collector.health()["odd_spans"] == 2
    assert {aside.trace_id for aside in collector.quarantine.asides} == {"01" * 16, f"{5:032x}"}
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


def test_counts_that_cannot_be_are_not_walked_through(sink, tmp_path):
    """A root that counts 10¹⁸ items is waited for like any other."""
    counts = {names.SPAN_COUNT: 1, names.ITEM_COUNT: 10**18}
    with collecting([sink], tmp_path, grace=0.0, patience=0.0) as collector:
        collector.accept(JSON, request_of(span_of(7 << 96, events=[item(10**18)], counts=counts)))
        while collector.health()["records"] < 1:
            a_moment()
    [record] = sink.records
    assert record.dropped == 10**18 - 1


def test_a_run_has_only_so_many_revisions(sink, tmp_path):
    """Each is the whole run once more: late spans one by one would make much of little."""
    from collectors.receiving.runs import MOST_REVISIONS

    [run], _ = spans_of_runs(1)
    with collecting([sink], tmp_path) as collector:
        collector.accept(PROTOBUF, body_of(run))
        for number in range(MOST_REVISIONS + 5):
            body = request_of({**late(run, [item(100 + number)]), "spanId": f"{number + 1:016x}"})
            collector.accept(JSON, body)
    assert max(record.revision for record in sink.records) == MOST_REVISIONS
    assert len(collector.quarantine) == 6


def test_a_second_process_that_stored_the_run_meanwhile_is_not_replaced(tmp_path):
    """A run that is recorded on this machine, and sent here as well: what is equal is there once."""
    [run, other], records = spans_of_runs(2)
    first, second = (records[f"{spans[0].context.trace_id:032x}"] for spans in (run, other))
    with collecting([ParquetSink(tmp_path / "data")], tmp_path / "collect") as collector:
        collector.accept(PROTOBUF, body_of(run[1:]))
        root = request_of(replace_span(forged_root(other), counts=2))
        collector.accept(JSON, root)
        collector._stored._archives[0]._stored._look_seconds = 0.0
        ParquetSink(tmp_path / "data").write_all([first, second])
        collector.accept(PROTOBUF, body_of(run[:1]))
        collector.accept(
            JSON, request_of(span_of(other[0].context.trace_id, 0xF7, 0xF1, name="x", start=other[0].start_time))
        )
    assert collector.health()["stored_already"] == 1
    assert texts_of(tmp_path / "data") == texts(records)
    assert len(list_executions(tmp_path / "data")) == 2


def replace_span(span, counts):
    told = {names.SPAN_COUNT: counts, names.ITEM_COUNT: 1}
    return {**span, "attributes": [{"key": key, "value": {"intValue": str(value)}} for key, value in told.items()]}


def test_a_request_of_many_odd_traces_is_set_aside_in_few_pieces(sink, tmp_path):
    """A hundred have an entry of their own, the others one together; all are told, and taken up again as they came."""
    odd = [span_of(number, startTimeUnixNano=str(NINES)) for number in range(1, 5_001)]
    with collecting([sink], tmp_path) as collector:
        assert collector.accept(JSON, request_of(*odd)).rejected == 5_000
        assert (len(collector.quarantine), collector.quarantine.size) == (101, len(request_of(*odd)))
        [others] = (aside for aside in collector.quarantine.asides if int(aside.trace_id, 16) == 0)
        collector.take_up(others)
    assert len(collector.quarantine) == 101
    assert not list(tmp_path.glob("*.otlp"))


def test_runs_of_one_request_that_cannot_be_built_share_it(sink, tmp_path):
    """It is read, hashed and kept once, however many fail."""
    bad = request_of(*map(bad_run, range(1, 301)))
    with collecting([sink], tmp_path) as collector:
        collector.accept(JSON, bad)
        while collector.health()["set_aside"] < 300:
            a_moment()
        assert (len(collector.quarantine), collector.quarantine.size) == (300, len(bad))
    assert not list(tmp_path.glob("*.otlp"))


def test_trace_ids_cannot_be_chosen_so_that_all_have_one_hash():
    """Whoever looked for one of them would have to walk past the others."""
    from collectors.receiving.trace_id import TraceId

    chosen = [5 + number * (2**61 - 1) for number in range(1, 10_000)]
    assert len(set(map(hash, chosen))) == 1
    assert len({hash(TraceId(trace_id)) for trace_id in chosen}) == len(chosen)
    assert {TraceId(5): "x"}[TraceId(5)] == "x"
