"""Scenario 20: a record that an earlier tracker wrote is read, whatever it lacks or adds."""

import datetime as dt
import json
import logging
import os
from pathlib import Path

import pytest

from otel_tracking import ExecutionRecord, ItemType

SAMPLES = Path(os.environ.get("ERA_A_SAMPLES", Path(__file__).parents[1] / "samples" / "era_a"))
SAMPLE_FILES = sorted(SAMPLES.glob("exec_*.json"))


def an_old_item(**changes):
    item = {
        "sequence_number": 1,
        "timestamp": "2025-11-03T22:41:53.608540",
        "stage": 2,
        "stage_iteration": None,
        "loop_iteration": None,
        "item_type": "interception_final",
        "media_type": "text",
        "content": "A ritual dance",
        "file_path": None,
        "config_used": "stillepost",
        "model_used": "mistral-nemo:latest",
        "backend_used": "ollama",
        "execution_time": 0.0,
        "metadata": {"total_iterations": 8},
    }
    return {**item, **changes}


def an_old_record(*items):
    return {
        "execution_id": "exec_20251103_224153_608540d5",
        "config_name": "stillepost",
        "timestamp": "2025-11-03T22:41:53.608540",
        "user_id": "anonymous",
        "session_id": "default",
        "execution_mode": "eco",
        "safety_level": "kids",
        "used_seed": None,
        "total_execution_time": 210.0,
        "items": list(items),
        "taxonomy_version": "1.0",
    }


@pytest.mark.parametrize("key", ["backend_used", "backend_type"])
def test_both_names_of_the_backend_are_read(key):
    """Records from before and from after the renaming say the same."""
    old = an_old_item()
    backend = old.pop("backend_used")
    record = ExecutionRecord.from_dict(an_old_record({**old, key: backend}))

    assert record.items[0].backend_used == "ollama"
    assert record.items[0].metadata == {"total_iterations": 8}


def test_an_unknown_item_type_loads_with_a_warning(caplog):
    """The taxonomy grows; a record from elsewhere is kept word for word and the log says what was unknown."""
    with caplog.at_level(logging.WARNING):
        record = ExecutionRecord.from_dict(an_old_record(an_old_item(item_type="latent_lab_step"), an_old_item()))

    assert [item.item_type for item in record.items] == ["latent_lab_step", ItemType.INTERCEPTION_FINAL]
    assert "latent_lab_step" in caplog.text


def test_a_naive_time_becomes_an_aware_one():
    """Times without a zone are taken as UTC, so that all times of a study can be compared."""
    record = ExecutionRecord.from_dict(an_old_record(an_old_item()))
    moment = dt.datetime(2025, 11, 3, 22, 41, 53, 608540, tzinfo=dt.UTC)

    assert (record.timestamp, record.items[0].timestamp) == (moment, moment)


def test_a_field_that_nobody_knows_is_kept():
    """Nothing of an old record is thrown away."""
    record = ExecutionRecord.from_dict({**an_old_record(an_old_item(node_title="Save Image")), "device": "iPad 3"})

    assert record.metadata["unknown_fields"] == {"device": "iPad 3"}
    assert record.items[0].metadata["unknown_fields"] == {"node_title": "Save Image"}


def test_a_record_without_status_gets_the_one_its_items_show():
    """Era A had no status: an error, a block or a missing end can still be read from its items."""
    done = an_old_item(item_type="pipeline_complete", stage=5)
    failed = an_old_item(item_type="pipeline_error", stage=2)
    blocked = an_old_item(item_type="stage1_blocked", stage=1)
    statuses = [ExecutionRecord.from_dict(an_old_record(*items)).status for items in ([done], [failed], [blocked], [])]

    assert statuses == ["completed", "error", "blocked", "interrupted"]


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.stem)
def test_real_records_of_era_a_load_and_keep_what_they_say(path):
    """Every field of every item that the old tracker wrote is the same after loading, times apart."""
    old = json.loads(path.read_text(encoding="utf-8"))
    record = ExecutionRecord.from_dict(old)

    assert (record.execution_id, record.config_name) == (old["execution_id"], old["config_name"])
    assert record.status in ("completed", "partial", "error")
    assert len(record.items) == len(old["items"])
    for item, before in zip(record.items, old["items"], strict=True):
        after = item.to_dict()
        del before["timestamp"]
        assert {name: after[name] for name in before} == before
        assert item.timestamp.tzinfo is dt.UTC


@pytest.mark.parametrize("path", SAMPLE_FILES, ids=lambda path: path.stem)
def test_real_records_survive_a_round_trip(path):
    """What is loaded can be written and loaded again, to an equal record."""
    record = ExecutionRecord.from_dict(json.loads(path.read_text(encoding="utf-8")))

    assert ExecutionRecord.from_dict(record.to_dict()) == record
