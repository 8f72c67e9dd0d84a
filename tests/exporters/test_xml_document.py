"""A record as XML: described by a schema, and the same record when it is read."""

from dataclasses import fields

import pytest
from hostile import HOSTILE, a_hostile_record
from hypothesis import given, settings
from lxml import etree
from records import NOON, a_record, a_span, an_item, records, text_of
from strategies import any_value

from exporters import FORMATS
from exporters.errors import BrokenFile
from exporters.formats.xml.document import SCHEMA, parse, render, schema
from exporters.formats.xml.values import NAMESPACE, SEQUENCE_TAGS, TEXT_TAGS
from otel_tracking import ExecutionItem, ExecutionRecord, ItemType, SpanRecord
from otel_tracking.values.rebuild import TAGS

NAMES = {"r": NAMESPACE}
XSD = {"xs": "http://www.w3.org/2001/XMLSchema"}


def found(document, path):
    return etree.fromstring(document).xpath(path, namespaces=NAMES)


def with_content(value):
    return a_record(items=[an_item(content=value, metadata={"value": value})])


@given(record=records)
@settings(max_examples=40)
def test_every_document_is_as_the_schema_says(record):
    """Whatever is in a record, anybody with the schema can rely on its document."""
    root = etree.fromstring(render(record), etree.XMLParser(huge_tree=True))

    assert schema().validate(root), schema().error_log


@given(value=any_value)
@settings(max_examples=60)
def test_every_value_comes_back_of_the_same_kind(value):
    """Tuples stay tuples, NaN stays NaN, and the keys 1 and "1" stay two."""
    record = a_record(items=[an_item(metadata={"value": value})], spans=(a_span(passed=value),))

    assert text_of(parse(render(record))) == text_of(record)


@pytest.mark.parametrize("kind", [ExecutionRecord, ExecutionItem, SpanRecord])
def test_the_schema_knows_every_field(kind):
    """A field that is added to the record needs its element in exporters/formats/xml/execution-record.xsd."""
    type_name = {ExecutionRecord: "execution_record", ExecutionItem: "item", SpanRecord: "span"}[kind]
    derived = {"passed_differently"} if kind is SpanRecord else set()
    path = f"/xs:schema/xs:complexType[@name='{type_name}']/xs:sequence/xs:element/@name"
    described = set(etree.parse(SCHEMA).xpath(path, namespaces=XSD))

    assert described == {field.name for field in fields(kind)} - {"attachments"} | {"exact"} | derived


def test_the_schema_knows_every_kind_of_value():
    """Whatever canonical text has a tag for has an element of its own."""
    elements = set(etree.parse(SCHEMA).xpath("//xs:group[@name='value']//xs:element/@name", namespaces=XSD))

    assert {tag.removeprefix("$") for tag in TAGS} - {"str", "int", "float", "dict"} == SEQUENCE_TAGS | TEXT_TAGS
    assert elements >= SEQUENCE_TAGS | TEXT_TAGS


def test_a_field_stands_in_an_element_of_its_name_with_its_own_type():
    """Nothing has to be decoded to ask for the usual things."""
    document = render(a_record(items=[an_item(content="A flower", stage_iteration=2, execution_time=0.25)]))

    assert found(document, "string(//r:item/r:content)") == "A flower"
    assert found(document, "number(//r:item/r:stage_iteration)") == 2
    assert found(document, "number(//r:item/r:execution_time)") == 0.25


def test_a_value_of_another_type_than_usual_stands_beside_and_counts():
    """The element would say something untrue; `exact` says what it was."""
    record = a_record(items=[an_item(content={"a": (1, 2)}, execution_time=3)], used_seed=2**70)
    document = render(record)

    assert found(document, "//r:item/r:content | //r:item/r:execution_time | //r:used_seed") == []
    assert found(document, "//r:item/r:exact/r:parameter/@name") == ["content", "execution_time"]
    assert parse(document) == record


