"""The same runs in a local store and in tables, for tests that ask both."""

import sys
from pathlib import Path

import pytest

sys.path += [str(Path(__file__).parents[1] / name) for name in ("cli", "exporters", "streaming", "collectors")]


@pytest.fixture
def both(tmp_path, monkeypatch):
    from table_stage import Both

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    return Both(tmp_path / "local", tmp_path / "tables", tmp_path / "media")
