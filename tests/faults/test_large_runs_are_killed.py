"""A run of very many items whose process is killed while it is made and written: there once and whole afterwards.

`OTEL_TRACKING_TEST_KILLS` says at how many random lines (4; 200 for a long look).
"""

import datetime as dt
import os
import random
import signal

import pytest
from large_run_stage import STEPS, check_readers_see_whole_runs, expected, start, stored_rows

from collectors import recover
from exporters import ParquetSink, compact

KILLS = int(os.environ.get("OTEL_TRACKING_TEST_KILLS", "4"))
MODES = ("thread", "process")

AT_ONCE = dt.timedelta(seconds=-60)
"""No file is too young to be what a crash left."""

TOMORROW = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=2)


def run_until_it_dies(data, ram, mode, at):
    """The trace ids of what had ended, by hops, and whether it died."""
    child = start(data, ram, mode, at)
    told, _ = child.communicate(timeout=120)
    assert child.returncode in (0, -signal.SIGKILL)
    return expected(told.decode().split()[:3]), child.returncode != 0


def demand_each_run_once_and_nothing_else(data, ram, runs):
    """Before the next start what is there is whole; after it all of it is there, and an upkeep leaves nothing over."""
    check_readers_see_whole_runs(data, runs)
    recover([ParquetSink(data)], directory=ram, spill=ram / "files")
    there = stored_rows(data)
    assert there == dict.fromkeys(there, 1)
    assert set(runs) <= set(there)
    compact(data, before=TOMORROW, orphan_age=AT_ONCE)
    assert check_readers_see_whole_runs(data, runs) == set(there)
    days = [path.parent for path in (data / "items").rglob("*.parquet")]
    assert len(days) == len(set(days)) > 0
    assert list(data.rglob("*.tmp")) == []
    assert [path for path in ram.rglob("*") if path.suffix in (".journal", ".record")] == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("at", STEPS)
def test_killed_at_each_step_of_its_write(tmp_path, ram, mode, at):
    runs, died = run_until_it_dies(tmp_path / "data", ram, mode, at)
    assert died
    demand_each_run_once_and_nothing_else(tmp_path / "data", ram, runs)


@pytest.fixture(scope="module")
def line_count(tmp_path_factory):
    """How many lines it takes to make and write the large run and the small one behind it."""
    place = tmp_path_factory.mktemp("counted")
    told, _ = start(place / "data", place / "no ram", "thread", 0).communicate(timeout=120)
    return int(told.split()[-1])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_line(tmp_path, ram, line_count, seed, mode):
    at = random.Random(f"{seed} {mode}").randrange(1, line_count + 1)
    runs, _ = run_until_it_dies(tmp_path / "data", ram, mode, at)
    demand_each_run_once_and_nothing_else(tmp_path / "data", ram, runs)
