"""Scenario 2: Stille Post whose backend fails at the fifth hop."""

from scenario_stage import items_of, play, sequence, tree

from devserver.testing import ScriptedTranslator, scripted_engines

MESSAGE = "Loop iteration 5 failed: Backend error: Ollama Error: 500"


def fail_at_hop_five():
    return play(prompt="Eine Blume auf der Wiese", engines=scripted_engines(translator=ScriptedTranslator(fails_at=5)))


def test_four_hops_are_kept_and_the_error_stands_where_it_happened():
    """Hops 1 to 4, then the error with stage 2 and hop 5 as fields; no final text, no completion."""
    _, record = fail_at_hop_five()

    assert sequence(record) == [
        ("pipeline_start", 0, None, None),
        ("user_input_text", 1, None, None),
        ("stage1_safety_check", 1, None, None),
        ("stage_transition", 2, None, None),
        *[("interception_iteration", 2, hop, None) for hop in range(1, 5)],
        ("pipeline_error", 2, 5, None),
    ]
    (error,) = items_of(record, "pipeline_error")
    assert error.content == MESSAGE
    assert error.metadata["error_type"] == "PipelineError"


def test_the_fifth_span_is_an_error_and_no_sixth_exists():
    """The error is on the call, its hop, its stage and the run; nothing is made up after it."""
    _, record = fail_at_hop_five()

    assert tree(record) == [
        "execution ERROR",
        "  stage.translation_safety",
        "    safety_check",
        "  stage.interception ERROR",
        *[line for hop in range(1, 5) for line in (f"    iteration {hop}", "      translate mistral-nemo:latest")],
        "    iteration 5 ERROR",
        "      translate mistral-nemo:latest ERROR",
    ]


def test_the_failed_call_keeps_what_it_was_asked_for_and_what_the_backend_said():
    """The hop that failed left no item, but its languages and the backend's own words are in its spans."""
    _, record = fail_at_hop_five()
    hop, call = (span for span in record.spans if span.stage_iteration == 5)

    assert hop.configured == {"from_lang": "ca", "to_lang": "pt"}
    assert call.error == {"error_type": "EngineFailed", "error_message": "Ollama Error: 500"}


def test_the_record_and_the_result_say_error():
    """Status, error and place agree between what the caller gets and what researchers keep."""
    result, record = fail_at_hop_five()

    assert (result.status, result.error, result.final_text) == ("error", MESSAGE, None)
    assert (record.status, record.stages_completed, record.outputs_generated) == ("error", (1,), 0)
    assert record.error == {
        "error_type": "PipelineError",
        "error_message": MESSAGE,
        "stage": 2,
        "stage_iteration": 5,
        "loop_iteration": None,
    }


def test_a_translation_that_fails_in_stage_one_names_no_hop():
    """A run may fail in stage 1 too: then no hop is named."""
    config_name = "image_comparison"
    engines = scripted_engines(translator=ScriptedTranslator(fails_at=1))
    result, record = play(prompt="Eine Blume", config_name=config_name, engines=engines)

    assert result.error == "Translation to English failed: Backend error: Ollama Error: 500"
    assert sequence(record)[-1] == ("pipeline_error", 1, None, None)
    assert record.stages_completed == ()
