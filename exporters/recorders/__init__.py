"""Read what earlier recorders wrote: one folder a run, with its texts and pictures as files."""

from exporters.recorders.finding import FoundRun, find_runs
from exporters.recorders.origin import is_other_part, is_same_run, recorded_as
from exporters.recorders.runs import EarlierRun, read_run

__all__ = ["EarlierRun", "FoundRun", "find_runs", "is_other_part", "is_same_run", "read_run", "recorded_as"]
