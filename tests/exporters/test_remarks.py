"""What researchers say of runs is kept as it was said: typed, by whom, whole after any death, by many at once."""

import contextlib
import os
import signal
from multiprocessing import get_context

import pytest
from hypothesis import given
from hypothesis import strategies as st
from remark_stage import A_BOOK, EMIL, EXCLUDED, FIRST, MIRA, SECOND, TEST, VALUES, VARIABLES, changes

from exporters.collections.facts import FACTS
from exporters.collections.refi.variables import OF_SOURCES
from exporters.collections.survey import COLUMNS
from exporters.errors import BrokenFile, WrongVariable
from exporters.privacy.profiles import Profile
from exporters.remarks.lines import book_of, lines_of
from exporters.remarks.remarks import CLEARED, RemarkChange, RunMark
from exporters.remarks.store import RemarkStore
from exporters.remarks.table import FIXED
from exporters.remarks.variables import RESERVED, Variable, read_value, written
from exporters.storage.writing.tombstones import Tombstones
from otel_tracking.erasure import RunId


def said(book, *changes_of_runs, speaker=MIRA):
    return book.with_changes(dict(changes_of_runs), speaker)


class TestTheBook:
    def test_keeps_who_said_something_first(self):
        book = said(said(A_BOOK, (FIRST, TEST)), (FIRST, TEST), (SECOND, TEST), speaker=EMIL)
        assert [book.runs[run].marks[RunMark.TEST].by for run in (FIRST, SECOND)] == ["Mira", "Emil"]

    def test_what_is_said_anew_takes_the_place_of_what_was_said(self):
        book = said(A_BOOK, (FIRST, RemarkChange(note="sad", values={"rating": 1})))
        book = said(book, (FIRST, RemarkChange(note="glad", values={"rating": 2})), speaker=EMIL)
        assert book.runs[FIRST].note == ("glad", *EMIL)
        assert book.runs[FIRST].values == {"rating": (2, *EMIL)}

    def test_true_is_not_one(self):
        assert said(A_BOOK, (FIRST, RemarkChange(values={"rating": 1}))) != said(
            A_BOOK, (FIRST, RemarkChange(values={"is_funny": True}))
        )

    def test_a_run_of_which_nothing_is_said_any_more_is_not_in_it(self):
        book = said(A_BOOK, (FIRST, RemarkChange(marks=EXCLUDED.marks, note="sad", values={"rating": 1})))
        book = said(book, (FIRST, CLEARED))
        assert book.runs[FIRST].values
        assert not said(book, (FIRST, RemarkChange(values={"rating": None}))).runs

    def test_the_stronger_word_is_why_a_run_does_not_leave(self):
        book = said(A_BOOK, (FIRST, RemarkChange(marks=dict.fromkeys(RunMark, True))))
        assert book.runs[FIRST].mark is RunMark.EXCLUDE

    @given(st.dictionaries(st.sampled_from([FIRST, SECOND, RunId("odd \ud800", "t")]), changes))
    def test_its_lines_read_back_as_it_is(self, changed):
        book = A_BOOK.with_changes(changed, MIRA)
        assert book_of(b"".join(lines_of(book))) == book


