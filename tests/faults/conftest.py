"""Say how many combinations of fault and moment were played."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the number of combinations; what could not be played here is counted apart."""
    counts = {
        outcome: sum("test_matrix.py::" in report.nodeid for report in terminalreporter.stats.get(outcome, ()))
        for outcome in ("passed", "failed", "skipped")
    }
    if any(counts.values()):
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        total = sum(counts.values())
        terminalreporter.write_sep("-", f"fault matrix: {total} combinations of fault and moment: {told}")


@pytest.fixture
def quiet_memory() -> None:
    """Make counting objects cheap: what was there before the test is not looked at again."""
    import gc

    gc.collect()
    gc.freeze()
