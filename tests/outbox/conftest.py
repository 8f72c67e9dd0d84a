"""Pauses of the sender take no time."""

import pytest

from collectors.outbox import sending


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(sending, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(sending, "LONGEST_WAIT", 0.05)
