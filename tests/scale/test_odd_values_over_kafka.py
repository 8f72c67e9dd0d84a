"""What comes by a real Collector and a real Kafka into a table is what its sender stored at home, to the letter."""

import parts
import pytest
from builders import log_everywhere
from hypothesis import Phase, given, settings
from odd_values import ENUMS, KEPT, LOSSY, PLAINED
from programme_stage import records_in, rows_in, running, until_stored
from real_servers import built
from strategies import any_value

from collectors import start_recording
from exporters import ParquetSink, read_records
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


def sent_and_stored(way, name, pipelines):
    """The records in the sender's own store and those in the table, by trace id."""
    gateway, worker, home = way
    where = {"research_endpoint": gateway.endpoint, "outbox": home / name / "outbox"}
    with start_recording([ParquetSink(home / name / "data")], journal=False, **where) as recording:
        for pipeline in pipelines:
            with recording.tracker().execution("dada", safety_level="kids") as run:
                pipeline(run)
        assert recording.flush(timeout=120)
        sent = {record.trace_id: record for record in read_records(home / name / "data")}
        until_stored(sent, str(home / "table"), [worker])
    rows = [row for row in rows_in(str(home / "table")) if row[0] in sent]
    assert sorted(rows) == sorted((trace_id, 1) for trace_id in sent)
    stored = records_in(str(home / "table"))
    assert {str(stored[trace_id].finish_reason) for trace_id in sent} == {"counts_met"}  # nothing was waited for
    return sent, stored


@pytest.mark.parametrize("kind", ["named", "drawn"])
def test_every_odd_value_is_stored_as_it_is_at_its_senders(way, kind):
    values = named_values() if kind == "named" else drawn_values(DRAWN)
    sent, stored = sent_and_stored(way, kind, map(log_everywhere, values))
    assert len(sent) == len(values)
    for trace_id, record in sent.items():
        assert text_of(stored[trace_id]) == text_of(record)


def named_values():
    """Each of those that have a name; but for one, megabytes of repetition."""
    return [make() for name, make in MAKERS.items() if name != "shares itself exponentially"]


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
