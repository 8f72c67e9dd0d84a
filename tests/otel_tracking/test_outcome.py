"""The status of a run follows the table, also for odd mixes and in any order."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_tracking import ItemType, Status
from otel_tracking.outcome import Outcome

MADE, FAILED, BLOCKED = ItemType.OUTPUT_IMAGE, ItemType.OUTPUT_FAILED, ItemType.STAGE3_BLOCKED
AFTER, FINAL, START = ItemType.OUTPUT_BLOCKED, ItemType.INTERCEPTION_FINAL, ItemType.STAGE1_BLOCKED


def outcome_of(*items):
    outcome = Outcome()
    for item_type, loop_iteration in items:
        outcome.item(item_type, None if item_type is START else 4, loop_iteration)
    return outcome


TABLE = [
    ("nothing but a start", [], Status.COMPLETED),
    ("text only", [(FINAL, None)], Status.COMPLETED),
    ("one made", [(MADE, 1)], Status.COMPLETED),
    ("all made", [(MADE, 1), (MADE, 2)], Status.COMPLETED),
    ("one output in two media", [(MADE, 1), (ItemType.OUTPUT_AUDIO, 1)], Status.COMPLETED),
    ("code", [(ItemType.OUTPUT_CODE, 1)], Status.COMPLETED),
    ("one made, one failed", [(MADE, 1), (FAILED, 2)], Status.PARTIAL),
    ("one made, one blocked", [(MADE, 1), (BLOCKED, 2)], Status.PARTIAL),
    ("one made, one blocked afterwards", [(MADE, 1), (MADE, 2), (AFTER, 2)], Status.PARTIAL),
    ("stage 1 blocked", [(START, None)], Status.BLOCKED),
    ("stage 1 blocked, and yet an output", [(START, None), (MADE, 1)], Status.BLOCKED),
    ("every output blocked", [(BLOCKED, 1), (BLOCKED, 2)], Status.BLOCKED),
    ("every output blocked afterwards", [(MADE, 1), (AFTER, 1)], Status.BLOCKED),
    ("every output failed", [(FAILED, 1), (FAILED, 2)], Status.ERROR),
    ("some failed, the others blocked", [(FAILED, 1), (BLOCKED, 2)], Status.ERROR),
    ("text made, every output failed", [(FINAL, None), (FAILED, 1)], Status.ERROR),
]


@pytest.mark.parametrize(("story", "items", "status"), TABLE, ids=[row[0] for row in TABLE])
def test_the_status_is_the_tables_in_whatever_order_the_items_come(story, items, status):
    for order in itertools.permutations(items):
        assert outcome_of(*order).status(ended=True) == status


@pytest.mark.parametrize(("story", "items", "status"), TABLE, ids=[row[0] for row in TABLE])
def test_how_the_root_ended_comes_first(story, items, status):
    outcome = outcome_of(*items)
    assert outcome.status(ended=False, failed=True, cancelled=True) == Status.INTERRUPTED
    assert outcome.status(ended=True, failed=True, cancelled=True) == Status.CANCELLED
    assert outcome.status(ended=True, failed=True) == Status.ERROR


def test_an_output_that_was_begun_and_came_to_nothing_has_failed():
    outcome = outcome_of((MADE, 1))
    outcome.output_ended(2)
    assert outcome.status(ended=True) == Status.PARTIAL


def test_a_text_run_whose_stage_failed_without_a_final_text_is_an_error():
    outcome = Outcome()
    outcome.stage_ended(2, None, failed=True)
    assert outcome.status(ended=True) == Status.ERROR
    outcome.item(FINAL, 2, None)
    assert outcome.status(ended=True) == Status.COMPLETED


def test_only_outputs_really_made_are_counted():
    assert outcome_of((MADE, 1), (ItemType.OUTPUT_AUDIO, 1), (MADE, 2), (AFTER, 2), (FAILED, 3)).outputs_generated == 1


def test_only_stages_really_completed_are_listed():
    outcome = Outcome()
    outcome.stage_ended(1, None)
    outcome.stage_ended(2, None, failed=True)
    outcome.item(BLOCKED, 3, 1)
    outcome.stage_ended(3, 1)
    outcome.stage_ended(3, 2)
    assert outcome.stages_completed == (1, 3)


@given(st.lists(st.tuples(st.sampled_from(list(ItemType)), st.none() | st.integers(1, 3)), max_size=8))
def test_any_mix_of_items_has_a_status_and_never_more_outputs_than_were_begun(items):
    outcome = outcome_of(*items)
    assert outcome.status(ended=True) in set(Status) - {Status.CANCELLED, Status.INTERRUPTED}
    assert 0 <= outcome.outputs_generated <= len({loop_iteration for _, loop_iteration in items})


@pytest.mark.parametrize("odd", [[1], {"a": 1}, {1}, float("nan"), "one", object()])
def test_places_that_are_no_numbers_are_told_apart_all_the_same(odd):
    outcome = outcome_of((MADE, odd))
    outcome.stage_ended(odd, odd)
    outcome.output_ended(odd)
    assert (outcome.status(ended=True), outcome.stages_completed) == (Status.COMPLETED, ())
