"""Datasets, with what describes them."""

import json
from pathlib import Path

from one_run import lacks, one_run

from exporters.asking.answers import ask
from exporters.asking.sources import open_dataset
from exporters.dataset import make_dataset

data, run = one_run()
made = make_dataset(data, f"{data}/dataset")
assert (made.rows["executions"], made.rows["journeys"]) == (1, 1), made
crate = json.loads((made.path / "ro-crate-metadata.json").read_text())
assert f"#{run}/stage-1" in {entity["@id"] for entity in crate["@graph"]}, crate
assert Path(made.path, "croissant.json").is_file()
assert {path.name for path in Path(made.path, "analyses").iterdir()} == {
    *("analysis.py", "analysis.ipynb", "requirements.txt"),
}
lacks(
    lambda: make_dataset(data, f"{data}/near", semantics=True),
    "How near two texts are in meaning needs the extra 'semantics'",
)
with open_dataset(made.path) as source:
    assert list(ask(source.connection, "select execution_id from executions").rows()) == [(run,)]
