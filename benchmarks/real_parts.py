"""The real servers, brokers and workers of the integration and scale tests, for benchmarks that need them too."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / folder) for folder in ("scale", "integration")]

gateway_stage, kafka_stage, parts = map(import_module, ("gateway_stage", "kafka_stage", "parts"))
running = import_module("programme_stage").running
"""A block in which one of them runs."""
built = import_module("real_servers").built
"""The program that one of the scripts in `tools` makes."""