class TestVariables:
    def test_a_variable_is_removed_with_its_values(self):
        book = said(A_BOOK, (FIRST, RemarkChange(values=VALUES)), (SECOND, RemarkChange(values={"rating": 1})))
        left = book.without_variable("rating")
        assert "rating" not in left.runs[FIRST].values
        assert SECOND not in left.runs

    def test_a_type_is_changed_where_all_values_fit(self):
        book = said(A_BOOK, (FIRST, RemarkChange(values={"rating": 7})))
        as_text = book.with_variable(Variable(name="rating", type="text"))
        assert as_text.runs[FIRST].values["rating"].what == "7"
        with pytest.raises(WrongVariable, match="rating has 1 value that would not fit"):
            book.with_variable(Variable(name="rating", type="boolean"))

    def test_a_value_that_is_none_of_its_variable_any_more_is_not_kept(self):
        """Somebody may change the code book between looking and saying."""
        with pytest.raises(WrongVariable, match="changed meanwhile"):
            said(A_BOOK, (FIRST, RemarkChange(values={"rating": "seven"})))
        with pytest.raises(WrongVariable, match="no variable is called 'mood'"):
            said(A_BOOK, (FIRST, RemarkChange(values={"mood": 1})))

    @pytest.mark.parametrize(
        ("wrong", "why"),
        [
            ({"name": "1st", "type": "text"}, "a letter first"),
            ({"name": "status", "type": "text"}, "a column of runs already; my_status would work"),
            ({"name": "Note", "type": "text"}, "a column of runs already"),
            ({"name": "mood", "type": "chioce"}, "Did you mean choice"),
            ({"name": "mood", "type": "choice"}, "without values"),
            ({"name": "mood", "type": "choice", "choices": ("a", "a")}, "twice"),
            ({"name": "mood", "type": "choice", "choices": ("a|b",)}, "no value of mood"),
            ({"name": "mood", "type": "text", "choices": ("a",)}, "the type choice would work"),
            ({"name": "mood", "type": "text", "label": "\x00"}, "no table can hold"),
            ({"name": "mood", "type": "text", "leaves": "everywhere"}, "It may be full, pseudonymous, public"),
        ],
    )
    def test_one_that_cannot_be_says_what_would_work(self, wrong, why):
        with pytest.raises(WrongVariable, match=why.replace("|", r"\|")):
            Variable(**wrong)

    def test_two_names_that_differ_in_capitals_alone_are_one(self):
        with pytest.raises(WrongVariable, match="is called quality already"):
            A_BOOK.with_variable(Variable(name="Quality", type="text"))

    def test_no_variable_has_the_name_of_a_column_that_tables_and_projects_have(self):
        taken = {*(fact.name for fact in FACTS), *COLUMNS, *OF_SOURCES, *(column.name for column in FIXED)}
        assert taken <= RESERVED

    @given(changes)
    def test_a_value_that_is_written_reads_back(self, change):
        for name, value in change.values.items():
            read = read_value(A_BOOK.variable(name), written(value))
            assert (type(read), read) == (type(value), value)

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            *[("rating", text) for text in ("7.5", "", "seven", "٧", "9007199254740993", "1" * 5000)],
            *[("distance", text) for text in ("nan", "inf", "1e999", "1_000", "0x10", "1,5", "9" * 5000)],
            *[("rated_on", text) for text in ("31.02.2026", "2026-02-30", "11/24/2026", "0")],
            *[("is_funny", text) for text in ("vielleicht", "2")],
            *[("comment", text) for text in ("\x00", "\ud800", "x" * 10_001)],
            ("quality", "hgh"),
        ],
    )
    def test_what_is_no_value_says_so(self, name, text):
        with pytest.raises(ValueError, match=r"no|neither|larger|would work"):
            read_value(A_BOOK.variable(name), text)

    def test_spreadsheets_of_germany_are_read(self):
        assert read_value(A_BOOK.variable("distance"), "3,5", decimal_comma=True) == 3.5
        assert read_value(A_BOOK.variable("is_funny"), "WAHR") is True
        assert read_value(A_BOOK.variable("rated_on"), "24.11.2026") == VALUES["rated_on"]


