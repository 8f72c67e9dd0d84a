"""A run begins, whatever the tracker is given or meets; what is set on two trackers side by side is set on both."""

import pytest
from builders import Bang

from devserver import era_a
from otel_tracking import migration, tracker


class Hostile:
    """A value that cannot even be compared."""

    def __ne__(self, other):
        raise Bang

    __eq__ = __ne__
    __hash__ = None


class BrokenTracker(tracker.ExecutionTracker):
    """One that begins no run."""

    def execution(self, *args, **kwargs):
        raise Bang


def goes_on(run):
    """Every call of a pipeline is answered."""
    run.log_pipeline_start("Eine Blume", {})
    run.set_stage(2)
    run.log_interception_iteration(1, "Una flor")
    run.log_pipeline_complete(1.0, 0)
    run.finalize()
    return run.execution_id.startswith("exec_") and run.get_execution_record().items[0].item_type == "pipeline_start"


@pytest.mark.parametrize(
    "begin",
    [
        lambda: migration.ExecutionTracker(),
        lambda: migration.ExecutionTracker("dada", mode="eco"),
        lambda: migration.ExecutionTracker("dada", "eco", Hostile()),
    ],
    ids=["nothing given", "a word that is none", "a hostile level"],
)
def test_wrong_arguments_are_counted_and_the_run_goes_on(begin, server):
    """As for every other call: a pipeline that has a mistake in its tracing makes pictures all the same."""
    assert goes_on(begin())
    assert era_a.start().health()["guarded_errors"]["migration begin"] == 1


def test_what_was_given_is_asked_for_as_it_was(server):
    run = migration.ExecutionTracker("dada", mode="eco")
    assert (run.config_name, run.execution_mode) == ("dada", None)


def test_a_tracker_that_begins_no_run_is_counted(server):
    """Whatever is wired in."""
    broken = BrokenTracker()
    migration.configure(lambda: migration.Home(broken))
    assert goes_on(migration.ExecutionTracker("dada", "eco", "kids"))
    assert broken.troubles.counts == {"migration begin": 1}


class Noted:
    """An earlier tracker on which routes set what they learn late."""

    def __init__(self, *names):
        self.execution_id, self.user_id, self.current_stage = "exec_20251103_224153_608540d5", "anonymous", 0

    def set_stage(self, stage):
        self.current_stage = stage

    def finalize(self):
        """It has nothing to do."""


def test_what_is_set_side_by_side_is_set_on_both(server):
    """The earlier one has every attribute, also those of its own; ours those that a record says."""
    both = migration.beside(Noted)("dada", "eco", "kids")
    both.user_id, both.note_of_their_own, both.current_stage = "DOE_J", 7, 3
    both.execution_id = "another"
    assert (both.user_id, both.note_of_their_own, both.current_stage, both.execution_id) == ("DOE_J", 7, 3, "another")
    del both.note_of_their_own
    assert not hasattr(both, "note_of_their_own")
    both.finalize()
    assert server.record().user_id == "DOE_J"
