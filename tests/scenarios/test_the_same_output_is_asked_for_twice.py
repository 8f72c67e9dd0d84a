"""Scenario 6: three outputs, one of them twice; the counter and the seed tell them apart."""

from scenario_stage import image_config, items_of, play, sequence

from devserver.testing import ScriptedMaker, scripted_engines

THREE = ("sd35_large", "gpt5_image", "sd35_large")


def make_three(*, seeds=(), **fields):
    engines = scripted_engines(
        language="en", comfyui=ScriptedMaker(lambda text, seed: f"{text} {seed}".encode(), media_format="image/png")
    )
    return play(prompt="A flower", config=image_config(*THREE), engines=engines, seeds=seeds, **fields)


def test_three_checks_and_three_images_come_in_the_order_of_the_configuration():
    """Each output is checked, then made, before the next one begins; an English prompt is not translated."""
    _, record = make_three(seeds=[101, 102, 103])

    assert sequence(record) == [
        ("pipeline_start", 0, None, None),
        ("user_input_text", 1, None, None),
        ("stage1_safety_check", 1, None, None),
        ("stage_transition", 2, None, None),
        ("interception_final", 2, None, None),
        *[
            entry
            for output in (1, 2, 3)
            for entry in (
                ("stage_transition", 3, None, None),
                ("stage3_safety_check", 3, None, output),
                ("stage_transition", 4, None, None),
                ("output_image", 4, None, output),
            )
        ],
        ("pipeline_complete", 5, None, None),
    ]
    assert (record.status, record.outputs_generated) == ("completed", 3)


def test_the_twins_differ_in_counter_seed_and_file():
    """Same configuration, other loop_iteration, other seed, other media file."""
    result, record = make_three(seeds=[101, 102, 103])
    images = items_of(record, "output_image")

    assert [(image.config_used, image.loop_iteration, image.metadata["seed"]) for image in images] == [
        ("sd35_large", 1, 101),
        ("gpt5_image", 2, 102),
        ("sd35_large", 3, 103),
    ]
    assert len({image.file_path for image in images}) == 3
    assert [output.seed for output in result.outputs] == [101, 102, 103]
    assert record.used_seed == 101


def test_an_asked_for_seed_is_used_as_it_is_and_counted_up_for_the_twin():
    """Different configurations share the seed, which makes them comparable; the twin gets the next one."""
    _, record = make_three(seed=123456789)

    assert [image.metadata["seed"] for image in items_of(record, "output_image")] == [123456789, 123456789, 123456790]
    assert record.used_seed == 123456789


def test_every_parameter_of_an_image_is_in_its_item_and_in_its_call():
    """The item has what was passed; the call has both what was asked for and what was passed."""
    _, record = make_three(seeds=[101, 102, 103])
    image, call = items_of(record, "output_image")[0], next(span for span in record.attempts if span.stage == 4)

    assert image.metadata == {"prompt": "A flower", "seed": 101, "steps": 25, "cfg": 5.5, "engine_version": "1"}
    assert call.configured == {"steps": 25, "cfg": 5.5, "seed": "random"}
    assert call.passed == {"prompt": "A flower", "seed": 101, "steps": 25, "cfg": 5.5}
    assert (image.attempt, call.not_passed) == (call.span_id, ())
