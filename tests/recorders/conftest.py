"""The stages of other tests, for those that call commands and look at stored runs."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "privacy")]
