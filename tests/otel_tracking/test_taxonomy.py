"""The taxonomy: all types with their values, their places, and a friendly word where something is unusual."""

import pytest

from otel_tracking import ItemType, MediaType
from otel_tracking.taxonomy import BLOCKED_TYPES, OUTPUT_TYPES, RULES, broken_rules, read_item_type, usual_media_type

VERSION_1_0 = [
    "user_input_text",
    "user_input_image",
    "translation_result",
    "stage1_safety_check",
    "stage1_safety_check_image",
    "stage1_blocked",
    "interception_iteration",
    "interception_final",
    "stage3_safety_check",
    "stage3_blocked",
    "output_image",
    "output_audio",
    "output_music",
    "output_video",
    "output_3d",
    "pipeline_start",
    "pipeline_complete",
    "pipeline_error",
    "stage_transition",
]


def test_taxonomy_1_0_is_there_word_for_word():
    assert [item_type.value for item_type in ItemType][: len(VERSION_1_0)] == VERSION_1_0


def test_every_type_has_a_rule():
    assert set(RULES) == set(ItemType)
    assert OUTPUT_TYPES.isdisjoint(BLOCKED_TYPES)


@pytest.mark.parametrize("item_type", list(ItemType))
def test_an_item_in_its_place_breaks_no_rule(item_type):
    rule = RULES[item_type]
    needed = {rule.needs: 1} if rule.needs else {}
    for stage in rule.stages:
        counters = {"stage_iteration": None, "loop_iteration": None, **needed}
        assert broken_rules(item_type, stage, **counters) == ()


@pytest.mark.parametrize("item_type", list(ItemType))
def test_an_item_elsewhere_is_told_of_in_words(item_type):
    [*_, complaint] = broken_rules(item_type, 9, 1, 1)
    assert f"{item_type} in stage 9, expected" in complaint


@pytest.mark.parametrize("number", [0, -1, "1", 1.0, True, [1]])
def test_a_counter_that_does_not_count_from_one_is_told_of(number):
    assert any("is not a number from 1 up" in said for said in broken_rules("output_image", 4, None, number))


def test_an_unknown_type_is_kept_as_it_is():
    assert read_item_type("output_hologram") == "output_hologram"
    assert broken_rules("output_hologram", 4, None, 1) == ("unknown item type 'output_hologram'",)
    assert usual_media_type("output_hologram") == MediaType.METADATA
