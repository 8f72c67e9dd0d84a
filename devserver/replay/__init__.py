"""Send what a run passed to its backends once more, and say whether the same comes back."""

from devserver.replay.model import Outcome, Repeated, Replay, Step, Wishes
from devserver.replay.plan import Planner
from devserver.replay.run import replay

__all__ = ["Outcome", "Planner", "Repeated", "Replay", "Step", "Wishes", "replay"]
