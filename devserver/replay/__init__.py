"""Send what a run passed to its backends once more, and say whether the same comes back."""

from devserver.replay.model import Repeated, Replay, Step, StepOutcome, Wishes
from devserver.replay.plan import Planner
from devserver.replay.run import replay

__all__ = ["Planner", "Repeated", "Replay", "Step", "StepOutcome", "Wishes", "replay"]
