"""A sheet that is filled in in a spreadsheet is read as it was meant, or each wrong cell is named; code books too."""

import io
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from remark_stage import A_BOOK, EMIL, FIRST, MIRA, SECOND, VALUES, VARIABLES, a_remarked_record, changes

from exporters.collections import CollectionOptions
from exporters.collections.sheet import write
from exporters.errors import WrongRemarks
from exporters.remarks.annotated import with_remarks
from exporters.remarks.codebook_files import codebook_as_csv, codebook_as_json, read_codebook
from exporters.remarks.remarks import RunMark
from exporters.remarks.sheet import changes_in, read_sheet
from exporters.remarks.variables import Variable
from otel_tracking.erasure import RunId
from otel_tracking.record import ExecutionRecord, read_timestamp

HEAD = "execution_id,quality,rating,distance,comment"


@pytest.fixture
def read(tmp_path):
    """Changes and sentences in a sheet of that text or of these bytes; there are two runs."""

    def read(content, *, runs=(FIRST, SECOND), **options):
        path = tmp_path / "sheet.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return changes_in(read_sheet(path, A_BOOK), A_BOOK, rows_of(runs), **options)

    return read


def rows_of(runs, study=None):
    rows = [SimpleNamespace(execution_id=run.execution_id, trace_id=run.trace_id, study_id=study) for run in runs]
    return lambda name: [row for row in rows if row.execution_id == name]


def a_run(run):
    return ExecutionRecord(
        execution_id=run.execution_id, trace_id=run.trace_id, config_name="dada", timestamp=read_timestamp("")
    )


def sheet_of(book, runs):
    file = io.BytesIO()
    write([with_remarks(a_run(run), book) for run in runs], file, CollectionOptions())
    return file.getvalue()


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([FIRST, SECOND, RunId('=odd, "id"', "7" * 32)]), changes, min_size=1))
def test_what_was_said_is_the_same_after_a_way_through_a_sheet(tmp_path_factory, changed):
    book = A_BOOK.with_changes(changed, MIRA)
    path = tmp_path_factory.mktemp("sheets") / "sheet.csv"
    path.write_bytes(sheet_of(book, list(changed)))
    read, wrong = changes_in(read_sheet(path, A_BOOK), A_BOOK, rows_of(list(changed)))
    assert wrong == []
    assert A_BOOK.with_changes(read, MIRA) == book
    assert book.with_changes(read, EMIL) == book


def test_a_sheet_is_safe_to_open():
    content = sheet_of(A_BOOK, [FIRST]).decode("utf-8-sig")
    assert content.startswith("execution_id,trace_id,prompt,final_text,is_test,is_excluded,note,quality")
    file = io.BytesIO()
    write([a_remarked_record()], file, CollectionOptions())
    assert ",'=SUM(1)\r\n" in file.getvalue().decode()


