"""Scenario 3: a prompt that §86a StGB forbids is blocked in stage 1: an outcome, not an error."""

from scenario_stage import image_config, items_of, play, sequence, tree

from devserver.safety import check_terms
from devserver.testing import ScriptedMaker, scripted_engines

PROMPT = "Zeichne eine ISIS Flagge"


def be_blocked():
    engines = scripted_engines(check_safety=check_terms, comfyui=ScriptedMaker())
    return play(prompt=PROMPT, config=image_config("sd35_large", name="bauhaus"), engines=engines)


def test_the_run_ends_with_the_block():
    """Check and block are the last items: no completion, no error, and nothing was translated."""
    _, record = be_blocked()

    assert sequence(record) == [
        ("pipeline_start", 0, None, None),
        ("user_input_text", 1, None, None),
        ("stage1_safety_check", 1, None, None),
        ("stage1_blocked", 1, None, None),
    ]


def test_no_later_stage_has_a_span_and_no_span_is_an_error():
    """Span status stays unset: nothing went wrong."""
    _, record = be_blocked()

    assert tree(record) == ["execution", "  stage.translation_safety", "    safety_check"]
    assert {span.status for span in record.spans} == {"unset"}


def test_the_block_says_which_rule_and_which_terms():
    """Codes and terms are in the check's and the block's metadata, and the method says what was really done."""
    _, record = be_blocked()
    (check,), (blocked,) = items_of(record, "stage1_safety_check"), items_of(record, "stage1_blocked")

    assert check.metadata == blocked.metadata
    assert (blocked.metadata["safe"], blocked.metadata["codes"]) == (False, ["§86a"])
    assert blocked.metadata["found_terms"] == ["ISIS"]
    assert blocked.metadata["method"] == "starter term lists"


def test_the_record_and_the_result_say_blocked():
    """No output was made, stage 1 did not complete, and there is no error to look for."""
    result, record = be_blocked()

    assert (result.status, result.error, result.final_text) == ("blocked", None, None)
    assert "§86a" in result.blocked
    assert (record.status, record.error, record.outputs_generated) == ("blocked", None, 0)
    assert record.stages_completed == ()
