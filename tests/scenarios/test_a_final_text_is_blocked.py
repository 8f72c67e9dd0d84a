"""A run that makes nothing but a text: the text it ends with is an output, and is checked as one."""

import json

import pytest
from scenario_stage import items_of, play, sequence, tree

from devserver.embedded.languages import detect_language
from devserver.safety.terms import check_terms
from devserver.testing import ScriptedTranslator, scripted_engines
from devserver.verify import verify
from devserver.web.runs.student_copy import student_copy
from exporters.formats import FORMATS
from exporters.formats.documents import render_document

PROMPT = "Eine Blume auf der Wiese"
GRUESOME = "a gruesome monster with blood and a knife"
JOURNEY = ("es", "en")
PAIRS = (("de", "es"), ("es", "en"))


def engines(made=GRUESOME):
    translator = ScriptedTranslator({(f"{PROMPT} [es]", "en"): made}, pairs=PAIRS)
    return scripted_engines(translator=translator, check_safety=check_terms, detect_language=detect_language)


def run(made=GRUESOME, level="kids", prompt=PROMPT):
    return play(prompt=prompt, languages=JOURNEY, safety_level=level, engines=engines(made))


@pytest.fixture(scope="module")
def blocked():
    """The result and the record of a run whose last hop made something gruesome of a flower."""
    return run()


def test_it_is_blocked_where_the_level_asks_for_it(blocked):
    """An outcome, not an error; nobody is handed the text."""
    result, record = blocked

    assert (result.status, record.status, record.error) == ("blocked", "blocked", None)
    assert result.final_text is None
    assert "blocked by the safety check" in result.blocked
    assert GRUESOME not in result.blocked
    assert (record.outputs_generated, record.stages_completed) == (0, (1, 2))
    assert verify(record) == ()


def test_the_check_is_in_the_record_after_stage_two(blocked):
    """On a span of its own, in no output's loop: there is none."""
    _, record = blocked

    assert sequence(record)[-5:] == [
        ("interception_final", 2, None, None),
        ("stage_transition", 3, None, None),
        ("stage3_safety_check", 3, None, None),
        ("stage3_blocked", 3, None, None),
        ("pipeline_complete", 5, None, None),
    ]
    assert "  stage.output_safety" in tree(record)
    [check] = items_of(record, "stage3_safety_check")
    assert (check.input_text, check.metadata["safe"]) == (GRUESOME, False)
    assert set(check.metadata["found_terms"]) >= {"blood", "monster"}


@pytest.mark.parametrize(("made", "level"), [("a flower", "kids"), (GRUESOME, "off")])
def test_a_text_that_is_fit_goes_out(made, level):
    """The check is in the record all the same."""
    result, record = run(made, level)

    assert (result.status, record.status, result.final_text) == ("completed", "completed", made)
    assert items_of(record, "stage3_safety_check")[0].metadata["safe"] is True
    assert record.stages_completed == (1, 2, 3)


def test_students_see_neither_the_text_nor_the_hops_that_led_to_it(blocked):
    """In their copy of the record and in every document for them, in no language; researchers see all of it."""
    _, record = blocked
    copy = student_copy(record)

    assert GRUESOME not in json.dumps(copy)
    assert [item["item_type"] for item in copy["items"] if item["withheld"]] == [
        "user_input_text",
        "interception_iteration",
        "interception_iteration",
        "interception_final",
    ]
    for_students = render_document(record, FORMATS["html"], options={"audience": "student"}).decode()
    for_researchers = render_document(record, FORMATS["html"]).decode()
    assert GRUESOME not in for_students
    assert GRUESOME in for_researchers


def test_an_interception_by_an_engine_and_one_that_passes_on_are_checked_too():
    """Whatever makes the text."""
    from devserver.configs import InterceptionConfig, PipelineConfig

    config = PipelineConfig(name="as it is", interception=InterceptionConfig(kind="pass_on"))
    result, record = play(prompt=GRUESOME, engines=engines(), config=config)

    assert (result.status, record.status) == ("blocked", "blocked")
