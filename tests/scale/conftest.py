"""A programme of many DevServers in small, with real parts; `make test-scale` runs it, and fails without them."""

import os
import sys
from pathlib import Path

SWITCH = "OTEL_TRACKING_SCALE"
collect_ignore_glob = [] if os.environ.get(SWITCH) == "1" else ["test_*.py"]

sys.path += [str(Path(__file__).parents[1] / "integration")]
