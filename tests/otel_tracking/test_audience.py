"""The policy of what is shown to whom is the one that its page says, for every kind of content at every moment."""

from pathlib import Path

import pytest
from builders import a_record, a_span, an_item

from otel_tracking import ItemType
from otel_tracking.audience import RULES, Audience, Content, Decision, Rule
from otel_tracking.record import Media
from otel_tracking.view import view_of

PAGE = (Path(__file__).parents[2] / "docs" / "educational-ui.md").read_text("utf-8")
SECTION = PAGE.partition("## What is shown to whom")[2].partition("\n## ")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in SECTION.splitlines() if line.startswith("| ")]

CHAIN = {"config": {"interception": {"kind": "translation_chain", "hops": 2}}}
HOP, OUTPUT = ItemType.INTERCEPTION_ITERATION, ItemType.OUTPUT_IMAGE
MEDIUM = Media("ab" * 32, 9, "image/png")
ITEMS = {
    Content.WRITTEN: an_item(content="a text"),
    Content.GIVEN: an_item(item_type=ItemType.USER_INPUT_IMAGE, media=MEDIUM),
    Content.TRANSLATED: an_item(item_type=ItemType.TRANSLATION_RESULT, content="a text"),
    Content.EARLY: an_item(item_type=ItemType.USER_EDIT, content="a text"),
    Content.HOP: an_item(item_type=HOP, stage=2, stage_iteration=1, content="a text"),
    Content.LAST_HOP: an_item(item_type=HOP, stage=2, stage_iteration=2, content="a text"),
    Content.FINAL_TEXT: an_item(item_type=ItemType.INTERCEPTION_FINAL, stage=2, content="a text"),
    Content.MADE: an_item(item_type=OUTPUT, stage=4, loop_iteration=1, media=MEDIUM),
    Content.VERDICT: an_item(item_type=ItemType.STAGE1_SAFETY_CHECK, metadata={"safe": True}),
    Content.OTHER: an_item(item_type=ItemType.USER_EDIT, stage=2, content="a text"),
}
MESSAGES = {
    Content.REASON: an_item(item_type=ItemType.STAGE3_BLOCKED, stage=3, content="why"),
    Content.ERROR: an_item(item_type=ItemType.PIPELINE_ERROR, stage=2, content="why"),
}


def test_the_page_has_both_tables():
    """Contents by audience is that of the code; what each rule comes to is asked below, item by item."""
    rules = {Content(row[0]): tuple(row[1:]) for row in ROWS if row[0] in set(Content)}
    assert rules == {content: tuple(RULES[audience][content] for audience in Audience) for content in Content}
    assert ["what", *Audience] in ROWS
    assert ["shown", *RUNS] in ROWS
    assert DECISIONS.keys() == set(Rule) - {Rule.ALIAS}


def before(item):
    """A run under way whose checks have not spoken."""
    spans = [a_span(), a_span(span_id="02", name="output", loop_iteration=1)]
    return a_record(items=(item,), spans=spans, metadata=CHAIN, status="running", safety_level="kids")


def refused(item):
    """A run that is over and in which a check said no: at the start, to its text and to its output."""
    no = an_item(item_type=ItemType.STAGE3_SAFETY_CHECK, stage=3, input_text="a text", metadata={"safe": False})
    blocks = [an_item(item_type=kind, loop_iteration=1) for kind in (ItemType.STAGE1_BLOCKED, ItemType.OUTPUT_BLOCKED)]
    return a_record(items=(item, no, *blocks), metadata=CHAIN, safety_level="kids")


DECISIONS = {row[0]: row[1:] for row in ROWS if row[0] in set(Rule)}
RUNS = {
    "before its check": before,
    "let through": lambda item: a_record(items=(item,), metadata=CHAIN, safety_level="kids"),
    "a check said no": refused,
    "nobody checks the run": lambda item: a_record(items=(item,), metadata=CHAIN, safety_level="off"),
}


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("moment", RUNS)
@pytest.mark.parametrize("content", ITEMS)
def test_an_item_is_shown_as_the_tables_say(content, moment, audience):
    """Each kind of item to each audience at each moment."""
    item = ITEMS[content]
    assert (
        view_of(RUNS[moment](item), audience).decide(item)
        == DECISIONS[RULES[audience][content]][list(RUNS).index(moment)]
    )


@pytest.mark.parametrize("content", MESSAGES)
def test_messages_for_developers_are_for_researchers_alone(content):
    """Students are not even told that one is left out: the block, or the trouble, is shown."""
    item = MESSAGES[content]
    record = a_record(items=(item,), safety_level="kids")
    assert view_of(record, "researcher").decide(item) == Decision.SHOWN
    view = view_of(record, "student")
    assert (view.decide(item), view.why(item)) == (Decision.WITHHELD, "")


def test_the_last_of_many_hops_waits_for_its_check():
    """Also where there are more than a page has places for."""
    plan = {"config": {"interception": {"kind": "translation_chain", "hops": 150}}}
    last = an_item(item_type=HOP, stage=2, stage_iteration=150, content="a text")
    record = a_record(items=(last,), metadata=plan, status="running", safety_level="kids")
    assert view_of(record, "student").decide(last) == Decision.HELD


def test_there_is_no_other_audience():
    with pytest.raises(ValueError, match="parents"):
        view_of(a_record(), "parents")
