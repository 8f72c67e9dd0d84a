"""Make a citable dataset of stored runs: tables, media, and all that says what they are, in a directory of its own.

    OUT/executions.parquet   OUT/items.parquet   OUT/journeys.parquet   OUT/blobs.parquet
    OUT/executions.csv   OUT/items.csv   OUT/journeys.csv   (blobs only where there are some)
    OUT/annotations.parquet   OUT/annotations.csv   where researchers said something of a run
    OUT/media/<execution>/…   pictures, sounds and films, where `file_path` of the items says they are
    OUT/README.md, ro-crate-metadata.json, croissant.json, … (`FILES` in `describing.py`)   OUT/SHA256SUMS

The same runs and the same query give the same bytes, whoever asks and however the store was compacted: rows are in the
order of their ids, and nothing says when, where or from which files the dataset was made.
"""

from __future__ import annotations

from exporters.dataset.making import CRATES, Dataset, make_dataset

__all__ = ["CRATES", "Dataset", "make_dataset"]