class TestTheFile:
    def test_is_private_and_gone_when_nothing_is_left(self, tmp_path):
        store = RemarkStore(tmp_path)
        store.change(lambda book: said(book, (FIRST, TEST)))
        assert (store.path.stat().st_mode & 0o777, store.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
        store.change(lambda book: said(book, (FIRST, CLEARED)))
        assert not store.path.exists()

    def test_whoever_keeps_a_store_open_sees_what_others_say(self, tmp_path):
        one, other = RemarkStore(tmp_path), RemarkStore(tmp_path)
        assert not one.read()
        other.change(lambda book: said(book, (FIRST, TEST)))
        assert one.read().runs[FIRST].mark is RunMark.TEST

    def test_what_raises_changes_nothing(self, tmp_path):
        store = RemarkStore(tmp_path)
        before = store.change(lambda book: said(book, (FIRST, TEST)))
        with pytest.raises(WrongVariable):
            store.change(lambda book: book.without_variable("mood"))
        assert RemarkStore(tmp_path).read() == before

    @pytest.mark.parametrize("cut", [0, 1, 40, -1, -60])
    def test_one_that_was_cut_off_is_not_read(self, tmp_path, cut):
        store = full_store(tmp_path)
        content = store.path.read_bytes()
        store.path.write_bytes(content[:cut])
        with pytest.raises(BrokenFile, match="nobody knows which runs are marked; put back a copy"):
            RemarkStore(tmp_path).read()

    def test_one_that_lost_a_line_is_not_read(self, tmp_path):
        store = full_store(tmp_path)
        lines = store.path.read_bytes().splitlines(keepends=True)
        store.path.write_bytes(b"".join(lines[:-1]))
        with pytest.raises(BrokenFile):
            RemarkStore(tmp_path).read()

    @given(st.integers(0, 10_000), st.integers(0, 255))
    def test_one_with_another_byte_anywhere_is_not_read_or_says_the_same(self, place, byte):
        content = bytearray(b"".join(lines_of(A_FULL_BOOK)))
        content[place % len(content)] = byte
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            assert book_of(bytes(content)) == A_FULL_BOOK

    def test_what_is_no_file_is_not_read(self, tmp_path):
        store = full_store(tmp_path)
        store.path.rename(tmp_path / "elsewhere")
        store.path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(BrokenFile):
            RemarkStore(tmp_path).read()

    def test_nothing_is_kept_of_a_run_that_was_erased(self, tmp_path):
        with Tombstones(tmp_path).deciding():
            Tombstones(tmp_path).add([FIRST], "erasure")
        assert not RemarkStore(tmp_path).change(lambda book: said(book, (FIRST, TEST)))


A_FULL_BOOK = said(A_BOOK, (FIRST, RemarkChange(marks=TEST.marks, note="sad", values=VALUES)), (SECOND, EXCLUDED))


def full_store(data):
    store = RemarkStore(data)
    store.change(lambda _: A_FULL_BOOK)
    return store


def _mark_many(data, label, count):
    store = RemarkStore(data)
    for number in range(count):
        store.change(lambda book, number=number: said(book, (RunId(f"{label}{number}"), TEST)))


def test_two_processes_that_say_something_at_once_lose_nothing(tmp_path):
    fork = get_context("fork")
    writers = [fork.Process(target=_mark_many, args=(tmp_path, label, 25)) for label in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    wanted = {f"{label}{number}" for label in "ab" for number in range(25)}
    assert {run.execution_id for run in RemarkStore(tmp_path).read().runs} == wanted


@pytest.mark.parametrize("moment", ["rewrite remarks", "rename remarks"])
def test_a_death_in_the_middle_leaves_what_was_said_before(tmp_path, moment):
    before = full_store(tmp_path).read()
    child = os.fork()
    if child == 0:

        def step(name):
            if name == moment:
                os.kill(os.getpid(), signal.SIGKILL)

        RemarkStore(tmp_path).rewrite(lambda book: said(book, (FIRST, EXCLUDED)), step)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert RemarkStore(tmp_path).read() == before
    assert RemarkStore(tmp_path).change(lambda book: said(book, (FIRST, EXCLUDED))).runs[FIRST].mark is RunMark.EXCLUDE


def test_a_variable_may_leave_under_what_it_declares_and_what_is_less_strict():
    leaving = {one.name: [profile.value for profile in Profile if one.may_leave(profile)] for one in VARIABLES}
    assert leaving["is_funny"] == ["full"]
    assert leaving["rating"] == ["full", "pseudonymous"]
    assert leaving["quality"] == ["full", "pseudonymous", "public"]
