"""Scenario 18: whatever a person types comes through the pipeline and into the record as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_stage import items_of, play

HOSTILE = [
    pytest.param("a\x00b\x0b\x1b", id="NUL and other control characters"),
    pytest.param("]]> <script>alert(1)</script> & {{INPUT_TEXT}} %s {0}", id="markup and templates"),
    pytest.param("👩‍👩‍👧‍👦 زهرة في المرج \u202e 花", id="emoji, right to left, other scripts"),
    pytest.param("lone \ud83d surrogate", id="lone surrogate"),
    pytest.param("Blume\r\nWiese\u2028\ufeff\ufffe", id="line ends and a mark"),
    pytest.param("Blume " * 17_000, id="100 KB"),
]


def assert_it_came_through(prompt):
    result, record = play(prompt=prompt, languages=["es", "en"])

    assert result.status == record.status == "completed"
    assert items_of(record, "user_input_text")[0].content == prompt
    assert items_of(record, "interception_iteration")[0].input_text == prompt
    assert result.final_text == f"{prompt} [es] [en]"
    assert (record.dropped, record.lossy_values) == (0, 0)


@pytest.mark.parametrize("prompt", HOSTILE)
def test_a_hostile_prompt_is_kept_character_by_character(prompt):
    """Nothing is cut, escaped or replaced, and nothing fails."""
    assert_it_came_through(prompt)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=()), min_size=1).filter(str.strip))
def test_every_prompt_is_kept_character_by_character(prompt):
    """Hypothesis looks for a text that does not come through."""
    assert_it_came_through(prompt)
