"""How far texts drift: the libraries' own figures, in each row of a dataset's journeys."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from builders import a_record, an_item
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein
from sacrebleu.metrics.chrf import CHRF

from exporters import ParquetSink
from exporters.dataset import make_dataset
from exporters.measures.drift import SOURCES, Drift, drift_between, drifts
from otel_tracking import ItemType

FLOWER = "Eine blaue Blume auf der Wiese erzählt dem alten Mond eine lange Geschichte."
TABLE = [
    (FLOWER, FLOWER, 100.0, 1.0, 1.0),
    (FLOWER, "Eine blaue Blume auf der Weide erzählt dem alten Mond eine lange Sage.", 75.857520, 0.842105, 0.921053),
    (FLOWER, "A blue flower in the meadow tells the old moon a long story.", 13.775069, 0.328947, 0.789474),
    ("青い花", "青い月", 38.888889, 0.666667, 1.0),
    ("çiçek", "CICEK", 0.0, 0.0, 1.0),
    ("a", "", 0.0, 0.0, 0.0),
]
"""Reference, text, chrF of sacrebleu 2.6.0, edit similarity of rapidfuzz 3.14.6, ratio of lengths."""


@pytest.mark.parametrize(("reference", "text", "chrf", "edit", "length"), TABLE)
def test_a_committed_table_of_figures(reference, text, chrf, edit, length):
    drift = drift_between(reference, text)
    assert (drift.chrf, drift.edit_similarity, drift.length_ratio) == pytest.approx((chrf, edit, length), abs=1e-6)


@given(st.text(), st.text())
def test_they_are_the_libraries_own(reference, text):
    """Whatever the texts hold."""
    expected = Drift(
        chrf=CHRF().sentence_score(text, [reference]).score,
        edit_similarity=Levenshtein.normalized_similarity(reference, text),
        length_ratio=len(text) / len(reference) if reference else None,
    )
    assert drift_between(reference, text) == expected


def test_each_text_is_compared_with_the_first_and_with_the_one_before():
    first, second, third = drifts(["a b", "a c", "x"])
    assert first == (None, None)
    assert second == (drift_between("a b", "a c"),) * 2
    assert third == (drift_between("a b", "x"), drift_between("a c", "x"))


def test_a_source_names_its_library_and_version():
    assert {source.library for source in SOURCES if source.version} >= {"sacrebleu", "rapidfuzz"}


def test_the_journeys_of_a_dataset_have_them(tmp_path):
    """With the seed, and the words that an engine did not know."""
    hop = {"item_type": ItemType.INTERCEPTION_ITERATION, "stage": 2}
    items = (
        an_item(content="Kedi deniz düşünür", stage=1),
        an_item(**hop, stage_iteration=1, content="The cat thinks sea", metadata={"words": 3, "unknown_words": 0}),
        an_item(**hop, stage_iteration=2, content="Kedi deniz 観点", metadata={"words": 4, "unknown_words": 2}),
    )
    ParquetSink(tmp_path / "data").write(a_record(items=items, used_seed=7))
    made = make_dataset(tmp_path / "data", tmp_path / "out")
    rows = pq.read_table(made.path / "journeys.parquet").to_pylist()
    texts = [row["content"] for row in rows]

    assert [row["used_seed"] for row in rows] == ["7"] * 3
    assert [row["unknown_words"] for row in rows] == [None, 0, 2]
    assert [row["chrf_to_first"] for row in rows[1:]] == [drift_between(texts[0], text).chrf for text in texts[1:]]
    assert rows[2]["edit_similarity_to_previous"] == drift_between(texts[1], texts[2]).edit_similarity
    assert rows[0]["length_ratio_to_first"] is None


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.measure)
def test_the_page_for_researchers_explains_each_measure_in_four_sentences(source):
    """With what gives the figure, and who described it."""
    page = (Path(__file__).parents[2] / "docs" / "for-researchers.md").read_text("utf-8")
    section = page.split(f"\n### `{source.measure}`\n")[1].split("\n#")[0].strip()
    assert len(re.findall(r"\.(?=\s|$)", section)) == 4
    assert source.library in section or source.library == "otel-tracking"
    assert source.described_by.split()[0] in section or source.library == "otel-tracking"
