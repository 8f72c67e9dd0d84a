"""A record that is built bit by bit is the one that is built at once, and is there at any time before."""

from builders import a_record, an_item, finished
from hypothesis import given, settings
from hypothesis import strategies as st
from sources import log_everywhere, log_many

from collectors import start_recording
from collectors.building.live import RunSoFar
from collectors.building.record import RecordSoFar, build_record
from collectors.building.spans_of_record import spans_of_record
from collectors.testing import RememberingSink
from otel_tracking import canonical


def recorded(pipeline):
    """The record of a run, and the live events of it."""
    sink = RememberingSink()
    with start_recording([sink], journal=False) as recording:
        with recording.tracker().execution("dada", safety_level="kids") as run:
            pipeline(run)
        events = list(recording.live.follow(run.trace_id, timeout=60))
        return finished(recording, sink), events


def text_of(record):
    return canonical.dumps(record.to_dict())


def everything(run):
    """A value wherever one may go, some hops, and the same picture twice."""
    log_everywhere(7)(run)
    log_many(["eins", "zwei", 3])(run)
    with run.output(2) as output, output.stage(4) as stage:
        stage.item("output_image", media=b"png", metadata={"seed": 1})


RECORD, EVENTS = recorded(everything)
SPANS = sorted(spans_of_record(RECORD), key=lambda span: (span.start_ns, span.span_id))
LOGGED = [(span.span_id, event) for span in SPANS for event in span.events]


@settings(max_examples=40)
@given(st.permutations([index for index, (_, event) in enumerate(LOGGED) if event.is_item]), st.data())
def test_items_in_any_order_and_records_in_between_change_nothing(order, data):
    """Two threads may log in another order than their items are numbered in; facts come in theirs."""
    facts = [index for index, (_, event) in enumerate(LOGGED) if not event.is_item]
    run = RecordSoFar()
    for span in SPANS:
        run.begin(span._replace(end_ns=None, status="unset"))
    for index in [*facts, *order]:
        run.log(*LOGGED[index])
        if data.draw(st.booleans()):
            assert run.record(is_over=False).status == "running"
    for span in SPANS:
        run.end(span)
        run.record(is_over=False)
    assert text_of(run.record()) == text_of(build_record(SPANS))


def test_a_run_under_way_has_all_that_came_and_its_open_spans():
    """After each event the items so far; at the end the record that is stored, but for what engines were told."""
    run, items = RunSoFar(RECORD.trace_id), 0
    for event in EVENTS:
        assert run.record().status == "running"
        run.tell(event)
        items += event.is_item
        assert len(run.record().items) == items
    told = run.record()
    assert (told.status, told.items) == (RECORD.status, RECORD.items)
    unlike = {"links", "spans", "lossy_values", "dropped", "attachments"}
    same = [name for name in RECORD.to_dict() if name not in unlike]
    assert {name: told.to_dict()[name] for name in same} == {name: RECORD.to_dict()[name] for name in same}
    scopes = [span for span in RECORD.spans if span.kind != "client"]
    assert [span for span in told.spans if span.kind != "client"] == scopes


def test_what_is_under_way_has_no_execution_time():
    run = RunSoFar(RECORD.trace_id)
    for event in EVENTS:
        run.tell(event)
        if event.kind == "started":
            [span] = [span for span in run.record().spans if span.span_id == f"{event.span_id:016x}"]
            assert span.execution_time is None
    assert all(span.execution_time is not None for span in run.record().spans)
    assert run.is_over


def test_a_run_of_which_nothing_is_known_has_a_record_of_nothing():
    """Of one that waits, or that the live feed has forgotten."""
    record = RunSoFar().record()
    assert (record.status, record.items, record.has_ended) == ("running", (), False)
    assert a_record(items=(an_item(),)).is_over
