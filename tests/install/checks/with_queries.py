"""SQL over the records, and datasets."""

from pathlib import Path

from one_run import one_run

from exporters.asking.answers import ask
from exporters.asking.sources import open_dataset
from exporters.dataset import make_dataset
from exporters.storage.reading.sql import connect

data, run = one_run()
assert connect(data).sql("select execution_id from executions").fetchall() == [(run,)]
rows = make_dataset(data, f"{data}/dataset").rows
assert (rows["executions"], rows["journeys"]) == (1, 1), rows
assert {path.name for path in Path(data, "dataset", "analyses").iterdir()} == {
    *("analysis.py", "analysis.ipynb", "requirements.txt"),
}
with open_dataset(Path(data, "dataset")) as source:
    assert list(ask(source.connection, "select execution_id from executions").rows()) == [(run,)]
