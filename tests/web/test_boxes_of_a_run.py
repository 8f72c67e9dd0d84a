"""The board: which boxes a run has, in which state each is, and what students do not see."""

import datetime as dt
import json

import pytest

from devserver.web.live.board import board_of
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, MediaType
from otel_tracking.record import Media

START = dt.datetime(2025, 11, 3, 22, 41, 53, tzinfo=dt.UTC)
SHA256 = "ab" * 32
CHAIN = {"config": {"translate_first": True, "interception": {"kind": "translation_chain", "hops": 2}, "outputs": []}}
PICTURE = {
    "config": {
        "translate_first": False,
        "interception": {"kind": "pass_on"},
        "outputs": [{"name": "weimar", "medium": "image"}],
    }
}


def an_item(item_type, number=1, **fields):
    usual = {"media_type": MediaType.TEXT, "timestamp": START + dt.timedelta(seconds=number)}
    return ExecutionItem(item_type=item_type, sequence_number=number, **{**usual, **fields})


def a_start(plan):
    metadata = {"config_name": "stillepost", "metadata": plan}
    return an_item(ItemType.PIPELINE_START, stage=0, media_type=MediaType.METADATA, metadata=metadata)


def a_prompt(text="Eine Blume"):
    return an_item(ItemType.USER_INPUT_TEXT, 2, stage=1, content=text)


def a_check(number, *, safe, **place):
    item_type = ItemType.STAGE3_SAFETY_CHECK if place.get("loop_iteration") else ItemType.STAGE1_SAFETY_CHECK
    return an_item(item_type, number, media_type=MediaType.METADATA, metadata={"safe": safe}, **place)


def a_picture(number=6, **fields):
    place = {"stage": 4, "loop_iteration": 1, "media": Media(SHA256, 9, "image/png"), "media_type": MediaType.IMAGE}
    return an_item(ItemType.OUTPUT_IMAGE, number, **{**place, **fields})


def board(*items, audience="student", language="en", upto=None, status="completed", level="kids"):
    is_over = upto is None or upto > len(items)
    starts = [item for item in items if item.item_type == ItemType.PIPELINE_START]
    record = ExecutionRecord(
        execution_id="exec_20251103_224153_608540d5",
        config_name="stillepost",
        timestamp=START,
        status=status if is_over else "running",
        safety_level=level,
        items=items if is_over else items[:upto],
        metadata=starts[0].metadata["metadata"] if starts else {},
    )
    return board_of(record, language=language, audience=audience)


def states(shown):
    return {box.key: box.state for box in shown.boxes}


def box(shown, key):
    return next(box for box in shown.boxes if box.key == key)


def test_a_plan_shows_what_is_to_come():
    shown = board(a_start(CHAIN), upto=1)
    assert states(shown) == dict.fromkeys(
        [
            *("s1-user_input_text", "s1-stage1_safety_check", "s1-translation_result"),
            *("s2-interception_iteration-1", "s2-interception_iteration-2", "s2-interception_final"),
            "s3-stage3_safety_check",
        ],
        "waiting",
    )
    assert [title for _, title, _ in shown.chapters] == [
        "Translation and safety",
        "Interception",
        "Safety of the output",
    ]


def test_what_was_never_needed_is_skipped_when_the_run_is_over():
    assert set(states(board(a_start(CHAIN))).values()) == {"skipped"}


def test_a_record_of_an_earlier_tracker_without_plan_and_spans_shows_its_items():
    hop = {"stage": 2, "content": "A flower", "metadata": {"from_lang": "de", "to_lang": "en"}}
    shown = board(a_prompt(), an_item(ItemType.INTERCEPTION_ITERATION, 3, stage_iteration=1, **hop), language="de")
    assert states(shown) == {"s1-user_input_text": "done", "s2-interception_iteration-1": "done"}
    assert box(shown, "s2-interception_iteration-1").way == ("Deutsch", "Englisch")
    assert box(shown, "s2-interception_iteration-1").label == "Station 1"


def test_two_items_for_one_place_are_two_boxes():
    hops = [an_item(ItemType.INTERCEPTION_ITERATION, n, stage=2, stage_iteration=1, content=str(n)) for n in (3, 4)]
    assert [one.text for one in board(*hops).boxes] == ["3", "4"]


def test_three_pictures_of_one_output_are_three_boxes_in_their_chapter():
    pictures = [a_picture(n, metadata={"node_title": f"Save {n}"}) for n in (5, 6, 7)]
    [chapter] = board(*pictures).chapters
    assert [one.label for one in chapter[2]] == ["Picture · Save 5", "Picture · Save 6", "Picture · Save 7"]


def test_an_item_of_an_unknown_type_has_a_box():
    shown = board(an_item("crystal_ball", 3, stage=2, content="fog"))
    assert [(one.label, one.text, one.state) for one in shown.boxes] == [("crystal_ball", "fog", "done")]


@pytest.mark.parametrize("odd", [-1, "2", None, 2.5, True, 10**30])
def test_odd_counters_have_boxes_too(odd):
    item = an_item(ItemType.INTERCEPTION_ITERATION, 3, stage=odd, stage_iteration=odd, loop_iteration=odd, content="x")
    assert [one.text for one in board(item).boxes] == ["x"]


