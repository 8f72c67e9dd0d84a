"""What tests of the embedded engines share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def index_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for parsed dictionary indexes, so that the large ones are parsed once; never the user's own."""
    return tmp_path_factory.mktemp("dictionary-indexes")
