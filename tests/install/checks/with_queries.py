"""SQL over the records; datasets need more."""

from pathlib import Path

from one_run import lacks, one_run

from exporters.asking.answers import ask
from exporters.asking.sources import open_store
from exporters.dataset import make_dataset
from exporters.privacy.way_out import open_way_out
from exporters.storage.reading.sql import connect

data, run = one_run()
assert connect(data).sql("select execution_id from executions").fetchall() == [(run,)]
with open_store(Path(data), open_way_out(data)) as source:
    assert list(ask(source.connection, "select execution_id from executions").rows()) == [(run,)]
lacks(lambda: make_dataset(data, f"{data}/dataset"), "Datasets need the extra 'datasets'")
