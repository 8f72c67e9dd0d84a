"""What documents for students leave out, and why."""

from itertools import pairwise

import pytest
from builders import a_record, an_item

from exporters import FORMATS
from otel_tracking import ItemType
from otel_tracking.view import view_of


def a_check(item_type, *, safe, **more):
    return an_item(item_type=item_type, content=None, metadata={"safe": safe}, **more)


def a_prompt(content):
    return an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content=content)


def page(record, language="en"):
    return FORMATS["html"].render(record, audience="student", language=language).decode()


def a_run_without_checks(**more):
    final = an_item(item_type=ItemType.INTERCEPTION_FINAL, stage=2, content="A gruesome vampire")
    return a_record(items=[a_prompt("Ein Vampir"), final], **more)


@pytest.mark.parametrize("level", ["off", "OFF", None, "adult", ["kids"]])
def test_what_nobody_checked_is_not_for_students(level):
    """The level says that no check is made, or no check is known and none is recorded."""
    record = a_run_without_checks(safety_level=level)
    shown = page(record)
    assert not any(view_of(record, "student").shows(item) for item in record.items)
    assert "Vampir" not in shown
    assert "vampire" not in shown
    assert "Not shown here: no safety check has looked at this run." in shown
    assert "kein" in page(record, "de")
    assert b"vampire" in FORMATS["html"].render(record, audience="researcher")


def test_a_level_with_checks_or_a_check_that_is_recorded_is_enough():
    assert "vampire" in page(a_run_without_checks(safety_level="kids"))
    run = a_run_without_checks()
    checked = a_record(items=[*run.items, a_check(ItemType.STAGE1_SAFETY_CHECK, safe=True, stage=1)])
    assert "vampire" in page(checked)


def blocked_text(*way, final, item_type=ItemType.INTERCEPTION_ITERATION):
    """A run whose prompt was translated along `way` into `final`, to which stage 3 said no."""
    texts = [*way, final]
    hops = [
        an_item(item_type=item_type, stage=2, stage_iteration=number, input_text=given, content=made)
        for number, (given, made) in enumerate(pairwise(texts), start=1)
    ]
    last = an_item(item_type=ItemType.INTERCEPTION_FINAL, stage=2, input_text=way[0], content=final)
    check = a_check(ItemType.STAGE3_SAFETY_CHECK, safe=False, stage=3, loop_iteration=1, input_text=final)
    return a_record(items=[a_prompt(way[0]), *hops, last, check], safety_level="kids")


@pytest.mark.parametrize(
    "record",
    [
        blocked_text("Ein grausiger Vampir", final="A gruesome vampire", item_type=ItemType.TRANSLATION_RESULT),
        blocked_text("Ein grausiger Vampir", "Un vampiro espantoso", final="A gruesome vampire"),
    ],
)
def test_a_text_that_was_blocked_is_not_shown_in_another_language_either(record):
    """What it was translated from says the same."""
    assert not any(word in page(record) for word in ("Vampir", "vampiro", "vampire"))


def test_what_a_model_made_of_a_prompt_says_nothing_of_the_prompt():
    """A prompt that stage 1 let through stays, where something else than its translation was blocked."""
    record = blocked_text("Eine Blume", final="A gruesome vampire", item_type=ItemType.USER_EDIT)
    assert "Eine Blume" in page(record)
    assert "vampire" not in page(record)


@pytest.mark.parametrize("content", ["  a GRUESOME\nvampire ", "So: A gruesome vampire!", ["A gruesome vampire"]])
def test_a_blocked_text_is_found_in_another_dress(content):
    """Other spaces and capitals, a sentence around it, a value that holds it."""
    run = blocked_text("Eine Blume", final="A gruesome vampire", item_type=ItemType.USER_EDIT)
    other = an_item(item_type=ItemType.USER_EDIT, stage=2, content=content)
    record = a_record(items=[*run.items, other], safety_level="kids")
    assert not view_of(record, "student").shows(other)


def test_what_a_check_says_of_a_text_does_not_repeat_it():
    """Trackers of others write the checked text into the check itself."""
    check = an_item(item_type=ItemType.STAGE1_SAFETY_CHECK, stage=1, content="Anna", metadata={"safe": False})
    blocked = an_item(item_type=ItemType.STAGE1_BLOCKED, stage=1, content="blocked")
    assert "Anna" not in page(a_record(items=[a_prompt("Anna"), check, blocked], safety_level="kids"))
