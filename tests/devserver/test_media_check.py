"""What was made is looked at before it is shown, where somebody is there who can; a block comes after the output."""

from dataclasses import replace

import pytest

from collectors import start_recording
from collectors.testing import RememberingSink
from devserver.backends.errors import ServerUnreachable
from devserver.configs import OutputConfig, PipelineConfig
from devserver.pipeline import Pipeline, Request
from devserver.testing import PNG, ScriptedMaker, ScriptedMediaCheck, scripted_engines
from devserver.verify import is_right, verify


class Triptych(ScriptedMaker):
    """Three files in one answer."""

    def make(self, text, **asked):
        made = super().make(text, **asked)
        return replace(made, files=made.files * 3)


MAKERS = {
    "comfyui": ScriptedMaker(),
    "singer": ScriptedMaker(b"RIFF", media_format="audio/wav"),
    "triptych": Triptych(),
}


def a_run(check, *outputs, level="kids"):
    """The result and the record of a run that makes these outputs; pauses are never made."""
    config = PipelineConfig(
        name="one",
        outputs=outputs
        or (OutputConfig(name="first", engine="comfyui", seed=7), OutputConfig(name="second", engine="comfyui")),
    )
    engines = scripted_engines(language="en", check_media=check, **MAKERS)
    sink = RememberingSink()
    with start_recording([sink], raise_errors=True, journal=False) as recording:
        pipeline = Pipeline(recording.tracker(), engines, find_config=lambda name: config, wait=lambda seconds: None)
        result = pipeline.run(Request(prompt="A flower", safety_level=level))
    (record,) = sink.records
    return result, record


def made_and_blocked(record):
    return [
        (str(item.item_type), item.loop_iteration)
        for item in record.items
        if item.item_type in ("output_image", "output_music", "output_blocked", "output_failed")
    ]


def looks(record):
    return [call for call in record.attempts if call.model_used == "qwen3-vl:2b"]


def test_a_picture_that_is_not_to_be_shown_is_in_the_record_and_not_in_the_result():
    """First what was made, then the block; the other output is made."""
    result, record = a_run(ScriptedMediaCheck([False]))

    assert made_and_blocked(record) == [("output_image", 1), ("output_blocked", 1), ("output_image", 2)]
    first = result.outputs[0]
    assert (first.status, first.files, first.seed) == ("blocked", (), 7)
    assert first.blocked == "blocked by the safety check (scripted)"
    assert result.outputs[1].media == PNG


def test_pipeline_and_record_agree_on_what_came_of_the_run():
    """Some blocked: partial; all blocked: blocked; none: completed. A blocked output does not count as generated."""
    said = [a_run(ScriptedMediaCheck(answers)) for answers in ([], [False], [False, False])]

    assert [(result.status, str(record.status), record.outputs_generated) for result, record in said] == [
        ("completed", "completed", 2),
        ("partial", "partial", 1),
        ("blocked", "blocked", 0),
    ]
    assert [is_right(verify(record)) for _, record in said] == [True, True, True]


def test_a_look_is_an_attempt_and_the_block_says_what_was_seen():
    """Who looked, with which parameters, and why it said no."""
    _, record = a_run(ScriptedMediaCheck([False]))
    look, block = looks(record)[0], next(item for item in record.items if item.item_type == "output_blocked")

    assert (look.name, look.stage, look.configured, look.not_passed) == (
        *("safety_check qwen3-vl:2b", 4),
        {"strictness": 3},
        (),
    )
    assert (block.backend_used, block.model_used, block.attempt) == ("ollama", "qwen3-vl:2b", look.span_id)
    assert block.metadata == {
        **{"safe": False, "safety_level": "kids", "codes": ["scripted"], "found_terms": [], "method": "script"},
        **{"list_version": "", "description": "a weapon", "file_number": 1},
    }


def test_a_picture_that_may_be_shown_leaves_a_span_and_no_item():
    """The output is the item; that it was looked at stands beside it."""
    result, record = a_run(ScriptedMediaCheck())

    assert result.status == "completed"
    assert made_and_blocked(record) == [("output_image", 1), ("output_image", 2)]
    assert [look.response["safe"] for look in looks(record)] == [True, True]


@pytest.mark.parametrize(
    ("troubles", "attempts"),
    [([ServerUnreachable("Ollama is not there")] * 2, 2), ([ValueError("a mistake of ours")], 1)],
)
def test_what_nobody_could_look_at_is_not_shown(troubles, attempts):
    """A check that is down does not become one that says yes; a look that may work a moment later is taken again."""
    result, record = a_run(ScriptedMediaCheck(troubles), OutputConfig(name="first", engine="comfyui"))
    block = next(item for item in record.items if item.item_type == "output_blocked")

    assert (result.status, str(record.status)) == ("blocked", "blocked")
    assert result.outputs[0].blocked == "blocked by the safety check (not_checked)"
    assert [look.status for look in looks(record)] == ["error"] * attempts
    assert (block.metadata["error_type"], block.attempt) == (type(troubles[0]).__name__, looks(record)[-1].span_id)
    assert (block.backend_used, block.model_used) == ("ollama", "qwen3-vl:2b")


def test_a_look_that_works_the_second_time_counts():
    """One trouble on the way is no block."""
    result, record = a_run(ScriptedMediaCheck([ServerUnreachable("not yet")]), OutputConfig(name="a", engine="comfyui"))

    assert (result.status, [look.status for look in looks(record)]) == ("completed", ["error", "unset"])


def test_nobody_looks_at_what_the_check_cannot_see_nor_where_nothing_is_checked():
    """Music is no picture; at the level `off` nothing is looked at; without a check nothing is either."""
    music = OutputConfig(name="song", engine="singer", medium="music")
    runs = [a_run(ScriptedMediaCheck([False]), music), a_run(ScriptedMediaCheck([False]), level="off"), a_run(None)]

    assert [result.status for result, _ in runs] == ["completed"] * 3
    assert [looks(record) for _, record in runs] == [[], [], []]


def test_one_file_of_several_is_enough_to_block_an_output():
    """What one answer held is shown together or not at all; the block says which file it was."""
    result, record = a_run(ScriptedMediaCheck([True, False]), OutputConfig(name="a", engine="triptych"))
    block = next(item for item in record.items if item.item_type == "output_blocked")

    assert (result.outputs[0].status, result.outputs[0].files) == ("blocked", ())
    assert made_and_blocked(record) == [("output_image", 1)] * 3 + [("output_blocked", 1)]
    assert (block.metadata["file_number"], len(looks(record))) == (2, 2)
