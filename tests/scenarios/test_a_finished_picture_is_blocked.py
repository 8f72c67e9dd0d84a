"""Scenario 19: a model that sees looks at the finished picture and stops it; the picture exists all the same."""

import pytest
from scenario_stage import by_hand, items_of, sequence

from devserver.testing import PNG
from devserver.verify import is_right, verify
from otel_tracking import ItemType

SEEN = {"safe": False, "codes": ["violence"], "method": "qwen3-vl:2b", "description": "a weapon", "stage": "vlm_safety"}


def one_blocked_afterwards(run, *, second=False):
    """A picture is made, seen and blocked; with `second` another one is made that nobody minds."""
    with run.output(1, config_used="sd35_large") as output, output.stage(4) as stage:
        make(stage, seed=11)
        with stage.backend_call("ollama", model="qwen3-vl:2b", operation="safety_check") as call:
            call.passed({"model": "qwen3-vl:2b", "options": {"temperature": 0.0, "num_predict": 2000}})
            call.response({"safe": False})
        stage.item(ItemType.OUTPUT_BLOCKED, content="blocked by the safety check (violence)", metadata=SEEN)
    if second:
        with run.output(2, config_used="sd35_large") as output, output.stage(4) as stage:
            make(stage, seed=12)


def make(stage, *, seed):
    with stage.backend_call("comfyui", model="sd3.5_large.safetensors", configured={"seed": seed}) as call:
        call.passed({"prompt": "Ein gruseliger Vampir", "seed": seed})
    stage.item(ItemType.OUTPUT_IMAGE, media=PNG + bytes([seed]), media_format="image/png", metadata={"seed": seed})


@pytest.fixture(scope="module")
def record():
    return by_hand(one_blocked_afterwards)


def test_the_block_comes_after_the_picture_in_the_same_output(record):
    """First what was made, then that it must not be shown."""
    assert [entry for entry in sequence(record) if entry[3]] == [
        ("output_image", 4, None, 1),
        ("output_blocked", 4, None, 1),
    ]


def test_the_picture_and_its_parameters_are_kept(record):
    """Research needs what was blocked; whoever shows pictures looks for the block."""
    (image,), (block,) = items_of(record, "output_image"), items_of(record, "output_blocked")

    assert record.attachments[image.media.sha256] == PNG + bytes([11])
    assert (image.metadata["seed"], image.backend_used) == (11, "comfyui")
    assert (block.metadata, block.backend_used, block.model_used) == (SEEN, "ollama", "qwen3-vl:2b")


def test_a_blocked_output_counts_as_not_generated(record):
    """Every output was blocked, so the run was; nothing is an error."""
    assert (record.status, record.outputs_generated) == ("blocked", 0)
    assert items_of(record, "pipeline_complete")[0].metadata["outputs_generated"] == 0
    assert [span.status for span in record.spans if span.status == "error"] == []


def test_another_output_that_nobody_minds_makes_the_run_partial():
    """One made, one blocked."""
    record = by_hand(lambda run: one_blocked_afterwards(run, second=True))
    assert (record.status, record.outputs_generated) == ("partial", 1)


def test_verify_finds_nothing_wrong_with_it(record):
    """The counts are those of the items."""
    assert is_right(verify(record))
