"""Records in a table that many writers share."""

from one_run import one_run

from exporters import read_records
from exporters.delta.ledger import DeltaLedger
from exporters.delta.tables import DeltaStore

data, run = one_run()
[record] = read_records(data)
ledger = DeltaLedger(DeltaStore(f"{data}/table"), "otlp_spans")
assert ledger.open([0]) == {0: None}
assert not ledger.commit([ledger.prepare(record)], {0: 1}, [])
days = {record.trace_id: [f"{record.timestamp:%Y-%m-%d}"]}
assert [stored.execution_id for stored in ledger.stored(days)] == [run]
