"""Every claim of `docs/security.md` names a test that is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
CLAIMS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| can, cannot")]


def test_there_is_a_table_for_each_stranger():
    """Sender, research endpoint, neighbour, pupil, pupil in a room, teacher, network, file, secret."""
    assert PAGE.count("| can, cannot | how | test |") == 9


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_names_tests_that_are_there(claim):
    """In its last cell: `tests/…/test_x.py::test_y`, one or several."""
    cell = claim.rstrip(" |").rsplit(" | ", 1)[-1]
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)
    assert named, f"no test is named in: {claim}"
    for path, test in named:
        assert re.search(rf"^ *(async )?def {test}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE), (path, test)
