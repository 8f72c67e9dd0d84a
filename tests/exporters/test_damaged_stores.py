"""Whatever happens to a file of a store, it stands in nobody's way: the rest is read, and the file is named."""

from __future__ import annotations

import os

import pytest
from damage_stage import demand, flips, harms, make_store, unseal

FLIPS = int(os.environ.get("OTEL_TRACKING_FLIPS", "30"))
"""500 take a few minutes."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("store") / "data")


@pytest.fixture(scope="module")
def old_store(tmp_path_factory):
    """The same, as it was written before files were sealed."""
    made = make_store(tmp_path_factory.mktemp("store") / "data")
    for path in made.files():
        unseal(path)
    return made


@pytest.mark.parametrize("harm", list(harms()), ids=lambda harm: harm.name)
def test_a_harmed_file_is_named_and_all_else_is_read(store, tmp_path, harm):
    """Cut, swapped, gone, foreign, copied: no exception, every other run once and equal, nothing lost by compaction."""
    demand(store.copy(tmp_path / "data"), harm)


@pytest.mark.parametrize("harm", list(flips(FLIPS)), ids=lambda harm: harm.name)
def test_a_flipped_bit_is_noticed_wherever_it_is(store, tmp_path, harm):
    """Also in a footer, an index or a page header: no value is read that was not written."""
    demand(store.copy(tmp_path / "data"), harm)


def harms_that_pages_show():
    """Those that can be noticed without a seal, or make no difference to what is read."""
    for harm in harms():
        # Only a seal says of which day items are: without it, readers say that the items of these runs are not there.
        is_another_day = "swapped" in harm.name and "two days" in harm.name and "executions" not in harm.name
        # Its values are right: offsets count from the beginning, and nothing looks at the rest.
        is_twice = "twice itself" in harm.name
        if not (is_another_day or is_twice or "copy" in harm.name):
            yield harm


@pytest.mark.parametrize("harm", list(harms_that_pages_show()), ids=lambda harm: harm.name)
def test_files_without_a_seal_are_in_nobody_s_way_either(old_store, tmp_path, harm):
    """What was written before is read as before, and damage to it is named as far as checksums of pages show it."""
    demand(old_store.copy(tmp_path / "data"), harm, is_sealed=False)
