"""Who said yes, who no longer does, and whose runs leave for it."""

import datetime as dt
import json
import stat

import pytest
from builders import a_record
from hypothesis import given
from hypothesis import strategies as st
from study_stage import NAMES, files_with, keys_in, runs_of

from exporters import list_executions, read_records
from exporters.errors import BrokenFile, WrongConsents
from exporters.privacy.consent import Consents, Withheld, consent_gate
from exporters.privacy.consent_lists import Consent, ConsentState, checked_consent, read_consent_list
from exporters.privacy.studies import change_study, new_study

GIVEN, WITHDRAWN, NOT_ASKED = ConsentState.GIVEN, ConsentState.WITHDRAWN, ConsentState.NOT_ASKED


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    return keys_in(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def garden(data):
    return new_study(data, "garden")


@pytest.fixture
def consents(data, garden):
    return Consents(data, garden)


def said(state, date="2026-11-20", by="guardian", **more):
    return Consent(state=state, by=by, date=date, **more)


def lets_out(data, at=None, **fields):
    return consent_gate(data, at).lets_out(a_record(study_id="garden", **fields))


class TestTheGate:
    def test_lets_out_only_whom_somebody_said_yes_for(self, data, consents):
        consents.note([("anna", said(GIVEN)), ("berta", said(NOT_ASKED))])
        assert lets_out(data, user_id="anna")
        assert not lets_out(data, user_id="berta")
        assert not lets_out(data, user_id="carla")
        assert not lets_out(data)

    def test_keeps_in_whoever_withdrew_and_lets_out_who_said_yes_again(self, data, consents):
        consents.note([("anna", said(GIVEN, "2026-11-20")), ("anna", said(WITHDRAWN, "2026-11-21"))])
        assert not lets_out(data, user_id="anna")
        consents.note([("anna", said(GIVEN, "2026-11-22"))])
        assert lets_out(data, user_id="anna")

    def test_is_not_opened_again_by_a_list_from_before_the_withdrawal(self, data, consents):
        """The spreadsheet of the first day, imported once more, takes nothing back."""
        first = [("anna", said(GIVEN, "2026-11-20"))]
        consents.note(first)
        consents.note([("anna", said(WITHDRAWN, "2026-11-21"))])
        assert consents.note(first) == 0
        consents.note([("anna", said(GIVEN, "2026-11-20", form_version="2"))])
        assert not lets_out(data, user_id="anna")

    def test_takes_a_withdrawal_without_an_hour_for_the_last_word_of_its_day(self, data, consents):
        consents.note([("anna", said(WITHDRAWN, "2026-11-21")), ("anna", said(GIVEN, "2026-11-21T15:00:00+00:00"))])
        assert not lets_out(data, user_id="anna")

    def test_stays_shut_where_a_study_is_gone_and_its_list_is_there(self, data, consents):
        consents.note([("anna", said(GIVEN))])
        next((data / "privacy" / "studies").iterdir()).unlink()
        gate = consent_gate(data)
        assert not gate.lets_out(a_record(study_id="garden", user_id="anna"))
        assert "knows no study garden" in gate.troubles["garden"]

    @pytest.mark.parametrize("folder", ["studies", "consent"])
    def test_stays_shut_where_a_file_is_nested_deeper_than_anybody_reads(self, data, consents, folder):
        consents.note([("anna", said(GIVEN))])
        [path] = (data / "privacy" / folder).iterdir()
        path.write_bytes(b"[" * 200_000 + b"\n")
        gate = consent_gate(data)
        assert not gate.lets_out(a_record(study_id="garden", user_id="anna"))
        assert "damaged" in gate.troubles["garden"]

    @pytest.mark.parametrize(
        ("at", "is_open"), [("2026-11-19", False), ("2026-11-20", True), ("2026-11-21", False), ("2026-11-22", True)]
    )
    def test_says_what_held_at_an_instant(self, data, consents, at, is_open):
        days = {"2026-11-20": GIVEN, "2026-11-21": WITHDRAWN, "2026-11-22": GIVEN}
        consents.note(("anna", said(state, day)) for day, state in days.items())
        noon = dt.datetime.fromisoformat(f"{at}T12:00:00+00:00")
        assert lets_out(data, noon, user_id="anna") is is_open

    def test_needs_a_yes_for_one_of_a_runs_ids_and_a_no_for_none(self, data, consents):
        consents.note([("anna", said(GIVEN)), ("class-4b", said(GIVEN)), ("tablet-7", said(WITHDRAWN))])
        assert lets_out(data, user_id="anna", device_id="tablet-1")
        assert lets_out(data, user_id="nobody", session_id="class-4b")
        assert not lets_out(data, user_id="anna", session_id="class-4b", device_id="tablet-7")

    def test_knows_a_person_by_name_and_by_pseudonym(self, data, garden, consents):
        anna = garden.pseudonyms.of("user_id", "anna")
        consents.note([("anna", said(GIVEN))])
        assert lets_out(data, user_id=anna)
        consents.note([(anna, said(WITHDRAWN, "2026-11-22"))])
        assert not lets_out(data, user_id="anna")
        assert not lets_out(data, user_id=anna)

    def test_lets_out_what_is_not_its_business(self, data, garden):
        gate = consent_gate(data)
        assert gate.lets_out(a_record(user_id="anna"))
        assert gate.lets_out(a_record(user_id="anna", study_id="elsewhere"))
        change_study(data, "garden", consent_required=False)
        assert consent_gate(data).lets_out(a_record(user_id="anna", study_id="garden"))
        assert gate.counts == {}

    def test_counts_each_run_once_by_study_and_reason(self, data, consents):
        consents.note([("anna", said(WITHDRAWN))])
        gate = consent_gate(data)
        for _ in range(2):
            for number, person in enumerate(["anna", "berta", "carla"]):
                gate.lets_out(a_record(study_id="garden", user_id=person, execution_id=f"exec_{number}", trace_id=None))
        assert gate.counts == {"garden": {"withdrawn": 1, "without_consent": 2}}
        assert [gate.count(reason) for reason in Withheld] == [2, 1, 0]

    def test_takes_rows_of_a_list_as_it_takes_records(self, data, consents):
        runs_of(data, {"user_id": "anna", "study_id": "garden"}, {"user_id": "berta", "study_id": "garden"})
        consents.note([("anna", said(GIVEN))])
        gate = consent_gate(data)
        rows = {row.user_id: gate.lets_out(row) for row in list_executions(data)}
        assert rows == {"anna": True, "berta": False}
        assert {record.user_id: gate.lets_out(record) for record in read_records(data)} == rows

    @pytest.mark.parametrize("harm", ["no key", "key of others", "facts damaged", "consents damaged"])
    def test_lets_nothing_out_that_it_cannot_decide(self, data, garden, consents, harm):
        consents.note([("anna", said(GIVEN)), ("berta", said(WITHDRAWN))])
        if harm == "no key":
            garden.key_path.unlink()
        elif harm == "key of others":
            garden.key_path.chmod(0o644)
        elif harm == "facts damaged":
            (data / "privacy/studies/garden.json").write_text("{")
        else:
            path = data / "privacy/consent/garden.jsonl"
            path.write_bytes(path.read_bytes().replace(b"withdrawn", b"withdrawm"))
        gate = consent_gate(data)
        assert not gate.lets_out(a_record(study_id="garden", user_id="anna"))
        assert gate.lets_out(a_record(study_id=None, user_id="anna"))
        assert gate.counts == {"garden": {"undecided": 1}}
        assert "garden" in gate.troubles["garden"]


class TestWhatIsKept:
    def test_has_no_name_and_only_its_owner_reads_it(self, data, consents):
        consents.note([(name, said(GIVEN)) for name in NAMES.values()])
        path = data / "privacy" / "consent" / "garden.jsonl"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [files_with(name, data) for name in NAMES.values()] == [[], [], []]

    def test_is_only_ever_added_to(self, data, consents):
        path = data / "privacy" / "consent" / "garden.jsonl"
        consents.note([("anna", said(GIVEN))])
        first = path.read_bytes()
        consents.note([("anna", said(WITHDRAWN, "2026-11-21"))])
        assert path.read_bytes().startswith(first)
        assert [consent.state for consent in consents.history("anna")] == [GIVEN, WITHDRAWN]

    def test_and_was_cut_off_by_a_death_was_never_said_and_harms_no_later_line(self, data, consents):
        consents.note([("anna", said(GIVEN))])
        path = data / "privacy" / "consent" / "garden.jsonl"
        with path.open("ab") as file:
            file.write(b'{"marks": ["0000"], "con')
        assert lets_out(data, user_id="anna")
        consents.note([("anna", said(WITHDRAWN, "2026-11-21"))])
        assert not lets_out(data, user_id="anna")
        assert len(path.read_text().splitlines()) == 2

    def test_and_cannot_be_read_is_named_with_its_line(self, data, consents):
        consents.note([("anna", said(GIVEN)), ("berta", said(GIVEN))])
        path = data / "privacy" / "consent" / "garden.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(lines[0] + b"?" + lines[1])
        with pytest.raises(BrokenFile, match="line 2"):
            consents.states()

    def test_says_how_many_are_in_which_state(self, consents):
        consents.note([("anna", said(GIVEN)), ("berta", said(GIVEN)), ("anna", said(WITHDRAWN, "2026-11-21"))])
        assert consents.counts() == {"given": 1, "withdrawn": 1}

    def test_of_one_study_is_nothing_to_another(self, data, consents):
        winter = new_study(data, "winter")
        consents.note([("anna", said(GIVEN))])
        Consents(data, winter).note([("anna", said(WITHDRAWN))])
        assert lets_out(data, user_id="anna")
        assert not consent_gate(data).lets_out(a_record(study_id="winter", user_id="anna"))
        marks = {json.loads(line)["marks"][0] for path in (data / "privacy/consent").iterdir() for line in path.open()}
        assert len(marks) == 2


@given(
    ids=st.fixed_dictionaries({field: st.none() | st.sampled_from("abc") for field in NAMES}),
    states=st.dictionaries(st.sampled_from("abc"), st.sampled_from([GIVEN, WITHDRAWN, NOT_ASKED])),
)
def test_nobody_leaves_for_whom_a_no_or_no_yes_is_known(tmp_path_factory, ids, states):
    tmp_path = tmp_path_factory.mktemp("any")
    with pytest.MonkeyPatch.context() as patch:
        keys_in(tmp_path, patch)
        study = new_study(tmp_path / "data", "garden")
        Consents(tmp_path / "data", study).note((person, said(state)) for person, state in states.items())
        known = {states.get(value) for value in ids.values() if value is not None}
        assert lets_out(tmp_path / "data", **ids) is (GIVEN in known and WITHDRAWN not in known)


class TestAList:
    @pytest.fixture
    def file(self, tmp_path):
        return tmp_path / "consents.csv"

    @pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
    @pytest.mark.parametrize("sign", [b",", b";"])
    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_comes_as_spreadsheets_write_it(self, file, mark, sign, end):
        rows = [
            b"person,state,by,date,form_version",
            b"J\xc3\xb6rg,given,guardian,2026-11-20,2",
            b"anna,Withdrawn,person,2026-11-21,",
            b",,,,",
        ]
        file.write_bytes(mark + end.join(row.replace(b",", sign) for row in rows))
        assert read_consent_list(file) == [
            ("Jörg", said(GIVEN, form_version="2")),
            ("anna", said(WITHDRAWN, "2026-11-21", "person")),
        ]

    def test_may_have_its_columns_in_any_order_and_others_beside(self, file):
        file.write_text('Date,School,Person,By,State\n2026-11-20,Bauhaus,"Muster, Anna",guardian,not asked\n')
        assert read_consent_list(file) == [("Muster, Anna", said(NOT_ASKED))]

    @pytest.mark.parametrize(
        ("row", "sentence"),
        [
            ("anna,yes,guardian,2026-11-20", "the state 'yes' is none; given, withdrawn or not_asked would work"),
            (",given,guardian,2026-11-20", "no person is named"),
            ("anna,given,,2026-11-20", "nobody is named in by"),
            ("anna,given,guardian,20.11.2026", "the date '20.11.2026' is none; 2026-11-23 would work"),
            ("anna,given,guardian,", "the date '' is none"),
            ("anna,given,guardian,2126-11-20", "is still to come"),
            ("anna,given,guardian", "it has 3 cells, the first line 4"),
            ("anna,given,guardian,2026-11-20,more", "it has 5 cells, the first line 4"),
            ('"anna,given,guardian,2026-11-20', "no row of a CSV file"),
        ],
    )
    def test_with_a_wrong_row_is_refused_with_its_line_and_what_would_work(self, file, row, sentence):
        file.write_text(f"person,state,by,date\nberta,given,guardian,2026-11-20\n{row}\n")
        with pytest.raises(WrongConsents) as caught:
            read_consent_list(file)
        [told] = caught.value.sentences
        assert told.startswith(f"line 3 of {file}")
        assert sentence in told

    def test_with_several_wrong_rows_names_them_all(self, file):
        file.write_text("person,state,by,date\n" + "anna,yes,x,2026-11-20\n" * 3)
        with pytest.raises(WrongConsents) as caught:
            read_consent_list(file)
        assert [sentence.split(" of ")[0] for sentence in caught.value.sentences] == ["line 2", "line 3", "line 4"]

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"", "line 1 of"),
            (b"person,state\n", "no column by, date"),
            (b"person,person,state,by,date\n", "no column once"),
            (b"person,state,by,date\nJ\xf6rg,given,x,2026-11-20\n", "line 2 of .* is not in UTF-8"),
            (None, "cannot be read"),
        ],
    )
    def test_that_is_none_is_refused(self, file, content, sentence):
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(WrongConsents, match=sentence):
            read_consent_list(file)

    @given(st.binary(max_size=200))
    def test_of_any_bytes_is_read_or_refused(self, tmp_path_factory, content):
        file = tmp_path_factory.mktemp("any") / "list.csv"
        file.write_bytes(b"person,state,by,date\n" + content)
        try:
            assert all(person and consent.by for person, consent in read_consent_list(file))
        except WrongConsents as wrong:
            assert all(str(file) in sentence for sentence in wrong.sentences)

    @pytest.mark.parametrize("date", ["2026-11-20", "20261120", "2026-11-20T08:00", "2026-11-20T08:00:00+01:00"])
    def test_has_dates_as_iso_writes_them(self, date):
        assert checked_consent("given", "person", date).begins.date() == dt.date(2026, 11, 20)
