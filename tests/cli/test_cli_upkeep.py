"""`recover`, `compact` and `import`: what a data directory needs from time to time."""

import datetime as dt
import json

from builders import a_record
from children import run_python
from cli_stage import call, call_json, stored

from exporters import ParquetSink, read_records

DIES = """
import os, sys
from collectors import start_recording
from exporters import ParquetSink
from otel_tracking import ItemType
recording = start_recording([ParquetSink(sys.argv[1])], journal=sys.argv[2])
run = recording.tracker().execution("stillepost")
run.stage(1).item(ItemType.USER_INPUT_TEXT, content="Eine Blume")
print(run.execution_id, flush=True)
os._exit(9)
"""

OLD = {
    "execution_id": "exec_20251103_224153_608540d5",
    "config_name": "stillepost",
    "timestamp": "2025-11-03T22:41:53",
    "items": [
        {
            "sequence_number": 1,
            "timestamp": "2025-11-03T22:41:53",
            "stage": 1,
            "item_type": "user_input_text",
            "media_type": "text",
            "content": "Eine Blume",
            "backend_type": "ollama",
        }
    ],
}


def test_runs_of_a_process_that_died_are_recovered_once(tmp_path, ram):
    """What the dead process had logged becomes a record; a second time there is nothing to do."""
    execution_id = run_dying(tmp_path, ram)
    answer, exit_code = call_json("recover", "--journal", ram, data=tmp_path)
    again = call("recover", "--journal", ram, data=tmp_path)

    [record] = read_records(tmp_path)
    expected = {"recovered": [execution_id], "already_durable": 0, "failed": 0, "refused": 0, "left_alone": []}
    assert (exit_code, answer) == (0, expected)
    assert (record.status, record.items[-1].content) == ("interrupted", "Eine Blume")
    assert "Nothing to recover" in again.stdout


def run_dying(data_dir, ram):
    """The execution id of a run whose process ended in the middle of it."""
    program = DIES.replace("os._exit(9)", "os._exit(0)")  # run_python wants a process that says it went well
    return run_python(program, data_dir, ram).strip()


def test_a_closed_day_is_compacted_and_nothing_is_lost(tmp_path):
    """Three files of a past day become one; the records are the same."""
    sink = ParquetSink(tmp_path)
    day = dt.datetime(2025, 11, 3, 12, tzinfo=dt.UTC)
    for number in range(3):
        sink.write(
            a_record(
                execution_id=f"exec_20251103_12000{number}_0000000{number}",
                trace_id=f"{number + 1:032x}",
                timestamp=day + dt.timedelta(seconds=number),
            )
        )
    before = list(read_records(tmp_path))
    answer, exit_code = call_json("compact", data=tmp_path)

    assert (exit_code, answer["days"], answer["executions"]) == (0, ["2025-11-03"], 3)
    assert answer["files_after"] < answer["files_before"]
    assert list(read_records(tmp_path)) == before
    assert "Nothing to compact" in call("compact", data=tmp_path).stdout


def test_a_directory_that_is_not_there_has_nothing_to_compact(tmp_path):
    """As nothing is listed in it; and it is not made."""
    result = call("compact", data=tmp_path / "nowhere")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Nothing to compact")
    assert not (tmp_path / "nowhere").exists()


def test_old_records_are_imported_once(tmp_path):
    """A record of an earlier tracker is readable afterwards; the same file again changes nothing."""
    path = tmp_path / "old.json"
    path.write_text(json.dumps(OLD))
    first, _ = call_json("import", path, data=tmp_path)
    second, exit_code = call_json("import", path, data=tmp_path)

    [record] = read_records(tmp_path)
    assert [first["files"][0]["result"], second["files"][0]["result"]] == ["imported", "known"]
    assert (exit_code, record.items[0].backend_used) == (0, "ollama")


def test_a_different_record_is_never_replaced_by_an_import(tmp_path):
    """What is stored stays; the file is named."""
    (tmp_path / "old.json").write_text(json.dumps(OLD))
    (tmp_path / "other.json").write_text(json.dumps({**OLD, "config_name": "dada"}))
    call("import", tmp_path / "old.json", data=tmp_path)
    result = call("import", tmp_path / "other.json", data=tmp_path)

    [record] = read_records(tmp_path)
    assert (result.exit_code, record.config_name) == (1, "stillepost")
    assert "other.json: another record is stored" in result.stderr


def test_one_broken_file_does_not_keep_the_others_out(tmp_path):
    """Each file that is not a record is named; the rest is imported; the exit code is 1."""
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "old.json").write_text(json.dumps(OLD))
    result = call("import", tmp_path / "broken.json", tmp_path / "nowhere.json", tmp_path / "old.json", data=tmp_path)

    assert result.exit_code == 1
    assert "1 record imported, 2 refused" in result.stdout
    assert [line.count(".json cannot be imported") for line in result.stderr.splitlines()] == [1, 1]
    assert len(list(read_records(tmp_path))) == 1


def test_a_damaged_dataset_is_said_in_one_sentence(tmp_path):
    """A Parquet file that is none is named; there is no traceback."""
    stored(tmp_path)
    [file] = (tmp_path / "executions").glob("*/*.parquet")
    file.write_bytes(b"not a Parquet file")
    result = call("list", data=tmp_path)

    assert result.exit_code == 1
    assert file.name in result.stderr
