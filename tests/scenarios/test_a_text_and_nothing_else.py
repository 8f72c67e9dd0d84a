"""Scenario 7: a configuration without outputs; the text is what was made."""

from scenario_stage import items_of, play, sequence, tree

from devserver.embedded import embedded_engines


def play_opposite(prompt="An old robot sings to the moon.", **fields):
    return play(prompt=prompt, config_name="theopposite", engines=embedded_engines(), seed=1, **fields)


def test_the_run_is_complete_with_its_final_text():
    """No translation of an English prompt, a check of the text, no stage 4, no file and no folder for any."""
    result, record = play_opposite()

    assert sequence(record) == [
        ("pipeline_start", 0, None, None),
        ("user_input_text", 1, None, None),
        ("stage1_safety_check", 1, None, None),
        ("stage_transition", 2, None, None),
        ("interception_final", 2, None, None),
        ("stage_transition", 3, None, None),
        ("stage3_safety_check", 3, None, None),
        ("pipeline_complete", 5, None, None),
    ]
    assert (result.status, result.final_text) == ("completed", "A young robot listens to the sun.")
    assert (record.status, record.outputs_generated, record.attachments) == ("completed", 0, {})
    assert items_of(record, "pipeline_complete")[0].metadata["stages_completed"] == [1, 2, 3]


def test_the_final_item_says_who_turned_which_words_and_how():
    """Backend, model, engine version, and the pairs of words; the call's span has what was passed."""
    _, record = play_opposite()
    (final,) = items_of(record, "interception_final")
    (call,) = (attempt for attempt in record.attempts if attempt.stage == 2)

    assert (final.input_text, final.backend_used) == ("An old robot sings to the moon.", "theopposite")
    assert final.metadata["turned"] == [["old", "young"], ["sings", "listens"], ["moon", "sun"]]
    assert call.passed == {"prompt": "An old robot sings to the moon.", "seed": 1}
    assert call.response["engine_version"] == "theopposite 2"


def test_a_language_that_is_not_known_ends_the_run_with_a_way_out():
    """Turkish is not turned into something wrong: the error says what would work, the record has it."""
    result, record = play_opposite("Kırmızı bir kedi bahçede uyuyor")

    assert result.status == record.status == "error"
    assert "translate_first = true" in result.error
    assert "stage.interception ERROR" in [line.strip() for line in tree(record)]
