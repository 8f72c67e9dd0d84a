"""One store for all: it takes a second to build, and a moment to copy."""

import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "collectors", "exporters")]

from erasure_stage import build, take


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    root = tmp_path_factory.mktemp("two people")
    build(root)
    return root


@pytest.fixture
def data(template, tmp_path):
    """The data directory of a copy; what was exported of it lies in `../out`."""
    return take(template, tmp_path)
