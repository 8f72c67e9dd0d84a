"""A poster: one page with the first sentence and the last, the way, what was made, and nothing that nobody may see."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from printed_records import a_failed_run, an_ordinary_run, fifteen_languages, four_outputs, hostile
from reading_pdf import read, text_of
from records import a_record, an_item, records

from exporters import FORMATS
from exporters.errors import UnknownOption
from otel_tracking import ItemType

POSTER, PICTURE = FORMATS["poster"], FORMATS["poster_picture"]
ADDRESS = "https://devserver.school.example/runs/exec_20261123_110351_eea8c4dc"
RUNS = [fifteen_languages, four_outputs, a_failed_run, hostile, an_ordinary_run]


def a_journey(first, last):
    hop = {"from_lang": "de", "to_lang": "es"}
    return a_record(
        items=(
            an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content=first, metadata={"input_language": "de"}),
            an_item(item_type=ItemType.STAGE1_SAFETY_CHECK, metadata={"safe": True}),
            an_item(item_type=ItemType.INTERCEPTION_ITERATION, stage=2, stage_iteration=1, content=last, metadata=hop),
            an_item(item_type=ItemType.INTERCEPTION_FINAL, stage=2, content=last),
            an_item(item_type=ItemType.STAGE3_SAFETY_CHECK, stage=3, metadata={"safe": True}, input_text=last),
        )
    )


def words_of(document):
    return " ".join(text_of(document).split())


@pytest.mark.parametrize("make", RUNS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_run_is_one_page(make, language):
    assert len(read(POSTER.render(make(), language=language, address=ADDRESS)).pages) == 1


@given(record=records)
@settings(max_examples=5, deadline=None)
def test_whatever_is_in_a_record_is_one_page(record):
    assert len(read(POSTER.render(record)).pages) == 1


@given(first=st.integers(1, 4000), last=st.integers(1, 4000))
@settings(max_examples=8, deadline=None)
def test_texts_of_any_length_are_one_page(first, last):
    assert len(read(POSTER.render(a_journey("Meer im Glas " * first, "mar " * last))).pages) == 1


def test_what_is_too_long_says_that_it_was_cut():
    assert words_of(POSTER.render(a_journey("Meer im Glas " * 4000, "mar"))).count("(shortened)") == 1


@pytest.mark.parametrize("text", ["\n" * 150, "a\n" * 90, "x" * 199, "漢字 " * 60, "\u202e" * 199, "W" * 5000])
def test_odd_texts_are_one_page(text):
    assert len(read(POSTER.render(a_journey(text, text), title=text)).pages) == 1


def test_a_way_of_a_hundred_languages_is_one_page():
    hops = [
        an_item(
            item_type=ItemType.INTERCEPTION_ITERATION,
            stage=2,
            content="x",
            metadata={"from_lang": "de", "to_lang": f"x{n}" * 9},
        )
        for n in range(100)
    ]
    assert len(read(POSTER.render(a_record(items=hops))).pages) == 1


def test_it_says_what_was_at_the_beginning_and_what_in_the_end():
    document = POSTER.render(a_journey("Ein Fuchs lacht", "Un zorro ríe"), language="de", title="Stille Post")
    said = words_of(document)
    assert "Stille Post" in said
    assert said.index("Ein Fuchs lacht") < said.index("Deutsch → Spanisch") < said.index("Un zorro ríe")


@pytest.mark.parametrize("make", RUNS)
def test_no_id_is_on_it(make):
    record = make()
    document = POSTER.render(record, audience="student", title="Stille Post")
    for name in ("execution_id", "trace_id", "user_id", "session_id", "device_id"):
        value = getattr(record, name)
        assert not value or str(value) not in f"{text_of(document)}{read(document).metadata}"


def test_pupils_get_no_sentence_that_a_check_stopped():
    record = replace(
        a_record(
            items=(
                an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Xqv verboten"),
                an_item(item_type=ItemType.STAGE1_SAFETY_CHECK, metadata={"safe": False}),
                an_item(item_type=ItemType.STAGE1_BLOCKED, content="blocked: Xqv verboten"),
            )
        ),
        status="blocked",
    )
    assert "Xqv" not in text_of(POSTER.render(record, audience="student"))
    assert "Xqv" in text_of(POSTER.render(record))


def test_its_code_leads_to_the_page():
    image = Image.open(io.BytesIO(PICTURE.render(an_ordinary_run(), address=ADDRESS)))
    assert image.size == (1654, 2339)
    assert [code.text for code in zxingcpp.read_barcodes(image)] == [ADDRESS]


def test_without_an_address_there_is_no_code():
    image = Image.open(io.BytesIO(PICTURE.render(an_ordinary_run())))
    assert zxingcpp.read_barcodes(image) == []


NO_PAGES = [
    *("javascript:alert(1)", "runs/1", "file:///etc/passwd", f"https://a.example/{'x' * 400}"),
    *("http://", "http://[", "http://a\x00b", "https://a.example/ b", "https://a.example/\udc80"),
]


@pytest.mark.parametrize("address", NO_PAGES)
def test_telephones_are_led_to_pages_alone(address):
    with pytest.raises(UnknownOption, match=r"address is .* would work"):
        POSTER.render(an_ordinary_run(), address=address)


@pytest.mark.parametrize("form", [POSTER, PICTURE])
def test_the_same_run_gives_the_same_bytes(form):
    assert form.render(four_outputs(), address=ADDRESS) == form.render(four_outputs(), address=ADDRESS)
