"""The tables of `docs/architecture.md` name the modules that an item and an HTTP body pass, and count them."""

import re
import subprocess
import sys
from collections import Counter

import pytest
from test_architecture import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
TABLES = {"item": "### One item, from `item(…)` to Parquet", "body": "### One HTTP body, from the client to the PDF"}
ROW = re.compile(r"^\| (\w+) \|[^|]*\| \**(\d+)\**:?([^|]*)\|", re.MULTILINE)
"""A step, how many modules it has now, and which."""
AT_WORK = "collectors/flight_recorder/"
"""What its thread is just doing varies."""


@pytest.fixture(scope="module")
def walked():
    """Every module that is entered on each way, once."""
    command = [sys.executable, ROOT / "tools" / "show_the_way.py"]
    said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120).stdout
    ways, way = {"item": set(), "body": set()}, ""
    for line in said.splitlines():
        if line.startswith("    "):
            ways[way].add(line.strip())
        else:
            way = line.partition(":")[0]
    return ways


@pytest.mark.parametrize("way", TABLES)
def test_the_table_of_a_way_names_the_modules_that_it_passes(way, walked):
    named = Counter(name for step, _, names in rows(way) if step != "survive" for name in re.findall("`(.+?)`", names))
    passed = Counter(path.rsplit("/", 1)[-1] for path in walked[way] if AT_WORK not in path)
    assert named == passed


@pytest.mark.parametrize("way", TABLES)
def test_the_table_of_a_way_counts_right(way):
    *steps, (_, all_of_them, _) = rows(way)
    assert {step: int(count) for step, count, _ in steps} == {step: names.count("`") // 2 for step, _, names in steps}
    assert int(all_of_them) == sum(int(count) for _, count, _ in steps)


def rows(way):
    table = PAGE.partition(TABLES[way])[2].partition("\n### ")[0]
    return ROW.findall(table)
