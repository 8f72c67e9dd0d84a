"""What comes by a real Collector and a real Kafka into a table is what its sender recorded, to the letter."""

import parts
import pytest
from builders import log_everywhere
from hypothesis import Phase, given, settings
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from programme_stage import records_in, rows_in, running, until_stored
from real_servers import built
from strategies import any_value

from collectors import start_recording
from collectors.testing import RememberingSink
from otel_tracking import canonical

MAKERS = {**KEPT, **ENUMS, **{name: make for name, (make, _) in PLAINED.items()}, **LOSSY}
DRAWN = 200


@pytest.fixture(scope="module")
def way(tmp_path_factory):
    """Collector, Kafka and a worker: where they are sent to, where they store, and where an outbox may be."""
    home = tmp_path_factory.mktemp("way")
    broker = parts.kafka(built("get_kafka.sh"), home / "kafka", partitions=3)
    gateway = parts.gateway(built("build_collector.sh"), home / "gateway", broker.address)
    worker = parts.worker(1, home, broker.address, str(home / "table"), {})
    with running(broker, gateway, worker):
        yield gateway, worker, home


def sent_and_stored(way, outbox, pipelines):
    """The sender's records and those of the table, by trace id."""
    (gateway, worker, home), sink = way, RememberingSink()
    where = {"research_endpoint": gateway.endpoint, "outbox": home / outbox}
    with start_recording([sink], journal=False, **where) as recording:
        for pipeline in pipelines:
            with recording.tracker().execution("dada", safety_level="kids") as run:
                pipeline(run)
        assert recording.flush(timeout=120)
        sent = sink.latest()
        until_stored(sent, str(home / "table"), [worker])
    rows = [row for row in rows_in(str(home / "table")) if row[0] in sent]
    assert sorted(rows) == sorted((trace_id, 1) for trace_id in sent)
    stored = records_in(str(home / "table"))
    assert {str(stored[trace_id].finish_reason) for trace_id in sent} == {"counts_met"}  # nothing was waited for
    return sent, stored


def test_every_odd_value_is_stored_as_it_was_sent(way):
    names = [name for name in MAKERS if name != "shares itself exponentially"]
    sent, stored = sent_and_stored(way, "named", [log_everywhere(MAKERS[name]()) for name in names])
    assert len(sent) == len(names)
    for name, (trace_id, record) in zip(names, sent.items(), strict=True):
        a,b = text_of(stored[trace_id]), text_of(record)
        if a != b:
            i = next(i for i in range(len(a)) if a[i]!=b[i])
            print("DIFF", name, a[max(0,i-30):i+60], "-----", b[max(0,i-30):i+60])


def test_so_is_any_value(way):
    values = drawn_values(DRAWN)
    sent, stored = sent_and_stored(way, "drawn", map(log_everywhere, values))
    assert len(sent) == len(values)
    for trace_id, record in sent.items():
        a,b = text_of(stored[trace_id]), text_of(record)
        if a != b:
            i = next(i for i in range(len(a)) if a[i]!=b[i])
            print("DIFF", a[i-300:i+200], "-----", b[i-300:i+200])
            break


def text_of(record):
    """The canonical JSON of a record, but for how it was known that it had come to its end."""
    return canonical.dumps({**record.to_dict(), "finish_reason": None})


def drawn_values(count):
    """Values that hypothesis thinks of, to be sent all at once."""
    values = []

    @settings(max_examples=count, phases=[Phase.generate], derandomize=True, database=None)
    @given(value=any_value)
    def keep(value):
        values.append(value)

    keep()
    return values
