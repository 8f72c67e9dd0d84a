"""Whatever happened in a run, every format has a document of it: completed, failed, blocked, cut off, or hostile."""

import functools

import pytest
from scenario_stage import by_hand, failing_at, image_config, images, play

from devserver.testing import ScriptedSafety, scripted_engines
from exporters import FORMATS
from exporters.formats.documents import render_document
from otel_tracking import ItemType
from otel_tracking.canonical import dumps

HOSTILE = "NUL\x00 ]]> <script>alert(1)</script> 👩‍👩‍👧‍👦 زهرة \u202e half\ud83d\r\n"


def a_blocked_prompt():
    engines = scripted_engines(check_safety=ScriptedSafety(terms={"ISIS": "§86a"}))
    return play(prompt="Zeichne eine ISIS Flagge", engines=engines)


def three_outputs():
    config = image_config("sd35_large", "gpt5_image", "sd35_large", seeds=[1, 2, 3])
    return play(prompt="A flower", config=config)


def a_picture_that_was_blocked_once_made(run):
    with run.output(1, config_used="sd35_large") as output, output.stage(4) as stage:
        stage.item(ItemType.OUTPUT_IMAGE, media=b"\x89PNG forbidden", metadata={"seed": 1})
        stage.item(ItemType.OUTPUT_BLOCKED, metadata={"safe": False, "codes": ["violence"]})


def a_fallback_a_lookup_and_an_edit(run):
    with run.stage(2) as stage:
        with stage.backend_call("diffusers", model="sd35", configured={"lora": "x", "steps": 25}) as call:
            call.passed({"steps": 25, "graph": {"12": {"inputs": {"model": ["4", 0]}}}})
        stage.item(ItemType.BACKEND_FALLBACK, metadata={"from_backend": "diffusers", "to_backend": "comfyui"})
        stage.item(ItemType.RESEARCH_LOOKUP, content="Nok", metadata={"lang": "de", "success": False})
        stage.item(ItemType.USER_EDIT, content="after", input_text="before")


SCENARIOS = {
    "Stille Post": lambda: play(prompt="Eine Blume auf der Wiese")[1],
    "the fifth hop fails": lambda: play(prompt="Eine Blume", engines=failing_at(5))[1],
    "a blocked prompt": lambda: a_blocked_prompt()[1],
    "one output blocked": lambda: images(answers=(True, False))[1],
    "one output failed": lambda: images(fails_at=[1])[1],
    "three outputs, one twice": lambda: three_outputs()[1],
    "blocked once made": lambda: by_hand(a_picture_that_was_blocked_once_made),
    "fallback, look-up, edit": lambda: by_hand(a_fallback_a_lookup_and_an_edit),
    "nothing": lambda: by_hand(lambda run: None),
    "hostile text": lambda: play(prompt=HOSTILE, languages=["ar", "en"])[1],
    "a hundred kilobytes": lambda: play(prompt="Blume " * 17_000, languages=["es"])[1],
}


@functools.cache
def record_of(name):
    return SCENARIOS[name]()


@pytest.mark.parametrize("name", SCENARIOS)
@pytest.mark.parametrize("format_name", FORMATS)
def test_there_is_a_document(format_name, name):
    """Always, and where it can be read back, it is the same record."""
    form, record = FORMATS[format_name], record_of(name)
    document = render_document(record, form)

    assert document
    if form.parse:
        assert dumps(form.parse(document).to_dict()) == dumps(record.to_dict())


STUDENT_FORMATS = [name for name, form in FORMATS.items() if "audience" in form.options]


@pytest.mark.parametrize("format_name", STUDENT_FORMATS)
def test_a_picture_that_was_blocked_is_in_no_document_for_students(format_name):
    """Scenario 19: it exists, it is in the record, and it is not handed out."""
    record = record_of("blocked once made")
    document = render_document(record, FORMATS[format_name], options={"audience": "student"})

    assert b"forbidden" in b"".join(record.attachments.values())
    assert b"iVBORw0KGgo" not in document
    assert b"forbidden" not in document
