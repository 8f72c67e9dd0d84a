"""What was said of a run since goes along to people and to tables, and is in no record: those are what happened."""

import io
import json
import zipfile

import pyarrow.parquet as pq
import pytest
from builders import a_record, an_item
from remark_stage import A_BOOK, EXCLUDED, FIRST, MIRA, TEST, VALUES, a_remarked_record

from exporters import FORMATS, ParquetSink, connect
from exporters.collections import COLLECTIONS, CollectionOptions
from exporters.collections.making import make_collection
from exporters.dataset import make_dataset
from exporters.errors import BrokenFile, NothingSelected
from exporters.formats.json import parse
from exporters.privacy.deidentify import Privacy, deidentify
from exporters.privacy.roster import Roster
from exporters.privacy.text_rules import TextRules
from exporters.privacy.way_out import open_way_out
from exporters.remarks.annotated import Annotation, annotation_of
from exporters.remarks.remarks import RemarkChange
from exporters.remarks.store import RemarkStore
from exporters.storage.reading.sql import DamagedFiles
from otel_tracking.erasure import RunId
from otel_tracking.pseudonyms import Pseudonyms

RECORDS = ("json", "xml", "legacy_xml", "csv")
OTHER = RunId("exec_20261123_120001_0f0f0f0f", "0f0f0f0f" + "0" * 23 + "1")
READ_DOCUMENTS = {"html": bytes.decode, "docx": lambda content: _unzipped(content, "word/document.xml")}


def _unzipped(content, name):
    return zipfile.ZipFile(io.BytesIO(content)).read(name).decode()


@pytest.fixture
def data(tmp_path):
    """Two runs; of the first everything is said."""
    sink = ParquetSink(tmp_path / "data")
    sink.write(a_record(items=(an_item(content="Eine Blume"),)))
    sink.write(a_record(execution_id=OTHER.execution_id, trace_id=OTHER.trace_id))
    say(tmp_path / "data", {FIRST: RemarkChange(note="Anna was sad", values=VALUES)})
    return tmp_path / "data"


def say(data, changes):
    store = RemarkStore(data)
    store.change(lambda book: (book if book.variables else A_BOOK).with_changes(changes, MIRA))


class TestDocuments:
    @pytest.mark.parametrize("name", RECORDS)
    def test_a_record_is_what_happened_whoever_said_something_of_it(self, name):
        assert FORMATS[name].render(a_remarked_record()) == FORMATS[name].render(a_record())

    def test_json_reads_back_as_the_record(self):
        assert parse(FORMATS["json"].render(a_remarked_record())) == a_record()

    @pytest.mark.parametrize("name", READ_DOCUMENTS)
    def test_people_are_told_under_a_heading_of_its_own(self, name):
        told = READ_DOCUMENTS[name](FORMATS[name].render(a_remarked_record(), language="de"))
        for text in ("Anmerkungen von Forschenden", "Test, ausgeschlossen", "Anna was sad", "How good", "2026-11-24"):
            assert text in told

    @pytest.mark.parametrize("name", ["html", "pdf", "docx"])
    def test_a_document_is_the_same_where_nothing_was_said(self, name):
        nothing = a_remarked_record(Annotation(variables=A_BOOK.variables))
        assert FORMATS[name].render(nothing) == FORMATS[name].render(a_record())

    @pytest.mark.parametrize("name", ["html", "pdf", "docx"])
    def test_students_are_told_nothing_of_it(self, name):
        render = FORMATS[name].render
        assert render(a_remarked_record(), audience="student") == render(a_record(), audience="student")

    def test_a_note_is_text_and_nothing_else(self):
        told = FORMATS["html"].render(a_remarked_record(Annotation(note="<script>alert(1)</script>\u202e")))
        assert b"<script>" not in told and b"&lt;script&gt;" in told and "\u202e".encode() not in told


OF_RECORDS_ALONE = [name for name, form in COLLECTIONS.items() if not form.is_document and name != "annotations_csv"]
"""A document also tells how its runs left."""


class TestCollections:
    @pytest.mark.parametrize("name", OF_RECORDS_ALONE)
    def test_one_is_as_it_was_where_the_store_has_no_remarks(self, name, tmp_path):
        ParquetSink(tmp_path / "data").write(a_record())
        made = make_collection(tmp_path / "data", tmp_path / "made", name)
        file = io.BytesIO()
        COLLECTIONS[name].write([a_record()], file, CollectionOptions())
        assert made.path.read_bytes() == file.getvalue()

    def test_a_case_has_variables_of_their_types(self, data, tmp_path):
        make_collection(data, tmp_path / "made.qdpx", "qdpx")
        project = zipfile.ZipFile(tmp_path / "made.qdpx").read("project.qde").decode()
        assert 'name="is_funny" typeOfVariable="Boolean"' in project
        assert 'name="rated_on" typeOfVariable="Date"' in project
        for value in ("<BooleanValue>true<", "<DateValue>2026-11-24<", "<FloatValue>0.5<", "<TextValue>high<"):
            assert value in project

    def test_a_survey_has_columns_at_its_end(self, data, tmp_path):
        make_collection(data, tmp_path / "made.csv", "survey_csv")
        head, first, other = (tmp_path / "made.csv").read_text("utf-8-sig").splitlines()
        names = "is_test,is_excluded,note,quality,rating,distance,is_funny,rated_on,comment"
        assert head.endswith(f"backends,{names}")
        assert first.endswith(",false,false,Anna was sad,high,7,0.5,true,2026-11-24,'=SUM(1)")
        assert other.endswith(",false,false,,,,,,,")


