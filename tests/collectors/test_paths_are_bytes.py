"""A path is bytes: a data directory whose name is no UTF-8 is recorded into, recovered, read and told of."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import orjson
import pytest
from children import ROOT, run_python

from collectors import recover, start_recording
from collectors.testing import WaitingSink
from exporters import ParquetSink, read_records
from exporters.errors import UnsafePath
from exporters.storage.reading.sql import connect

SECONDS = 60
NAME = os.fsdecode(b"da\xffta")


def run_through(recording):
    with recording.tracker().execution("dada") as run, run.output(1) as output, output.stage(4) as stage:
        stage.item("output_image", media=b"png bytes")


def test_a_data_directory_need_not_be_utf8(tmp_path, ram):
    """With the journal in one as well; health can be written as JSON by any writer."""
    data = tmp_path / NAME
    with start_recording([ParquetSink(data)], journal=ram / NAME, spill=tmp_path / "files" / NAME) as recording:
        run_through(recording)
        assert recording.flush(SECONDS)
        health = recording.health()
        assert health["journal"]["mode"] == "journal"
        assert orjson.loads(orjson.dumps(health)) == json.loads(json.dumps(health)) == health
        assert r"da\xffta" in health["journal"]["directory"] and r"da\xffta" in health["spill_directory"]
    [record] = read_records(data)
    assert [item.media.bytes for item in record.items if item.media] == [9]


DYING = """
import os, sys
from collectors import start_recording
from exporters import ParquetSink
data, journal = map(os.fsdecode, map(bytes.fromhex, sys.argv[1:]))
run = start_recording([ParquetSink(data)], journal=journal).tracker().execution("dada")
run.item("user_input_text", content="a")
os._exit(0)
"""


def test_what_died_beside_it_is_recovered_once(tmp_path, ram):
    """By the command too, whose answer is JSON in UTF-8; the sink finds what it has stored already."""
    data, journal = tmp_path / NAME, ram / NAME
    run_python(DYING, os.fsencode(data).hex(), os.fsencode(journal).hex())
    (journal / "nobody").mkdir()
    command = [sys.executable, "-m", "devserver.cli", "recover", "--json", "--data", data, "--journal", journal]
    told = subprocess.run(command, capture_output=True, timeout=SECONDS, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert told.returncode == 0, told.stderr
    assert len(json.loads(told.stdout)["recovered"]) == 1
    assert [record.config_name for record in read_records(data)] == ["dada"]
    assert ParquetSink(data).contains(next(read_records(data)).trace_id, 1)


def test_what_is_left_alone_there_is_told_in_utf8(tmp_path, ram):
    """In a log file, where a half of a character would lose the line."""
    (ram / NAME).mkdir()
    (ram / NAME).chmod(0o777)
    handler = logging.FileHandler(tmp_path / "log", encoding="utf-8")
    logging.getLogger("otel_tracking").addHandler(handler)
    try:
        report = recover([WaitingSink()], directory=ram / NAME)
    finally:
        logging.getLogger("otel_tracking").removeHandler(handler)
        handler.close()
    assert [what.path.endswith(r"da\xffta") for what in report.left_alone] == [True]
    assert r"da\xffta may be written by others (mode 777)" in (tmp_path / "log").read_text("utf-8")


def test_what_somebody_else_called_it_is_told_on_one_line(ram, caplog):
    """A name may hold anything but a slash, also what looks like another line of the log."""
    (ram / "default").mkdir()
    (ram / "default" / "1-1-1-1-x\nall is well\x1b[2J").mkdir()
    (ram / "default" / "1-1-1-1-x\nall is well\x1b[2J").chmod(0o777)
    [what] = recover([WaitingSink()], directory=ram).left_alone
    assert what.path.endswith(r"/1-1-1-1-x\nall is well\x1b[2J")
    assert what.path in caplog.text


def test_records_that_wait_in_files_there_are_recovered(tmp_path):
    hanging = WaitingSink()
    hanging.location = str(tmp_path / "data" / NAME)
    recording = start_recording([hanging], journal=False, spill=tmp_path / NAME)
    run_through(recording)
    assert hanging.entered.wait(SECONDS)
    recording.close(timeout=0.1)
    sink = ParquetSink(tmp_path / "data" / NAME)
    assert len(recover([sink], directory=tmp_path, spill=tmp_path / NAME).recovered) == 1
    hanging.release()


def test_sql_says_that_it_takes_no_such_path(tmp_path):
    """DuckDB knows paths as text only; what would help is said."""
    with pytest.raises(UnsafePath, match="give the directory a name in UTF-8"):
        connect(Path(tmp_path / NAME))
