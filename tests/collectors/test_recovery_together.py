"""Runs of a dead process are written together, and each of them is kept or stays where it was, whatever happens."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from children import start_python

from collectors import recover
from collectors.delivery.lanes import GROUP_SIZE
from collectors.recording.recovery import GROUP_BYTES
from collectors.testing import RememberingSink
from exporters import ParquetSink, read_records

DEAD = """
import os, signal, sys
from collectors import start_recording
from collectors.testing import RememberingSink

recording = start_recording([RememberingSink()], journal=sys.argv[1], assembly="thread")
runs = [recording.tracker().execution("stillepost") for _ in range(int(sys.argv[2]))]
for number, run in enumerate(runs):
    run.item("user_input_text", content=f"{number:04} " + "x" * int(sys.argv[3]))
recording._recorder.settle()
os.kill(os.getpid(), signal.SIGKILL)
"""


class GroupedSink(RememberingSink):
    """A sink that keeps several records at once, up to the first that it refuses."""

    def __init__(self, refused: str = "none") -> None:
        super().__init__()
        self.groups: list[int] = []
        self.refused = refused

    def write_all(self, records):
        """Keep them."""
        self.groups.append(len(records))
        for record in records:
            self.write(record)

    def write(self, record):
        """Keep it, or say what is wrong with it."""
        if prompt(record).startswith(self.refused):
            raise ValueError("no room for this")
        super().write(record)


def leave(ram, runs, characters=1):
    """A dead process that had so many runs open, each with a text of so many characters."""
    start_python(DEAD, ram, runs, characters).wait()


def prompt(record):
    return next(item.content for item in record.items if item.item_type == "user_input_text")


def numbers(records):
    return Counter(int(prompt(record)[:4]) for record in records)


def test_a_group_is_of_as_many_as_a_sink_is_given_while_runs_end(ram):
    leave(ram, GROUP_SIZE + 20)
    sink = GroupedSink()

    assert len(recover([sink], directory=ram).recovered) == GROUP_SIZE + 20
    assert sink.groups == [GROUP_SIZE, 20]
    assert numbers(sink.records) == Counter(range(GROUP_SIZE + 20))


def test_a_group_has_few_large_runs(ram):
    """However many there are, they are not all in memory."""
    leave(ram, 12, GROUP_BYTES // 4)
    sink = GroupedSink()
    recover([sink], directory=ram)

    assert sink.groups == [4, 4, 4]


def test_a_record_that_cannot_be_taken_stays_alone(ram):
    """What the sink had kept of its group before is not given to it again."""
    leave(ram, 20)
    sink = GroupedSink(refused="0007")
    report = recover([sink], directory=ram)

    assert (len(report.recovered), report.failed) == (19, 1)
    assert numbers(sink.records) == Counter(set(range(20)) - {7})

    sink.refused = "none"
    assert len(recover([sink], directory=ram).recovered) == 1
    assert numbers(sink.records) == Counter(range(20))


def test_a_sink_that_has_some_is_given_the_others(ram):
    """Two sinks, of which one failed the last time: neither has a record twice."""
    leave(ram, 6)
    first, second = GroupedSink(), GroupedSink(refused="0003")
    recover([first, second], directory=ram)
    second.refused = "none"
    recover([first, second], directory=ram)

    assert numbers(first.records) == numbers(second.records) == Counter(range(6))


class StoppingSink(GroupedSink):
    """A sink beside which the recording is closed while it writes its first group."""

    def __init__(self, stop):
        super().__init__()
        self.stop = stop

    def write_all(self, records):
        """Keep them."""
        super().write_all(records)
        self.stop.set()


def test_what_is_left_once_it_shall_end_stays_for_the_next_time(ram):
    leave(ram, GROUP_SIZE + 5)
    stop = threading.Event()
    sink = StoppingSink(stop)

    assert len(recover([sink], directory=ram, stop=stop).recovered) == GROUP_SIZE
    assert len(recover([sink], directory=ram).recovered) == 5
    assert numbers(sink.records) == Counter(range(GROUP_SIZE + 5))


KILLED = """
import os, signal, sys
from itertools import count
from collectors import recover
from exporters import ParquetSink

steps = count(1)
def step(name):
    if next(steps) == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

recover([ParquetSink(sys.argv[1], step=step)], directory=sys.argv[2], namespace="default")
"""


@pytest.mark.parametrize("steps", [(1, 2, 3), (3, 4, 1), (4, 4, 4)])
def test_a_recovery_that_is_killed_within_a_group_loses_and_doubles_nothing(ram, tmp_path, steps):
    """Before any of its files, between them, and when all are there and no journal is forgotten."""
    leave(ram, 10)
    for number in steps:
        start_python(KILLED, tmp_path, ram, number).wait()
    recover([ParquetSink(tmp_path)], directory=ram, namespace="default")

    assert numbers(read_records(tmp_path)) == Counter(range(10))
    days = [path.parent for path in tmp_path.glob("executions/date=*/*.parquet")]
    assert len(days) == len(set(days)) > 0