class TestReading:
    def test_semicolons_commas_in_numbers_and_a_byte_order_mark_are_taken(self, read):
        made, wrong = read(f"\ufeff{HEAD.replace(',', ';')}\r\nimported;low;7;3,5;schön\r\n")
        assert not wrong
        assert made[SECOND].values == {"quality": "low", "rating": 7, "distance": 3.5, "comment": "schön"}

    def test_an_empty_cell_says_nothing_or_takes_away(self, read):
        assert read(f"{HEAD}\nimported,,,,\n")[0][SECOND].values == {}
        assert read(f"{HEAD}\nimported,,,,\n", clears_empty=True)[0][SECOND].values["rating"] is None
        made, _ = read("execution_id,is_test,note\nimported,,\n", clears_empty=True)
        assert (made[SECOND].marks, made[SECOND].note) == ({RunMark.TEST: False}, "")

    def test_all_that_is_wrong_is_named_at_once_by_line_and_column(self, read):
        made, wrong = read(f"{HEAD},mood\nnobody,low,1,1,x,y\nimported,hgh,x,1.5.2,fine,\nimported,low\n")
        assert not made
        assert [sentence.partition("sheet.csv, ")[2] for sentence in wrong] == [
            "no variable is called 'mood'. There are: quality, rating, distance, is_funny, rated_on, comment",
            "there are 2 cells, and 6 on the first line",
            "execution_id: no run is called 'nobody'; otel-tracking list has ids",
            "quality: 'hgh' is none of its values. Did you mean high? There are: low, high",
            "rating: 'x' is no integer; 42 would work",
            "distance: '1.5.2' is no number; 0.5 would work",
        ]
        assert [sentence.split()[1] for sentence in wrong] == ["1", "4", "2", "3", "3", "3"]

    def test_a_line_is_where_its_row_begins(self, read):
        _, wrong = read('execution_id,comment,rating\nimported,"two\nlines",1\nnobody,a,1\n')
        assert wrong[0].startswith("line 4 of")

    def test_a_run_that_stands_there_twice_is_named_with_both_lines(self, read):
        made, [sentence] = read("execution_id,rating\nimported,1\nimported,2\n")
        assert made[SECOND].values == {"rating": 1}
        assert "line 3" in sentence and "stands on line 2, too" in sentence

    def test_runs_that_share_an_id_are_told_apart_by_their_traces(self, read):
        twins = (RunId("twin", "a" * 32), RunId("twin", "b" * 32))
        assert "a column trace_id would tell them apart" in read("execution_id,rating\ntwin,1\n", runs=twins)[1][0]
        made, wrong = read(f"execution_id,trace_id,rating\ntwin,{'b' * 32},1\n", runs=twins)
        assert (list(made), wrong) == ([twins[1]], [])

    def test_what_is_the_runs_own_is_passed_over(self, read):
        made, wrong = read("execution_id,status,prompt,rating\nimported,blocked,=evil(),1\n")
        assert (made[SECOND].values, wrong) == ({"rating": 1}, [])

    def test_a_variable_of_a_study_is_for_its_runs(self, tmp_path):
        book = A_BOOK.with_variable(Variable(name="garden_only", type="text", study="garden"))
        path = tmp_path / "sheet.csv"
        path.write_text("execution_id,garden_only\nimported,x\n")
        sheet = read_sheet(path, book)
        assert changes_in(sheet, book, rows_of([SECOND], study="garden"))[1] == []
        [sentence] = changes_in(sheet, book, rows_of([SECOND]))[1]
        assert "for runs of the study garden, and this one is of none" in sentence

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "the first column of .* is nothing; execution_id would work"),
            (b"id,rating\n", "the first column of .* is 'id'"),
            (b"execution_id,rating,rating\n", "'rating' stands there twice"),
            ("execution_id,comment\nimported,Bl\xfcte\n".encode("latin-1"), "line 2 of .* is not in UTF-8"),
            ("execution_id,rating\n".encode("utf-16"), "not in UTF-8"),
            (b'execution_id,comment\nimported,"never closed\n', "no row of a CSV file"),
            (b"execution_id,comment\nimported," + b"x" * 200_000 + b"\n", "no row of a CSV file"),
        ],
    )
    def test_what_is_no_sheet_is_refused_in_words(self, read, content, why):
        with pytest.raises(WrongRemarks, match=why):
            read(content)

    def test_a_huge_one_is_refused_before_it_is_read(self, tmp_path):
        path = tmp_path / "huge.csv"
        with path.open("wb") as file:
            file.truncate(2**33)
        with pytest.raises(WrongRemarks, match="at most would work"):
            read_sheet(path, A_BOOK)

    @pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2Jb", "x" * 20_000])
    def test_a_text_that_no_table_can_hold_is_named(self, read, text):
        made, [sentence] = read(f"execution_id,comment\nimported,{text}\n")
        assert not made
        assert "line 2" in sentence and "comment: " in sentence and "would work" in sentence
        assert "\x1b" not in sentence

    @given(st.binary(max_size=300))
    def test_any_bytes_are_read_or_refused(self, tmp_path_factory, content):
        path = tmp_path_factory.mktemp("sheets") / "sheet.csv"
        path.write_bytes(b"execution_id,comment\n" + content)
        try:
            changes_in(read_sheet(path, A_BOOK), A_BOOK, rows_of([FIRST]))
        except WrongRemarks as refused:
            assert refused.sentences


class TestCodeBooks:
    @pytest.mark.parametrize(("suffix", "written"), [("csv", codebook_as_csv), ("json", codebook_as_json)])
    def test_a_code_book_reads_back(self, tmp_path, suffix, written):
        variables = [*VARIABLES, Variable(name="odd", type="choice", choices=("=1", "ü, ;"), description='"-"\nnew')]
        path = tmp_path / f"book.{suffix}"
        path.write_bytes(written(variables))
        assert read_codebook(path) == variables

    @pytest.mark.parametrize(
        ("name", "content", "why"),
        [
            ("book.json", "[]", "would work"),
            ("book.json", '{"variables": [7, {"name": "a"}, {"name": "a", "type": "x"}]}', "variable 1 .* no type"),
            ("book.json", '{"variables": [{"name": "a", "type": "text", "colour": "red"}]}', "colour is nothing"),
            ("book.json", '{"variables": [{"name": ["a"], "type": "text"}]}', "no text"),
            ("book.json", "[" * 100_000, "no code book"),
            ("book.csv", "nome,tipo\na,text\n", "its first line"),
            ("book.csv", "", "no code book"),
            ("book.csv", "name,type\na,text,more\n", "has 3 cells"),
        ],
    )
    def test_what_is_none_is_refused_in_words(self, tmp_path, name, content, why):
        (tmp_path / name).write_text(content)
        with pytest.raises(WrongRemarks, match=why):
            read_codebook(tmp_path / name)


def test_the_sheet_of_no_run_and_of_a_store_without_remarks_has_its_columns():
    head = "execution_id,trace_id,prompt,final_text,is_test,is_excluded,note\r\n"
    assert sheet_of(A_BOOK, []).decode("utf-8-sig") == head
    assert VALUES.keys() == {one.name for one in VARIABLES}
