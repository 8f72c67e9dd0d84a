"""An erasure that is killed at any moment: by the next start all of one person is gone, or nothing is.

`OTEL_TRACKING_TEST_KILLS` says at how many random moments (6; 200 for a long look).
"""

import os
import random
import re
import signal
from pathlib import Path

import pytest
from erasure_stage import LENA, not_of_lena, of_lena, take, texts, traces_of
from nursery import nursery_of

from exporters.erasure import pending, resume
from exporters.storage.upkeep.inspection import inspect_store
from exporters.storage.writing.tombstones import Tombstones

KILLS = int(os.environ.get("OTEL_TRACKING_TEST_KILLS", "6"))


@pytest.fixture(scope="module")
def run_child():
    """A function that gives how a child ended, and what it told."""
    with nursery_of("erasure_stage", Path(__file__).parent) as nursery:
        yield nursery.run


def demand_all_or_nothing(data, template):
    """Go on as the next start does, and look."""
    was_decided = pending(data) is not None
    resume(data)
    untouched = template / "data"
    assert texts(data, not_of_lena) == texts(untouched, not_of_lena)
    if was_decided or not texts(data, of_lena):
        assert traces_of(LENA, data, data.parent / "out") == []
        assert list(inspect_store(data)) == [] or _only_copies(data)
        assert pending(data) is None
    else:
        assert texts(data, of_lena) == texts(untouched, of_lena)
        assert not Tombstones(data).holds(*_ids(untouched))
    return was_decided


def _only_copies(data):
    return {oddity.fault for oddity in inspect_store(data)} == {"foreign"}


def _ids(data):
    from exporters import list_executions

    row = next(row for row in list_executions(data, on_damage=lambda damage: None) if row.user_id == LENA)
    return row.execution_id, row.trace_id


def test_killed_at_each_kind_of_step_it_is_done_by_the_next_start_or_has_not_begun(template, tmp_path, run_child):
    """Each durable step once, of a kind the first, or all in a long look; only a death before the intent leaves
    everything as it was.
    """
    code, told = run_child("names", take(template, tmp_path / "whole"))
    names = told.splitlines()
    kinds = {re.sub(r"\d+", "N", name): number for number, name in reversed(list(enumerate(names, start=1)))}
    steps = range(1, len(names) + 1) if KILLS >= 100 else sorted(kinds.values())
    decided = []
    for step in steps:
        data = take(template, tmp_path / str(step))
        assert run_child("steps", data, step)[0] == -signal.SIGKILL
        decided.append(demand_all_or_nothing(data, template))

    assert (code, len(names) > 20, len(kinds) > 10) == (0, True, True)
    assert decided == [False, *[True] * (len(decided) - 1)]


@pytest.fixture(scope="module")
def line_count(template, tmp_path_factory, run_child):
    """How many lines of ours an erasure takes."""
    code, told = run_child("lines", take(template, tmp_path_factory.mktemp("counted")), 0)
    assert code == 0
    return int(told)


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_line_and_again_while_it_is_finished(template, tmp_path, line_count, run_child, seed):
    """At a random line, and the second attempt, too."""
    draw = random.Random(seed)
    data = take(template, tmp_path)
    run_child("lines", data, draw.randrange(1, line_count + 1))
    run_child("lines", data, draw.randrange(1, line_count + 1))

    demand_all_or_nothing(data, template)
