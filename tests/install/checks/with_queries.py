"""SQL over the records; datasets need more."""

from one_run import lacks, one_run

from exporters.dataset import make_dataset
from exporters.storage.reading.sql import connect

data, run = one_run()
assert connect(data).sql("select execution_id from executions").fetchall() == [(run,)]
lacks(lambda: make_dataset(data, f"{data}/dataset"), "Datasets need the extra 'datasets'")
