"""Whatever is killed, whenever: readers see each run whole or not at all."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from children import ROOT, others_may_read, run_python, start_python
from crash_stage import PROGRAM, a_batch
from nursery import nursery_of
from records import LATER, a_record, an_item, rows, text_of

from exporters import ParquetSink, compact, read_records
from exporters.errors import CompactionRunning, NotWritable, WriteFailed
from exporters.storage.writing.locks import compaction_lock

WRITE_STEPS = 3 + 3 + 1
"""Media of three records, three tables, and the moment after."""

AT_ONCE = dt.timedelta(seconds=-60)
"""No file is too young to be what a crash left."""


@pytest.fixture(scope="module")
def run_child():
    """A function that gives how a child ended."""
    with nursery_of("crash_stage", Path(__file__).parent) as nursery:
        yield lambda *arguments: nursery.run(*arguments)[0]


def seen(data_dir):
    return sorted(map(text_of, read_records(data_dir)))


def texts(*batches):
    return sorted(text_of(record) for number in batches for record in a_batch(number))


@pytest.mark.parametrize("step", range(1, WRITE_STEPS + 1))
def test_a_write_killed_at_any_step_is_there_whole_or_not_at_all(tmp_path, run_child, step):
    """Before the executions are written nothing is visible; written again, everything is there once."""
    assert run_child("write", tmp_path, step) == -signal.SIGKILL
    assert seen(tmp_path) == (texts(0) if step == WRITE_STEPS else [])

    ParquetSink(tmp_path).write_all(a_batch(0))
    assert seen(tmp_path) == texts(0)

    compact(tmp_path, before=LATER, orphan_age=AT_ONCE)
    assert seen(tmp_path) == texts(0)
    assert len(rows(tmp_path, "items")) == sum(len(record.items) for record in a_batch(0))


@pytest.mark.parametrize("seed", range(4))
def test_a_writer_killed_at_a_random_moment_loses_nothing_it_announced(tmp_path, seed):
    """What was announced is there; what was under way is there in whole runs or not at all."""
    child = start_python(PROGRAM, "write_on", tmp_path, 0)
    for _ in range(random.Random(seed).randint(1, 12)):
        announced = int(child.stdout.readline())
    child.kill()
    rest, _ = child.communicate(timeout=60)
    announced = int((rest.split() or [announced])[-1])

    there = seen(tmp_path)
    assert there in (texts(*range(announced + 1)), texts(*range(announced + 2)))
    compact(tmp_path, before=LATER, orphan_age=AT_ONCE)
    assert seen(tmp_path) == there
    assert not [path for path in tmp_path.rglob("*.tmp") if "media" not in path.parts]


def test_a_compaction_killed_at_any_step_changes_nothing_that_is_read(tmp_path, run_child):
    """At every kill point readers see the same records, and the next compaction finishes the work."""
    sink = ParquetSink(tmp_path)
    for number in range(3):
        sink.write_all(a_batch(number))
    sink.write_all(a_batch(1))
    expected, step, ended = texts(0, 1, 2), 0, False

    while not ended:
        step += 1
        ended = run_child("compact", tmp_path, step) == 0
        assert seen(tmp_path) == expected, step
        sink.write_all(a_batch(2))  # again something to compact
    compact(tmp_path, before=LATER, orphan_age=AT_ONCE)

    assert step > 9
    assert seen(tmp_path) == expected
    assert len(list(tmp_path.glob("*/date=*/*"))) == 3


def test_two_processes_write_at_once_while_a_third_compacts(tmp_path):
    """Nobody loses or doubles anything: files are never shared, and compaction removes only what it has read."""
    writers = [start_python(PROGRAM, "write_on", tmp_path, first) for first in (0, 100)]
    announced = []
    for _ in range(5):
        announced += [int(writer.stdout.readline()) for writer in writers]
        compact(tmp_path, before=LATER)
        assert set(texts(*announced)) <= set(seen(tmp_path))
    for writer in writers:
        writer.kill()
        writer.communicate(timeout=60)

    assert len(seen(tmp_path)) == len(set(seen(tmp_path)))
    assert set(texts(*announced)) <= set(seen(tmp_path))


def test_only_one_process_compacts(tmp_path):
    """The second is told who is at it; a lock whose owner died is free."""
    with compaction_lock(tmp_path), pytest.raises(CompactionRunning, match=f"process {os.getpid()}"):
        compact(tmp_path)

    compact(tmp_path)


def test_items_of_a_write_that_is_under_way_are_not_taken_for_orphans(tmp_path):
    """Compaction between the items and the executions of somebody's write leaves the items alone."""
    record = a_record()
    sink = ParquetSink(tmp_path, step=lambda name: compact(tmp_path, before=LATER))
    sink.write(record)

    assert list(read_records(tmp_path)) == [record]


