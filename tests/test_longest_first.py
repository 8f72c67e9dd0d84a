"""The files that are said to take long are there, each once, and come first."""

from __future__ import annotations

from pathlib import Path

from longest_first import LONGEST, place_of

TESTS = Path(__file__).parent


def test_each_file_that_takes_long_is_there_and_named_once():
    assert [path for path in LONGEST if not (TESTS / path).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_they_come_in_their_order_and_before_all_others():
    paths = [Path(__file__), *(TESTS / path for path in reversed(LONGEST))]
    assert sorted(paths, key=place_of) == [*(TESTS / path for path in LONGEST), Path(__file__)]
