"""SQL over the records, and datasets."""

from one_run import lacks, one_run

from exporters.dataset import make_dataset
from exporters.storage.reading.sql import connect

data, run = one_run()
assert connect(data).sql("select execution_id from executions").fetchall() == [(run,)]
rows = make_dataset(data, f"{data}/dataset").rows
assert (rows["executions"], rows["journeys"]) == (1, 1), rows
lacks(
    lambda: make_dataset(data, f"{data}/near", semantics=True),
    "How near two texts are in meaning needs the extra 'semantics'",
)
