"""The index says what the tables say: whatever was written, compacted, damaged, removed or marked meanwhile."""

import datetime as dt
import os
import sqlite3
import threading

import pytest
from records import NOON, a_run_of_hops

from exporters import ParquetSink, compact
from exporters.explorer.catalogue import Catalogue
from exporters.explorer.filling import Filler
from exporters.explorer.index_file import path_in
from exporters.explorer.keeper import IndexKeeper
from exporters.explorer.letters import folded, words_wanted
from exporters.explorer.wish import SORTED_BY, RunWish, Sight
from exporters.remarks.remarks import RemarkChange, RunMark, speaking
from exporters.remarks.store import RemarkStore
from otel_tracking.erasure import RunId

DAY = dt.timedelta(days=1)


def a_run(number, prompt="a meadow", days=0, **fields):
    """A run with a prompt that a check let through."""
    trace_id = f"{number:08x}" + "0" * 24
    return a_run_of_hops(prompt, "two", trace_id=trace_id, timestamp=NOON + days * DAY, **fields)


@pytest.fixture
def store(tmp_path):
    """A store of three runs on three days."""
    sink = ParquetSink(tmp_path)
    for number, prompt in enumerate(("red fox", "blue whale", "green frog")):
        sink.write(a_run(number, prompt, days=-number))
    return tmp_path


def listed(data, **wish):
    Filler(data).fill()
    found = Catalogue(data).page(RunWish(sees_all=True, **wish), limit=100)
    assert found.total == len(found.runs)
    return [card.listed["trace_id"][:8] for card in found.runs]


def test_runs_are_listed_the_latest_first_and_found_by_their_text(store):
    assert listed(store) == ["00000000", "00000001", "00000002"]
    assert listed(store, text="whale") == ["00000001"]


def test_the_file_is_private(store):
    Filler(store).fill()
    assert oct(path_in(store).stat().st_mode)[-3:] == "600"


def test_a_directory_that_is_not_there_is_not_made(tmp_path):
    assert Filler(tmp_path / "none").fill()
    assert not (tmp_path / "none").exists()
    assert Catalogue(tmp_path / "none").page(RunWish(), limit=9).total == 0


def test_of_two_revisions_the_later_counts_also_where_it_is_of_another_day(store):
    listed(store)
    later = a_run(1, "white stork", days=0, revision=2)
    ParquetSink(store).write(later)
    assert listed(store, text="whale") == []
    assert listed(store, text="stork") == ["00000001"]
    assert len(listed(store)) == 3


def test_compaction_changes_nothing(store):
    before = Filler(store).fill() and rows_of(store)
    compact(store, before=(NOON + DAY).date())
    Filler(store).fill()
    assert rows_of(store) == before


def rows_of(data):
    with sqlite3.connect(path_in(data)) as database:
        return database.execute("SELECT id, run_key, write_id FROM runs ORDER BY id").fetchall()


def test_where_the_later_revision_is_gone_the_earlier_counts_again(store):
    ParquetSink(store).write(a_run(0, "white stork", revision=2))
    assert listed(store, text="stork") == ["00000000"]
    for table in ("executions", "items"):
        newest = max((store / table / f"date={NOON.date()}").iterdir(), key=lambda path: path.name.split("-")[1])
        newest.unlink()
    assert (listed(store, text="stork"), listed(store, text="fox")) == ([], ["00000000"])


def test_a_damaged_file_is_told_and_its_runs_come_back_with_a_copy_of_it(store):
    [path] = (store / "executions" / f"date={NOON.date()}").iterdir()
    whole = path.read_bytes()
    path.write_bytes(b"no parquet at all")
    assert listed(store) == ["00000001", "00000002"]
    assert [damage.path for damage in Catalogue(store).damages()] == [path]
    path.write_bytes(whole)
    assert len(listed(store)) == 3
    assert Catalogue(store).damages() == []


def test_a_run_whose_items_are_damaged_is_listed_without_its_texts(store):
    [path] = (store / "items" / f"date={NOON.date()}").iterdir()
    whole = path.read_bytes()
    path.write_bytes(b"no parquet at all")
    assert (len(listed(store)), listed(store, text="fox")) == (3, [])
    path.write_bytes(whole)
    assert listed(store, text="fox") == ["00000000"]


def test_marks_and_notes_are_known_and_forgotten(store):
    remarks = RemarkStore(store)
    run = RunId(named(store, "00000001"), "00000001" + "0" * 24)
    said = RemarkChange(marks={RunMark.TEST: True}, note="Überstrahlt")
    remarks.change(lambda book: book.with_changes({run: said}, speaking("Mira")))
    assert (listed(store, marked="test"), listed(store, text="uberstr")) == (["00000001"], ["00000001"])
    assert (listed(store, marked="exclude"), len(listed(store, marked="none"))) == ([], 2)
    assert Catalogue(store).page(RunWish(text="uberstr"), limit=9).total == 0
    remarks.change(lambda book: book.without({run}))
    assert (listed(store, marked="any"), listed(store, text="uberstr")) == ([], [])