def test_texts_say_their_language():
    """xml:lang is there for programs that compare texts: the content's, and that of what was given."""
    hop = an_item(input_text="Eine Blume", metadata={"from_lang": "de", "to_lang": "en"})
    foreign = an_item(metadata={"to_lang": "not a language <tag>"})
    document = render(a_record(items=[hop, foreign]))

    assert found(document, "//r:item/r:content/@xml:lang") == ["en"]
    assert found(document, "//r:item/r:input_text/@xml:lang") == ["de"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a\x00b\x0b\x1b", id="control characters"),
        pytest.param("\ud83d\ude00", id="halves that would merge"),
        pytest.param("\\u0000 \\", id="text that looks escaped"),
        pytest.param("\x00\\u0041\\\\", id="escaped text with backslashes"),
        pytest.param("one\r\ntwo\rthree\n\tfour", id="line ends"),
        pytest.param("  \n ", id="white space only"),
        pytest.param("]]> <!-- & &amp; <![CDATA[", id="markup"),
        pytest.param("\ufeff\ufffe\uffff\x85\u2028\x7f", id="marks and separators"),
        pytest.param("", id="nothing"),
    ],
)
def test_text_is_kept_character_by_character(text):
    """In elements, in the names of parameters and in the record's own fields."""
    record = a_record(
        items=[an_item(content=text, metadata={text: text, "a": {text: [text]}})],
        spans=(a_span(name=text, not_passed=(text,)),),
        config_name=text,
        links=({text: text},),
    )

    assert text_of(parse(render(record))) == text_of(record)


def test_only_text_that_xml_cannot_hold_is_escaped():
    """Readers that know nothing of our escapes see ordinary text as it is."""
    document = render(a_record(items=[an_item(content="C:\\new\\table"), an_item(content="a\x00\\b")]))

    assert found(document, "//r:content/text()") == ["C:\\new\\table", "a\\u0000\\\\b"]
    assert found(document, "//r:content/@escaped") == ["true"]


def test_the_hostile_record_comes_back():
    """Every field full of markup and impossible characters."""
    record = a_hostile_record(HOSTILE)

    assert text_of(parse(render(record))) == text_of(record)


def test_values_as_deep_as_they_may_be_come_back():
    """Keys that need elements of their own at every level are the deepest document there is."""
    value = "bottom"
    for number in range(75):
        value = {number: value}

    record = with_content(value)
    assert text_of(parse(render(record))) == text_of(record)


def test_a_parameter_and_its_value_share_a_line():
    """The document is for people too."""
    document = render(a_record(items=[an_item(metadata={"seed": 7, "size": [1, 2]})])).decode()

    assert '        <parameter name="seed"><integer>7</integer></parameter>\n' in document


def test_comments_and_other_layout_change_nothing():
    """A document may go through an editor."""
    record = a_record(items=[an_item(metadata={"a": {"b": [1, None]}})], spans=(a_span(),))
    document = render(record).replace(b"<items>", b"<!-- mine --><?editor 1?>\n\n<items>").replace(b"  <", b"<")

    assert parse(document) == record


DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]>'


@pytest.mark.parametrize(
    ("document", "told"),
    [
        pytest.param(b"", "not XML", id="nothing"),
        pytest.param(b"{}", "not XML", id="JSON"),
        pytest.param(b"\xff\xfe", "not XML", id="bytes"),
        pytest.param(b"<export/>", "root is export", id="another document"),
        pytest.param(DOCTYPE + render(a_record()).split(b"?>", 1)[1], "DOCTYPE", id="entities"),
        pytest.param(render(a_record()).replace(b"<dropped>0", b"<dropped>none"), "line 12 ", id="a wrong type"),
        pytest.param(render(a_record()).replace(b"dropped>", b"lost>"), "line 12 ", id="an unknown element"),
        pytest.param(render(a_record())[:-40], "not XML", id="half a document"),
    ],
)
def test_a_document_that_is_none_is_refused_with_its_trouble(document, told):
    """What came in, and in which line."""
    with pytest.raises(BrokenFile, match=told):
        parse(document)


def test_an_unknown_item_type_is_kept():
    """Old and foreign records load, and are written again as they were."""
    record = a_record(items=[an_item(item_type="output_smell"), an_item(item_type=ItemType.OUTPUT_IMAGE)])

    assert [item.item_type for item in FORMATS["xml"].parse(render(record)).items] == ["output_smell", "output_image"]


def test_the_same_record_is_the_same_bytes():
    """Documents can be compared and hashed; the order of a dict's keys does not matter."""
    parameters = [("seed", 1), ("cfg", 5.5), ("steps", 3)]
    one, other = (
        a_record(trace_id="ab" * 16, timestamp=NOON, metadata=dict(said)) for said in (parameters, parameters[::-1])
    )

    assert render(one) == render(other)
