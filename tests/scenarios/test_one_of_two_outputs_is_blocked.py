"""Scenario 5: two outputs are wanted, stage 3 lets one through."""

from scenario_stage import image_config, items_of, play, sequence, tree

from devserver.testing import PNG, ScriptedMaker, ScriptedSafety, scripted_engines


def block(*answers, maker=None):
    engines = scripted_engines(check_safety=ScriptedSafety(outputs=answers), comfyui=maker or ScriptedMaker())
    config = image_config("sd35_large", "gpt5_image", seeds=[11, 12])
    return play(prompt="Ein gruseliger Vampir im Wald", config=config, engines=engines)


def test_the_blocked_output_ends_at_stage_three_and_the_run_goes_on():
    """Output 1 is checked and made, output 2 checked and blocked; then the run completes."""
    _, record = block(True, False)

    assert sequence(record) == [
        ("pipeline_start", 0, None, None),
        ("user_input_text", 1, None, None),
        ("stage1_safety_check", 1, None, None),
        ("translation_result", 1, None, None),
        ("stage_transition", 2, None, None),
        ("interception_final", 2, None, None),
        ("stage_transition", 3, None, None),
        ("stage3_safety_check", 3, None, 1),
        ("stage_transition", 4, None, None),
        ("output_image", 4, None, 1),
        ("stage_transition", 3, None, None),
        ("stage3_safety_check", 3, None, 2),
        ("stage3_blocked", 3, None, 2),
        ("pipeline_complete", 5, None, None),
    ]
    assert [
        (item.metadata["from_stage"], item.metadata["to_stage"]) for item in items_of(record, "stage_transition")
    ] == [
        (1, 2),
        (2, 3),
        (3, 4),
        (4, 3),
    ]


def test_the_blocked_output_has_no_span_of_stage_four():
    """Nothing is an error, and nothing was asked of a backend for the blocked output."""
    _, record = block(True, False)

    assert tree(record) == [
        "execution",
        "  stage.translation_safety",
        "    safety_check",
        "    translate mistral-nemo:latest",
        "  stage.interception",
        "  output 1",
        "    stage.output_safety",
        "      safety_check",
        "    stage.output",
        "      generate_content sd3.5_large.safetensors",
        "  output 2",
        "    stage.output_safety",
        "      safety_check",
    ]


def test_only_what_was_made_is_counted():
    """One output was generated, the run is partial, for the record and for the caller."""
    result, record = block(True, False)

    assert (record.status, record.outputs_generated) == ("partial", 1)
    assert items_of(record, "pipeline_complete")[0].metadata["outputs_generated"] == 1
    assert (result.status, [output.status for output in result.outputs]) == ("partial", ["made", "blocked"])
    assert result.outputs[0].media == PNG
    assert items_of(record, "stage3_blocked")[0].config_used == "gpt5_image"


def test_every_output_blocked_is_a_blocked_run():
    """Nothing was made and nothing failed: blocked, without an error."""
    result, record = block(False, False)

    assert (result.status, record.status, record.outputs_generated) == ("blocked", "blocked", 0)
    assert result.error is None


def test_a_failed_output_does_not_end_the_run():
    """The first output fails at its backend, the second is made: the record says so about both."""
    result, record = block(True, True, maker=ScriptedMaker(fails_at=[1]))
    outputs = [entry for entry in sequence(record) if entry[3]]

    assert outputs == [
        ("stage3_safety_check", 3, None, 1),
        ("output_failed", 4, None, 1),
        ("stage3_safety_check", 3, None, 2),
        ("output_image", 4, None, 2),
    ]
    assert (result.status, record.status, record.outputs_generated) == ("partial", "partial", 1)
    assert items_of(record, "output_failed")[0].content == "ComfyUI Error: out of memory"
    assert [line.strip() for line in tree(record) if line.endswith("ERROR")] == [
        "output 1 ERROR",
        "stage.output ERROR",
        "generate_content sd3.5_large.safetensors ERROR",
    ]


def test_every_output_failed_is_an_error():
    """The result names the first failure; the record says error without an exception having ended the run."""
    result, record = block(True, True, maker=ScriptedMaker(fails_at=[1, 2]))

    assert (result.status, result.error) == ("error", "ComfyUI Error: out of memory")
    assert (record.status, record.outputs_generated) == ("error", 0)
