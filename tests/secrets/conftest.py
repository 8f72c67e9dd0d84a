"""These tests look at everything: they use the stage sets of the tests of its parts."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / part) for part in ("web", "cli", "collectors")]
