"""Compare two records: what differs in texts, parameters, media and outcome; times are shown, ids do not count."""

from devserver.diff.model import ADDED, CHANGED, REMOVED, Comparison, Difference, Times, Where
from devserver.diff.records import compare, compare_steps

__all__ = ["ADDED", "CHANGED", "REMOVED", "Comparison", "Difference", "Times", "Where", "compare", "compare_steps"]