def named(data, short):
    Filler(data).fill()
    cards = Catalogue(data).page(RunWish(), limit=9).runs
    return next(card.listed["execution_id"] for card in cards if card.listed["trace_id"].startswith(short))


@pytest.mark.parametrize("content", [b"", b"no database" * 500])
def test_an_index_that_is_none_is_made_anew(store, content):
    listed(store)
    for path in path_in(store).parent.iterdir():
        path.unlink()
    path_in(store).write_bytes(content)
    assert len(listed(store)) == 3


def test_an_index_of_another_version_is_made_anew(store):
    listed(store)
    with sqlite3.connect(path_in(store)) as database:
        database.execute("PRAGMA user_version = 99")
    assert len(listed(store)) == 3


@pytest.mark.parametrize("text", ["\x00 and \ud800 half", "a" * 100_000, "", "👩‍👩‍👧 family", "<b>'\"%_\\"])
def test_any_text_can_be_put_in(tmp_path, text):
    ParquetSink(tmp_path).write(a_run(1, text, user_id="\ud800", config_name=("a", 1)))
    assert listed(tmp_path) == ["00000001"]


def test_two_processes_may_fill_it_at_once(store):
    fillers = [threading.Thread(target=Filler(store).fill) for _ in range(4)]
    for one in fillers:
        one.start()
    for one in fillers:
        one.join()
    assert len(listed(store)) == 3


def test_much_is_left_to_a_process_of_its_own_and_little_is_not(store):
    filler = Filler(store)
    assert not filler.fill(most_days=2)
    assert not filler.fill(most_days=9, most_runs=0)
    keeper = IndexKeeper(store)
    assert keeper.caught_up(60)
    assert len(Catalogue(store).all(RunWish())) == 3
    ParquetSink(store).write_all([a_run(number, days=number % 20) for number in range(10, 40)])
    while not keeper.caught_up(60):
        pass
    assert (len(Catalogue(store).all(RunWish())), keeper.trouble) == (33, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_where_it_cannot_be_written_somebody_is_told(store):
    store.chmod(0o500)
    keeper = IndexKeeper(store)
    keeper.caught_up(60)
    store.chmod(0o700)
    assert keeper.trouble


@pytest.mark.parametrize("sort", SORTED_BY)
def test_every_order_has_every_run_once(store, sort):
    assert sorted(listed(store, sort=sort)) == sorted(listed(store, sort=sort, falling=False))


def test_a_page_is_of_those_that_somebody_may_see(store):
    ParquetSink(store).write(a_run(9, "red cat", status="blocked"))
    ParquetSink(store).write(a_run(8, "red dog", status="blocked"))
    own = frozenset({named(store, "00000009")})
    assert listed(store, sight=Sight(not_of_status="blocked", but_these=own)) == [
        *("00000009", "00000000", "00000001", "00000002")
    ]
    assert listed(store, text="red", sight=Sight(not_of_status="blocked")) == ["00000000"]
    assert listed(store, sight=Sight(but_these=own)) == ["00000009"]
    assert listed(store, sight=Sight(not_of_status="blocked", but_these=own, never=own)) == [
        *("00000000", "00000001", "00000002")
    ]


def test_a_page_is_of_sessions_or_of_none_of_them(store):
    ParquetSink(store).write(a_run(9, "red cat", session_id="room_1", status="blocked"))
    ParquetSink(store).write(a_run(8, "red dog", session_id="room_1"))
    room, everything = frozenset({"room_1"}), listed(store)
    assert set(listed(store, sight=Sight(of_sessions=room))) == {"00000008", "00000009"}
    elsewhere = listed(store, sight=Sight(not_of_status="blocked", not_of_sessions=room))
    assert elsewhere == [one for one in everything if one not in ("00000008", "00000009")]


def test_what_somebody_is_asked_of_each_run_is_not_on_the_page(store):
    Filler(store).fill()
    found = Catalogue(store).page(RunWish(), limit=9, may_see=lambda run: run.trace_id[7] != "1")
    assert [card.listed["trace_id"][:8] for card in found.runs] == ["00000000", "00000002"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        *(("Straße", "strasse"), ("Ärger", "arger"), ("É\u0301", "e"), ("ﬁn", "fin"), ("İ", "i")),
        *(("أَحْمَد", "احمد"), ("ٱلْوَرْدَة", "الوردة"), ("مـــرحبا", "مرحبا"), ("שָׁלוֹם", "שלום")),
        *(("ガーデン", "ガーデン"), ("ｶﾞ", "ガ"), ("हिन्दी", "हिन्दी"), ("한국어", "한국어"), ("ＡＢＣ１", "abc1")),
    ],
)
def test_letters_are_compared_as_people_do(text, plain):
    assert folded(text) == plain
    assert words_wanted(text) == (plain,)


def test_a_run_with_the_same_write_is_not_read_again(store):
    Filler(store).fill()
    before = rows_of(store)
    ParquetSink(store).write(a_run(5))
    Filler(store).fill()
    assert rows_of(store)[:3] == before
