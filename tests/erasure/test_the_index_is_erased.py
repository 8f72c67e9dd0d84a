"""A run that is erased is found by nobody who searches, also where the index is filled at the same moment."""

import sqlite3

import pytest
from erasure_stage import LENA, TOM, of_lena, traces_of

from exporters.erasure import erase
from exporters.explorer import index_file
from exporters.explorer.catalogue import Catalogue
from exporters.explorer.filling import Filler
from exporters.explorer.index_file import path_in, to_read
from exporters.explorer.wish import RunWish
from exporters.remarks.remarks import RemarkChange, speaking
from exporters.remarks.store import RemarkStore


def found(data, text):
    return Catalogue(data).page(RunWish(text=text, sees_all=True), limit=100).total


def runs_of(data, person):
    return Catalogue(data).all(RunWish(selection={"user_id": person}))


@pytest.fixture
def filled(data):
    """The store of two people with its index, and a note on each run of hers."""
    Filler(data).fill()
    runs = runs_of(data, LENA)
    said = RemarkChange(note=f"{LENA} was sad")
    RemarkStore(data).change(lambda book: book.with_changes(dict.fromkeys(runs, said), speaking("Mira")))
    Filler(data).fill()
    assert found(data, LENA) == found(data, '"was sad"') == len(runs) > 0
    return data


def test_nothing_of_the_runs_is_left_in_the_index(filled):
    before = runs_of(filled, TOM)
    report = erase(filled, of_lena, reason="person")
    assert (runs_of(filled, LENA), found(filled, "sad"), runs_of(filled, TOM)) == ([], 0, before)
    assert traces_of(LENA, filled / ".serving") == []
    assert not [path for path in report.left if ".serving" in path]
    # Neither does it say so of sequences of letters: the whole of it is as if they had never been there.
    with to_read(filled) as database:
        assert database.execute("SELECT count(*) FROM texts WHERE texts MATCH '\"7f3\"'").fetchone() == (0,)


def test_an_index_that_is_filled_meanwhile_gets_none_of_them(filled):
    def fill_too(step):
        if step in ("decided", "delete from index", "rewrite index"):
            Filler(filled).fill()

    erase(filled, of_lena, reason="person", step=fill_too)
    Filler(filled).fill()
    assert runs_of(filled, LENA) == []
    assert traces_of(LENA, filled / ".serving") == []


def test_somebody_who_reads_without_end_does_not_keep_them(filled, monkeypatch):
    """The file goes then, and is made anew of what is left."""
    monkeypatch.setattr(index_file, "BUSY_SECONDS", 0.2)
    reader = sqlite3.connect(path_in(filled))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM runs").fetchone()
    try:
        report = erase(filled, of_lena, reason="person")
    finally:
        reader.close()
    assert not [path for path in report.left if ".serving" in path]
    assert traces_of(LENA, filled / ".serving") == []
    assert runs_of(filled, TOM) == []
    Filler(filled).fill()
    assert (runs_of(filled, LENA), len(runs_of(filled, TOM)) > 0) == ([], True)


def test_a_damaged_index_goes_whole(filled):
    path_in(filled).write_bytes(f"no database of {LENA} ".encode() * 500)
    report = erase(filled, of_lena, reason="person")
    assert not [path for path in report.left if ".serving" in path]
    assert traces_of(LENA, filled / ".serving") == []
