"""Which runs are past their study's time."""

import datetime as dt
import json

import pytest
from builders import a_record
from hypothesis import given
from hypothesis import strategies as st
from study_stage import keys_in

from exporters import ParquetSink
from exporters.errors import BrokenFile
from exporters.privacy.retention import StudyRetention, overdue
from exporters.privacy.studies import change_study, new_study

NOW = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def keys(tmp_path, monkeypatch):
    return keys_in(tmp_path, monkeypatch)


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def store(data, *ages, study="garden"):
    """Runs that began so many days before now."""
    began = [(days, NOW - dt.timedelta(days=days)) for days in ages]
    records = [
        a_record(
            execution_id=f"exec_{moment:%Y%m%d_%H%M%S}_{number:08x}",
            trace_id=f"{number + hash(study) % 2**60:032x}",
            timestamp=moment,
            study_id=study,
        )
        for number, (_, moment) in enumerate(began, start=1)
    ]
    ParquetSink(data).write_all(records)
    return [record.execution_id for record in records]


def test_runs_that_began_longer_ago_than_the_study_keeps_them_are_overdue(data):
    new_study(data, "garden", retention_days=30)
    old, older, _ = store(data, 31, 400, 29)
    due = overdue(data, NOW)
    assert {run.execution_id for run in due.studies[0].runs} == {old, older}
    assert due.runs == 2
    assert due.studies[0].before == NOW - dt.timedelta(days=30)


def test_runs_of_studies_without_a_retention_and_of_none_stay(data):
    new_study(data, "garden")
    for study in ("garden", "elsewhere", None):
        store(data, 4000, study=study)
    assert overdue(data, NOW).studies == ()


def test_each_study_has_its_own_time(data):
    for name, days in (("garden", 30), ("winter", 300)):
        new_study(data, name, retention_days=days)
        store(data, 100, study=name)
    assert {entry.study: len(entry.runs) for entry in overdue(data, NOW).studies} == {"garden": 1, "winter": 0}


def test_a_changed_retention_counts_at_once_and_needs_no_key(data, keys):
    new_study(data, "garden", retention_days=300).key_path.unlink()
    store(data, 100)
    assert overdue(data, NOW).runs == 0
    change_study(data, "garden", retention_days=99)
    assert overdue(data, NOW).runs == 1


def test_what_is_meant_is_asked_of_records_that_are_stored_nowhere_too(data):
    new_study(data, "garden", retention_days=30)
    is_meant = overdue(data, NOW).is_meant
    assert is_meant(a_record(study_id="garden", timestamp=NOW - dt.timedelta(days=31)))
    assert not is_meant(a_record(study_id="garden", timestamp=NOW - dt.timedelta(days=29)))
    assert not is_meant(a_record(study_id="winter", timestamp=NOW - dt.timedelta(days=31)))


def test_the_report_is_json_for_programs(data):
    new_study(data, "garden", retention_days=30)
    [run] = store(data, 31)
    entry = {"study": "garden", "days": 30, "before": "2026-10-28T12:00:00+00:00", "runs": [run]}
    assert json.loads(json.dumps(overdue(data, NOW).to_dict())) == {"studies": [entry], "runs": 1}


def test_a_file_that_cannot_be_read_is_not_passed_over_in_silence(data):
    new_study(data, "garden", retention_days=30)
    store(data, 31)
    [path] = (data / "executions").rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BrokenFile):
        overdue(data, NOW)
    told = []
    assert overdue(data, NOW, on_damage=told.append).runs == 0
    assert [damage.path for damage in told] == [path]


@given(days=st.integers(1, 36_500), age=st.timedeltas(dt.timedelta(0), dt.timedelta(days=40_000)))
def test_a_run_is_over_exactly_when_it_is_older_than_was_promised(days, age):
    entry = StudyRetention("garden", days, NOW - dt.timedelta(days=days), ())
    run = a_record(study_id="garden", timestamp=NOW - age)
    assert entry.is_over(run) is (age > dt.timedelta(days=days))
