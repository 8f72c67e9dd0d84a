"""The XML of earlier exports, element for element."""

import re

import pytest
from hostile import a_hostile_record
from hypothesis import given, settings
from lxml import etree
from records import a_record, an_item, records

from exporters.formats.xml.legacy import render
from otel_tracking import ItemType, Media, MediaType


def a_medium(item_type, **fields):
    media_type = str(item_type).removeprefix("output_")
    path = f"media/exec_1/{media_type}.bin"
    fields = {"content": None, "stage": 4, "loop_iteration": 1, **fields}
    return an_item(item_type=item_type, media_type=media_type, media=Media("a" * 64, 5, None), file_path=path, **fields)


def outputs_of(record):
    return etree.fromstring(render(record)).findall("session/outputs/output")


def test_a_whole_document_is_as_it_always_was():
    """Order, names, indentation and the declaration without an encoding."""
    items = [
        an_item(item_type=ItemType.USER_INPUT_TEXT, content="Ein Kamel fliegt über den Schwarzwald"),
        an_item(item_type=ItemType.TRANSLATION_RESULT, content="A camel flies over the Black Forest"),
        an_item(
            item_type=ItemType.INTERCEPTION_FINAL, content="watermark, text & <blur>", metadata={"node_title": "n"}
        ),
        a_medium(ItemType.OUTPUT_IMAGE, metadata={"node_title": "Save Image"}),
        a_medium(ItemType.OUTPUT_MUSIC, metadata={"node_title": 'Save "Audio" (MP3)'}),
    ]
    record = a_record(
        items=items,
        user_id="DOE_J",
        config_name="semantics/StillePost",
        used_seed=805046654403287,
        safety_level="kids",
        execution_id="exec_20261123_120000_46cf69f1",
    )

    assert re.sub(r"\d{12}", "261123120000", render(record).decode(), count=1) == (
        """<?xml version="1.0" ?>
<export>
  <session>
    <id>exec_20261123_120000_46cf69f1</id>
    <user>DOE_J</user>
    <timestamp>261123120000</timestamp>
    <workflow>semantics/StillePost</workflow>
    <seed>805046654403287</seed>
    <safety_level>kids</safety_level>
    <prompts>
      <original>Ein Kamel fliegt über den Schwarzwald</original>
      <translated>A camel flies over the Black Forest</translated>
    </prompts>
    <outputs>
      <output order="1" type="text" node_title="n">
        <content>watermark, text &amp; &lt;blur&gt;</content>
      </output>
      <output order="2" type="image" node_title="Save Image">
        <filename>image.bin</filename>
        <path>media/exec_1/image.bin</path>
      </output>
      <output order="3" type="audio" node_title="Save &quot;Audio&quot; (MP3)">
        <filename>music.bin</filename>
        <path>media/exec_1/music.bin</path>
      </output>
    </outputs>
  </session>
</export>
"""
    )


def test_what_is_missing_has_the_words_it_always_had():
    """Readers of the old documents expect a text in every element."""
    session = etree.fromstring(render(a_record(items=[an_item(item_type=ItemType.USER_INPUT_TEXT, content="Hallo")])))[
        0
    ]

    assert [session.findtext(name) for name in ("user", "seed", "safety_level")] == ["anonymous", "N/A", "research"]
    assert (session.findtext("prompts/original"), session.findtext("prompts/translated")) == ("Hallo", "Hallo")
    assert len(session.find("outputs")) == 0


def test_the_seed_of_an_output_stands_for_a_run_without_one():
    """Earlier exports knew one seed."""
    record = a_record(items=[a_medium(ItemType.OUTPUT_IMAGE, metadata={"seed": -5})])

    assert etree.fromstring(render(record)).findtext("session/seed") == "-5"


def test_every_hop_is_a_text():
    """Stille Post travels as a list of texts, numbered by their titles."""
    hops = [an_item(stage_iteration=number, content=f"text {number}") for number in (1, 2)]
    outputs = outputs_of(a_record(items=hops))

    assert [(output.get("type"), output.get("node_title"), output.findtext("content")) for output in outputs] == [
        ("text", "interception_iteration 1", "text 1"),
        ("text", "interception_iteration 2", "text 2"),
    ]


@pytest.mark.parametrize("item_type", [ItemType.OUTPUT_VIDEO, ItemType.OUTPUT_3D, ItemType.OUTPUT_CODE])
def test_a_medium_that_had_no_elements_has_none_now(item_type):
    """The output is counted, named and empty, as unknown kinds always were."""
    [output] = outputs_of(a_record(items=[a_medium(item_type, config_used="wan22_video")]))

    assert (output.get("type"), output.get("node_title"), len(output)) == (item_type[7:], "wan22_video", 0)


def test_generated_code_is_a_text():
    """There is nothing else that would show it."""
    code = an_item(item_type=ItemType.OUTPUT_CODE, media_type=MediaType.CODE, content="circle(1 < 2)")
    [output] = outputs_of(a_record(items=[code]))

    assert (output.get("type"), output.findtext("content")) == ("text", "circle(1 < 2)")


def test_characters_that_xml_cannot_hold_are_spelled_out():
    """Earlier exports were silently missing when a model had written one."""
    document = render(a_record(items=[an_item(content="a\x00b\ud83d\r\n\\u0041", stage_iteration=1)]))

    content = etree.fromstring(document).findtext("session/outputs/output/content")
    assert content == "a\\u0000b\\ud83d\r\n\\u0041"


OLD = {"export", "session", "id", "user", "timestamp", "workflow", "seed", "safety_level", "prompts", "original"}
OLD |= {"translated", "outputs", "output", "content", "filename", "path"}


def assert_is_of_the_old_kind(document):
    root = etree.fromstring(document, etree.XMLParser(huge_tree=True))
    outputs = root.findall("session/outputs/output")

    assert {element.tag for element in root.iter()} <= OLD
    assert [output.get("order") for output in outputs] == [str(order) for order in range(1, len(outputs) + 1)]
    assert all(set(output.attrib) == {"order", "type", "node_title"} for output in outputs)


@given(record=records)
@settings(max_examples=40)
def test_there_is_always_a_document_of_the_old_kind(record):
    """Well-formed, with the old elements only, whatever is in the record."""
    assert_is_of_the_old_kind(render(record))


def test_the_hostile_record_has_one_too():
    """Markup and impossible characters in every field."""
    assert_is_of_the_old_kind(render(a_hostile_record()))
