"""The page about the taxonomy and the taxonomy itself say the same."""

import re
from pathlib import Path

import pytest

from otel_tracking import ItemType
from otel_tracking.taxonomy import RULES, TAXONOMY_VERSION

PAGE = (Path(__file__).parents[2] / "docs" / "taxonomy.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \|(.+)\|$", PAGE, flags=re.MULTILINE))
ADDED = ("output_code", "output_failed", "output_blocked", "backend_fallback", "user_edit", "research_lookup")


@pytest.mark.parametrize("item_type", ItemType)
def test_every_item_type_has_a_row_in_the_page(item_type):
    """A new type needs a row in docs/taxonomy.md: meaning, stage, counter, typical metadata."""
    assert item_type in ROWS
    assert ROWS[item_type].count("|") == 3


def test_the_page_describes_no_type_that_does_not_exist():
    """What is documented can be logged."""
    assert set(ROWS) == set(ItemType)


@pytest.mark.parametrize("item_type", ItemType)
def test_the_counter_in_the_page_is_the_one_that_the_rules_want(item_type):
    """Page and rules agree on which counter a type needs."""
    needs = RULES[item_type].needs

    assert needs is None or f"`{needs}`" in ROWS[item_type].split("|")[2]


@pytest.mark.parametrize("item_type", ADDED)
def test_every_addition_is_argued(item_type):
    """Each type that 1.0 did not have says why it is needed and what it replaces."""
    paragraph = PAGE.split(f"**`{item_type}`.**")[1].split("**`")[0]

    assert "Replaces:" in paragraph
    assert len(paragraph.split()) > 40


def test_the_page_is_about_this_version():
    """The heading names the version that records carry."""
    assert PAGE.startswith(f"# Taxonomy {TAXONOMY_VERSION}")
