"""Datasets, with what describes them."""

import json
from pathlib import Path

from one_run import one_run

from exporters.dataset import make_dataset

data, run = one_run()
made = make_dataset(data, f"{data}/dataset")
assert (made.rows["executions"], made.rows["journeys"]) == (1, 1), made
crate = json.loads((made.path / "ro-crate-metadata.json").read_text())
assert f"#{run}/stage-1" in {entity["@id"] for entity in crate["@graph"]}, crate
assert Path(made.path, "croissant.json").is_file()