class TestDatasets:
    def test_there_is_a_table_with_its_types_and_its_code_book(self, data, tmp_path):
        made = make_dataset(data, tmp_path / "made")
        table = pq.read_table(tmp_path / "made" / "annotations.parquet")
        [row] = table.to_pylist()
        assert row == {**ids(FIRST), "is_test": False, "is_excluded": False, "note": "Anna was sad", **VALUES}
        assert made.rows["annotations"] == 1
        code_book = json.loads((tmp_path / "made" / "codebook.json").read_text())["tables"]["annotations"]
        assert code_book["quality"] == {"values": "text", "description": "How good. One of: low, high"}
        assert "`annotations.parquet` | 1 |" in (tmp_path / "made" / "README.md").read_text()

    def test_one_of_a_store_without_remarks_says_nothing_of_them(self, tmp_path):
        ParquetSink(tmp_path / "data").write(a_record())
        made = make_dataset(tmp_path / "data", tmp_path / "made")
        assert "annotations" not in made.rows
        files = [path for path in (tmp_path / "made").iterdir() if path.is_file()]
        assert not [path for path in files if b"annotations" in path.read_bytes()]

    def test_the_same_remarks_give_the_same_bytes(self, data, tmp_path):
        assert make_dataset(data, tmp_path / "a").identifier == make_dataset(data, tmp_path / "b").identifier


class TestMarkedRuns:
    @pytest.mark.parametrize(("change", "why"), [(TEST, "marked_test"), (EXCLUDED, "marked_exclude")])
    def test_stay_and_are_counted(self, data, tmp_path, change, why):
        say(data, {FIRST: change})
        way_out = open_way_out(data)
        made = make_dataset(data, tmp_path / "made", way_out=way_out)
        assert (made.rows["executions"], way_out.kept_back) == (1, {why: 1})
        assert json.loads((tmp_path / "made" / "query.json").read_text())["privacy"]["kept_back"] == {why: 1}
        assert "1 more runs were chosen and are not here: 1 marked as" in (tmp_path / "made" / "README.md").read_text()

    def test_leave_where_somebody_says_so_or_names_them(self, data, tmp_path):
        say(data, {FIRST: TEST})
        assert make_collection(data, tmp_path / "a", "qdc", way_out=open_way_out(data, with_marked=True)).runs == 2
        assert make_collection(data, tmp_path / "b", "qdc", executions=[FIRST]).runs == 1

    def test_where_all_are_it_is_said_why_there_is_nothing(self, data, tmp_path):
        say(data, {FIRST: TEST, OTHER: EXCLUDED})
        with pytest.raises(NothingSelected, match="1 marked as excluded, 1 marked as test"):
            make_dataset(data, tmp_path / "made")

    def test_where_nobody_knows_which_they_are_nothing_leaves(self, data, tmp_path):
        RemarkStore(data).path.write_bytes(b"{}\n")
        for make in (make_dataset, lambda *where: make_collection(*where, "survey_csv")):
            with pytest.raises(BrokenFile, match="nobody knows which runs are marked"):
                make(data, tmp_path / "made")
        assert not (tmp_path / "made").exists()


class TestProfiles:
    ROSTER = TextRules([Roster(["Anna"])])

    def under(self, profile, annotation=None):
        made = deidentify(a_remarked_record(annotation), Privacy(profile, Pseudonyms(bytes(32)), self.ROSTER))
        return annotation_of(made.record), made

    def test_a_note_goes_through_the_text_rules_and_does_not_leave_in_public(self):
        assert self.under("pseudonymous")[0].note == "[name] was sad"
        public, made = self.under("public")
        assert public.note is None
        assert "annotation.note" in {one.place for one in made.left_out}

    def test_variables_leave_where_they_say_so_and_others_are_counted(self):
        assert self.under("pseudonymous")[0].values.keys() == {"quality", "rating", "distance", "comment"}
        public, made = self.under("public")
        assert public.values.keys() == {"quality", "distance", "comment"} == {one.name for one in public.variables}
        assert "annotation.values" in {one.place for one in made.left_out}

    def test_a_text_of_a_variable_goes_through_the_text_rules(self):
        said = Annotation(values={"comment": "Anna laughed"}, variables=A_BOOK.variables)
        public, made = self.under("public", said)
        assert public.values == {"comment": "[name] laughed"}
        assert made.redactions == {"name": 1}

    def test_full_leaves_everything(self):
        assert self.under("full")[0] == a_remarked_record().annotation


class TestQueries:
    def test_there_is_a_view_with_a_column_for_each_variable(self, data):
        found = connect(data).sql(
            "select e.execution_id, note, rating, is_funny, rated_on from executions e "
            "join annotations a on a.execution_id = e.execution_id and a.trace_id is not distinct from e.trace_id"
        )
        assert found.fetchall() == [(FIRST.execution_id, "Anna was sad", 7, True, VALUES["rated_on"])]

    def test_it_is_there_and_empty_where_nothing_was_said(self, tmp_path):
        assert connect(tmp_path).sql("select is_test, is_excluded, note from annotations").fetchall() == []

    def test_where_the_file_is_damaged_there_is_none_and_it_is_said(self, data):
        RemarkStore(data).path.write_bytes(b"{}\n")
        with pytest.warns(DamagedFiles, match="remarks.jsonl"):
            connection = connect(data)
        assert connection.sql("select count(*) from executions").fetchall() == [(2,)]
        with pytest.raises(Exception, match="annotations"):
            connection.sql("select * from annotations")


def ids(run):
    return {"execution_id": run.execution_id, "trace_id": run.trace_id}