def test_a_block_is_said_by_the_check_that_said_no():
    blocked = an_item(ItemType.STAGE1_BLOCKED, 4, stage=1, content="blocked: §86a")
    items = (a_start(CHAIN), a_prompt("ISIS"), a_check(3, safe=False, stage=1), blocked)
    student, researcher = (board(*items, audience=audience, status="blocked") for audience in ("student", "researcher"))
    for shown in (student, researcher):
        assert states(shown)["s1-stage1_safety_check"] == "blocked"
        assert states(shown)["s2-interception_final"] == "skipped"
        assert states(shown)["s1-user_input_text"] == ("hidden" if shown is student else "done")
        assert shown.head.status_word == "stopped by a safety check"
    assert "ISIS" not in repr(student)
    assert box(researcher, "s1-user_input_text").text == "ISIS"


def test_students_see_no_prompt_while_nobody_has_checked_it():
    items = (a_start(CHAIN), a_prompt("secret"), a_check(3, safe=True, stage=1))
    assert states(board(*items, upto=2))["s1-user_input_text"] == "held"
    assert "secret" not in repr(board(*items, upto=2))
    assert box(board(*items, upto=3), "s1-user_input_text").text == "secret"
    assert box(board(*items, upto=2, audience="researcher"), "s1-user_input_text").text == "secret"


def test_students_see_no_text_that_pictures_are_made_of_before_stage_three_has():
    final = an_item(ItemType.INTERCEPTION_FINAL, 4, stage=2, content="vampires")
    items = (a_start(PICTURE), a_prompt(), a_check(3, safe=True, stage=1), final)
    assert "vampires" not in repr(board(*items, upto=4))
    looked_at = {"stage": 3, "loop_iteration": 1, "input_text": "vampires"}
    checked = {verdict: a_check(5, safe=verdict, **looked_at) for verdict in (True, False)}
    assert "vampires" in repr(board(*items, checked[True]))
    assert "vampires" not in repr(board(*items, checked[False], status="blocked"))
    assert states(board(*items, checked[False]))["o1-stage3_safety_check"] == "blocked"


def test_of_a_run_without_checks_students_see_what_happened_and_nothing_of_what_was_said():
    final = an_item(ItemType.INTERCEPTION_FINAL, 4, stage=2, content="vampires")
    items = (
        a_start(PICTURE),
        a_prompt("Vampire"),
        a_check(3, safe=True, stage=1),
        final,
        a_picture(input_text="vampires"),
    )
    for upto in range(1, 8):
        student = board(*items, upto=upto, level="off")
        assert "ampire" not in repr(student)
        assert not any(one.medium for one in student.boxes)
    assert states(student)["o1-made"] == states(student)["s1-user_input_text"] == "hidden"
    assert box(student, "o1-made").note == "Not shown here: no safety check has looked at this run."
    assert "vampires" in repr(board(*items, level="off", audience="researcher"))


def test_a_prompt_that_pictures_are_made_of_as_it_is_waits_for_stage_three():
    """The text that stage 3 looks at is the prompt, or its translation: nothing is shown and taken back."""
    plan = {"config": {**PICTURE["config"], "translate_first": True}}
    english = an_item(ItemType.TRANSLATION_RESULT, 4, stage=1, content="A vampire", input_text="Ein Vampir")
    final = an_item(ItemType.INTERCEPTION_FINAL, 5, stage=2, content="A vampire")
    items = (a_start(plan), a_prompt("Ein Vampir"), a_check(3, safe=True, stage=1), english, final)
    for upto in range(1, 6):
        assert "ampir" not in repr(board(*items, upto=upto))
    looked_at = {"stage": 3, "loop_iteration": 1, "input_text": "A vampire"}
    assert "Ein Vampir" in repr(board(*items, a_check(6, safe=True, **looked_at)))
    assert "ampir" not in repr(board(*items, a_check(6, safe=False, **looked_at), status="blocked"))


def test_a_picture_that_was_blocked_after_it_was_made_is_shown_to_nobody_but_researchers():
    blocked = an_item(ItemType.OUTPUT_BLOCKED, 7, stage=4, loop_iteration=1, content="vlm_safety")
    items = (a_start(PICTURE), a_prompt(), a_picture(), blocked)
    student, researcher = (box(board(*items, audience=one), "o1-made") for one in ("student", "researcher"))
    assert (student.state, student.medium) == ("blocked", None)
    assert "safety check said no" in student.note
    assert researcher.state == "blocked"
    assert researcher.medium["url"] == f"/api/runs/exec_20251103_224153_608540d5/media/{SHA256}"


def test_a_failed_output_is_failed_and_its_message_is_for_researchers():
    failed = an_item(ItemType.OUTPUT_FAILED, 6, stage=4, loop_iteration=1, content="CUDA out of memory")
    items = (a_start(PICTURE), a_prompt(), failed)
    student, researcher = (box(board(*items, audience=one), "o1-made") for one in ("student", "researcher"))
    assert (student.state, student.text, student.note) == ("failed", "", "Something went wrong here.")
    assert researcher.text == "CUDA out of memory"


def test_parameters_are_for_researchers():
    picture = a_picture(metadata={"seed": 7, "cfg": 5.5})
    assert box(board(picture), "o1-made").parameters == ()
    shown = box(board(picture, audience="researcher"), "o1-made").parameters
    named = {one["name"]: one["value"] for one in shown}
    assert (named["cfg"], named["seed"]) == ("5.5", "7")


def test_boxes_are_plain_values_that_json_knows():
    shown = board(a_start(PICTURE), a_prompt("\ud800 \x00"), a_picture(), audience="researcher")
    for value in (shown.head.to_dict(), *(one.to_dict() for one in shown.boxes)):
        json.dumps(value, allow_nan=False).encode()
