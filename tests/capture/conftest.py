"""A backend for each test, and clients that reach it through a call's transport or adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Backend, a_backend


@pytest.fixture
def backend() -> Iterator[Backend]:
    """A real server that keeps every byte it receives."""
    with a_backend() as backend:
        yield backend
