"""A study's runs end when it promised, and a person's when they say so: with the real erasure, by the commands."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "exporters", "erasure")]

from builders import a_record
from cli_stage import call, call_json
from places_stage import files_with

from collectors import start_recording
from exporters import ParquetSink, list_executions
from exporters.privacy.studies import new_study

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACKING_STUDIES", str(tmp_path / "keys"))
    return tmp_path / "data"


def stored(data, days_ago, **fields):
    moment = NOW - dt.timedelta(days=days_ago)
    trace = f"{days_ago + 1:032x}"
    ids = {"execution_id": f"exec_{moment:%Y%m%d_%H%M%S}_{trace[-8:]}", "trace_id": trace, "timestamp": moment}
    ParquetSink(data).write(a_record(**{**ids, "study_id": "garden", **fields}))
    return ids["execution_id"]


def test_retain_erases_what_is_past_its_time_and_nothing_else(data):
    """Told first, done with --yes, once; the audit says why, and of whom nothing."""
    new_study(data, "garden", retention_days=30)
    old, young, kept = stored(data, 40), stored(data, 3), stored(data, 50, study_id=None)
    told, code = call_json("retain", "--dry-run", data=data)
    assert (told["runs"], code) == (1, 0)
    assert len(list_executions(data)) == 3
    done, code = call_json("retain", "--yes", data=data)

    assert (done["erasure"]["runs"], done["erasure"]["complete"], code) == (1, True, 0)
    assert {row.execution_id for row in list_executions(data)} == {young, kept}
    assert call_json("retain", "--yes", data=data)[0]["runs"] == 0
    lines = [json.loads(line) for line in (data / "access" / "audit.jsonl").read_text().splitlines()]
    assert [(line["act"], line["reason"]) for line in lines] == [("erase", "retention")]
    assert not files_with(data, old)


def test_a_person_is_erased_by_name_where_the_data_has_pseudonyms_alone(data):
    """With the study's key; who withdraws is told this command."""
    study = new_study(data, "garden")
    with start_recording(
        [ParquetSink(data)], journal=False, pseudonyms=study.pseudonyms, study_id="garden"
    ) as recording:
        for user in ("anna", "ben"):
            with recording.tracker().execution("dada", user_id=user):
                pass
    call("consent", "set", "--study", "garden", "--person", "anna", "--state", "given", "--by", "guardian", data=data)
    told = call(
        "consent", "set", "--study", "garden", "--person", "anna", "--state", "withdrawn", "--by", "x", data=data
    )
    [command] = [line.strip() for line in told.output.splitlines() if "otel-tracking erase" in line]
    arguments = command[command.index("erase") :].replace("`", "").split()
    done = call(*arguments, "--yes", data=data)

    assert done.exit_code == 0, done.output
    assert [row.user_id for row in list_executions(data)] == [study.pseudonyms.of("user_id", "ben")]
    assert not files_with(data, str(study.pseudonyms.of("user_id", "anna")))