def test_a_failed_write_leaves_nothing_and_can_be_tried_again(tmp_path):
    """Trouble before the executions leaves no file behind; the same write works once the trouble is over."""
    trouble = [OSError(28, "No space left on device")]

    def step(name):
        if name == "executions" and trouble:
            raise trouble.pop()

    sink, record = ParquetSink(tmp_path, step=step), a_record()
    with pytest.raises(WriteFailed, match="No space left"):
        sink.write(record)
    assert list(tmp_path.glob("*/date=*/*")) == []

    sink.write(record)
    assert list(read_records(tmp_path)) == [record]


def test_a_directory_that_cannot_be_written_is_refused_before_any_run(tmp_path):
    """The error names the directory and what would work."""
    (tmp_path / "file").write_text("")

    with pytest.raises(NotWritable, match="local disk") as trouble:
        ParquetSink(tmp_path / "file" / "data")
    assert f"File exists: '{tmp_path}/file'. A directory on a local disk" in str(trouble.value)


PERMISSION_LOST = """
import sys
from pathlib import Path
from children import become_nobody
from exporters import ParquetSink, read_records
from exporters.errors import WriteFailed
from records import a_record

data, record = Path(sys.argv[1]), a_record()
sink = ParquetSink(data)
sink.write(record)
assert list(read_records(data)) == [record]
become_nobody(data)
day = next(data.glob("items/date=*"))
day.chmod(0o500)
try:
    sink.write(a_record())
except WriteFailed as failure:
    print(failure)
day.chmod(0o700)
assert list(read_records(data)) == [record]
"""


@pytest.mark.skipif(not others_may_read(ROOT), reason=f"nobody may not read {ROOT}")
def test_permission_lost_in_the_middle_is_said_and_survived():
    """A directory that became read-only makes the write fail, and what was stored stays readable."""
    with tempfile.TemporaryDirectory() as data:
        assert "denied" in run_python(PERMISSION_LOST, data, PYTHONPATH=os.pathsep.join(sys.path)).lower()


def test_a_full_disk_is_said_and_survived(tmp_path):
    """On a real file system without space a write fails, everything before stays, and space makes it work again."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", tmp_path], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    try:
        (tmp_path / "ballast").write_bytes(b"x" * 200_000)
        sink, stored = ParquetSink(tmp_path), []
        with pytest.raises(WriteFailed, match="space"):
            for _ in range(100):
                record = a_record(metadata={"noise": os.urandom(20_000)})
                sink.write(record)
                stored.append(record)
        assert list(read_records(tmp_path)) == stored[::-1]

        (tmp_path / "ballast").unlink()
        sink.write(record)
        assert list(read_records(tmp_path)) == [record, *stored[::-1]]
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.parametrize("at", ["media", "blobs", "items", "executions"])
def test_an_upkeep_removes_every_file_that_a_killed_write_had_begun(tmp_path, at):
    """Also the hidden one of executions, and those of media; a young one may be somebody's who is at work."""
    graph = {"graph": "x" * 9_000}
    record = a_record(items=[an_item(metadata=graph)], attachments={"ab" * 32: b"a picture"})
    ParquetSink(tmp_path).write(record)
    [folder] = (tmp_path / at).iterdir()
    [file] = folder.iterdir()
    begun = folder / f".{file.name}.0123abcd.tmp"
    begun.write_bytes(b"PAR1")

    assert compact(tmp_path, before=LATER).orphans == 0
    assert begun.exists()
    assert compact(tmp_path, before=LATER, orphan_age=AT_ONCE).orphans == 1
    assert not begun.exists()
    assert seen(tmp_path) == [text_of(record)]
