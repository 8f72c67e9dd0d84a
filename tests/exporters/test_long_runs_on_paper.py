"""Long runs on paper: a timeline is one page, a long text has the page's width, rows and small tables stay together."""

import importlib.util
import io
import re

import docx
import pytest
from docx.oxml.ns import qn
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from printed_records import after
from reading_pdf import headings, read, text_of
from records import NOON, a_record, a_span, an_item

from exporters import FORMATS
from exporters.formats.printed.layout import MOST_SETTINGS, lay_out
from exporters.formats.printed.limits import room
from exporters.formats.printed.timeline import extent, on_one_page, tracks_of
from exporters.story.parts import Bar, Parameter
from exporters.story.settings import settings_of
from exporters.story.storyteller import story_of
from otel_tracking import ItemType

ARCHIVE = pytest.param(
    "pdfa", marks=pytest.mark.skipif(not importlib.util.find_spec("pikepdf"), reason="pikepdf is not installed")
)
for_both = pytest.mark.parametrize("name", ["pdf", ARCHIVE])


def a_run_of_many_hops(hops=100, calls=1):
    """As Stille Post makes them: each hop a span with its calls inside."""
    root = {"kind": "internal", "backend_used": None}
    spans = [
        a_span(span_id="root", name="execution", timestamp=NOON, execution_time=4.0 * hops, **root),
        a_span(
            span_id="two",
            parent_span_id="root",
            name="stage.interception",
            stage=2,
            timestamp=after(0.1),
            execution_time=4.0 * hops - 1,
            **root,
        ),
    ]
    items = [an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Eine Blume")]
    before = "Eine Blume"
    for number in range(1, hops + 1):
        began = 4.0 * (number - 1) + 0.2
        place = {"stage": 2, "stage_iteration": number}
        spans.append(
            a_span(
                span_id=f"hop{number}",
                parent_span_id="two",
                name="iteration",
                timestamp=after(began),
                execution_time=3.8,
                **place,
                **root,
            )
        )
        spans += [
            a_span(
                span_id=f"call{number}-{call}",
                parent_span_id=f"hop{number}",
                name="translate",
                timestamp=after(began + 0.1 + call),
                execution_time=0.9,
                **place,
            )
            for call in range(calls)
        ]
        made = f"A flower, number {number}"
        items.append(an_item(stage_iteration=number, content=made, input_text=before))
        before = made
    return a_record(items=items, spans=tuple(spans), timestamp=NOON, total_execution_time=4.0 * hops)


def pages_of(document):
    return [page.extract_text() for page in read(document).pages]


@for_both
@pytest.mark.parametrize("calls", [1, 3])
def test_the_timeline_of_a_hundred_hops_is_one_page(name, calls):
    """From the first hop to the last, whatever each of them called."""
    pages = pages_of(FORMATS[name].render(a_run_of_many_hops(calls=calls)))
    [timeline] = [page for page in pages if "SINCE THE START" in page]

    assert re.findall(r"Hop (\d+)\s", timeline) == [str(number) for number in range(1, 101)]
    assert "more spans" not in timeline


@for_both
def test_of_more_than_a_page_of_hops_it_is_said_how_many_are_not_there(name):
    pages = pages_of(FORMATS[name].render(a_run_of_many_hops(400)))
    [timeline] = [page for page in pages if "SINCE THE START" in page]

    shown = len(re.findall(r"Hop \d+\s", timeline))
    assert shown > 100
    # Each hop that is not there had a call.
    assert f"{2 * (400 - shown)} more spans are in the record." in timeline


def test_the_timeline_of_a_hundred_hops_is_one_page_in_word():
    """Rows of one height that stay together, and with what is said below them."""
    document = docx.Document(io.BytesIO(FORMATS["docx"].render(a_run_of_many_hops())))
    [timeline] = [table for table in document.tables if table.rows[0].cells[1].text == "Since the start"]
    rows = timeline.rows[1:]

    assert len(rows) == 101
    assert sum(row.height.pt for row in rows) < 650
    assert {row._tr.trPr.find(qn("w:trHeight")).get(qn("w:hRule")) for row in rows} == {"exact"}
    assert all(paragraph.paragraph_format.keep_with_next for row in rows for paragraph in row.cells[0].paragraphs)


def test_on_the_page_the_calls_of_many_hops_are_drawn_inside_of_them():
    """A row for each hop; as few as there are today have rows of their own."""
    many, few = (html.document_fromstring(FORMATS["html"].render(a_run_of_many_hops(hops, 2))) for hops in (100, 5))
    rows = many.xpath("//section[contains(@class, 'timeline')]//tr")

    assert len(rows) == 101
    assert [len(row.findall(".//rect")) for row in rows[1:]] == [4] * 100
    assert len(few.xpath("//section[contains(@class, 'timeline')]//tr")) == 1 + 5 * 3


bars = st.lists(
    st.builds(
        Bar,
        label=st.text(max_size=5),
        start=st.floats(-1, 100),
        seconds=st.none() | st.floats(0, 100),
        depth=st.integers(0, 3),
        stage=st.none() | st.integers(0, 5),
        is_attempt=st.booleans(),
        failed=st.booleans(),
        took=st.just("1 s"),
    ),
    max_size=150,
)


@given(bars=bars, data=st.data())
def test_every_span_is_in_one_row_or_counted(bars, data):
    """Nothing is there twice, nothing is lost, and all of it fits."""
    from dataclasses import replace

    placed = [
        replace(bar, inside=data.draw(st.none() | st.integers(0, place - 1)) if place else None)
        for place, bar in enumerate(bars)
    ]
    shown = on_one_page(placed)
    drawn = [bar for track in shown.tracks for bar in (track.bar, *track.calls)]

    assert len(drawn) + shown.more == len(bars)
    assert {id(bar) for bar in drawn} <= {id(bar) for bar in placed}
    assert len({id(bar) for bar in drawn}) == len(drawn)
    assert 0 <= len(shown.tracks) * shown.step <= 640
    assert all(placed[call.inside] is track.bar for track in shown.tracks for call in track.calls)
    assert all(0 <= part <= 60 for bar in placed for part in extent(bar, 60))


def test_calls_of_outputs_that_were_made_at_once_are_drawn_in_their_own():
    """By what they are a part of, not by when they were."""
    root = a_span(span_id="root", name="execution", kind="internal", timestamp=NOON, execution_time=60.0)
    place = {"timestamp": after(1), "execution_time": 50.0, "parent_span_id": "root"}
    outputs = [a_span(span_id=f"output{number}", name="output", kind="internal", **place) for number in range(25)]
    calls = [
        a_span(span_id=f"call{number}", **{**place, "parent_span_id": f"output{number}"}, name=f"call {number}")
        for number in reversed(range(25))
    ]
    tracks = tracks_of(story_of(a_record(spans=(root, *outputs, *calls))).timeline)
    assert [[call.label for call in track.calls] for track in tracks] == [[f"call {number}"] for number in range(25)]


LONG = " ".join(f"Sentence {number} of a prompt that is longer than any." for number in range(4_000))
"""190,000 characters."""


def a_run_of_a_long_prompt(**more):
    items = [
        an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content=LONG),
        an_item(item_type=ItemType.TRANSLATION_RESULT, stage=1, content=LONG),
        an_item(stage_iteration=1, content=LONG, input_text=LONG),
        an_item(item_type=ItemType.INTERCEPTION_FINAL, content=LONG),
    ]
    return a_record(items=items, **more)


@for_both
def test_a_very_long_prompt_is_twenty_pages(name):
    """As wide as the page, up to 120,000 characters, and once; that the record has all of it is said."""
    pages = pages_of(FORMATS[name].render(a_run_of_a_long_prompt()))
    text = " ".join(" ".join(pages).split())

    assert len(pages) <= 22
    assert f"(cut here: {len(LONG):,} characters in all, whole in the record)" in text
    assert text.count(f"(the same text as No. 1: {len(LONG):,} characters)") == 3
    assert "The whole record is inside this file as record.json" in text


@for_both
def test_a_long_text_has_lines_of_the_width_of_the_page(name):
    """A short one stands in its column."""
    words = " ".join(["meadow"] * 600)
    record = a_record(items=[an_item(content=words), an_item(content="short and narrow")], timestamp=NOON)
    lines = [line for page in pages_of(FORMATS[name].render(record)) for line in page.splitlines()]

    assert max(line.count("meadow") for line in lines) >= 12


def test_a_long_text_has_a_row_of_its_own_in_word():
    """Below the one that says what it is, and it may go over pages."""
    words = " ".join(["meadow"] * 600)
    document = docx.Document(
        io.BytesIO(FORMATS["docx"].render(a_record(items=[an_item(content=words), an_item(content="short")])))
    )
    [journey] = [table for table in document.tables if table.rows[0].cells[2].text == "Text"]
    of_item, below, short = journey.rows[2:5]

    assert words not in of_item.cells[2].text
    assert below.cells[1]._tc is below.cells[4]._tc and below.cells[1].text == words
    assert [row._tr.trPr.find(qn("w:cantSplit")).get(qn("w:val")) for row in (of_item, below, short)] == [
        None,
        "0",
        None,
    ]


def test_a_text_of_many_lines_is_long_too():
    """It takes the room, whatever its letters are."""
    assert room("a\n" * 60) > 1_000
    record = a_record(items=[an_item(content="a\n" * 60)])
    printed = lay_out(story_of(record), attached=True)
    assert printed.sections[0].rows[0].is_wide


CONFIG = {
    "config": {
        "name": "stillepost",
        "description": "Translate it. " * 200,
        "translate_first": True,
        "interception": {"kind": "translation_chain", "hops": 8, "languages": ["en", "fr"], "engine": None},
        "outputs": [{"name": "sd35", "parameters": {"steps": 25, "lora": ""}}],
    }
}


def printed_settings(metadata):
    return lay_out(story_of(a_record(metadata=metadata)), attached=True).settings


def test_settings_are_those_that_say_something():
    """Names with dots, one line each."""
    told = printed_settings(CONFIG)

    assert Parameter("config.interception.languages", "en, fr") in told
    assert Parameter("config.outputs.1.parameters.steps", "25") in told
    assert not {"config.interception.engine", "config.outputs.1.parameters.lora"} & {fact.name for fact in told}
    assert max(len(fact.value) for fact in told) < 75


@given(
    st.recursive(
        st.none() | st.text() | st.integers() | st.binary(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_settings_of_anything_are_short(metadata):
    told = printed_settings({"config": metadata, "long enough to stand alone": "x" * 101})
    assert all(len(fact.name) <= 120 and len(fact.value) < 75 and "\n" not in fact.value for fact in told)


@for_both
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_configuration_is_a_short_table(name, language):
    """Its JSON is in the record inside of the file, byte for byte."""
    many = {"config": {**CONFIG["config"], "chunks": [{"name": f"chunk {number}"} for number in range(90)]}}
    document = FORMATS[name].render(a_record(metadata=many), language=language)
    text = " ".join(" ".join(pages_of(document)).split())
    heading = {"en": "What the run was asked to do", "de": "Was der Lauf tun sollte"}[language]

    assert heading in headings(read(document))
    assert "config.interception.kind translation_chain" in text
    assert '"interception": {' not in text and text.count("Translate it.") < 10
    assert str(len(settings_of(many)) - MOST_SETTINGS) + " " in text
    assert b"translation_chain" in read(document).attachments["record.json"][0]


def test_the_configuration_is_a_short_table_in_word():
    document = docx.Document(io.BytesIO(FORMATS["docx"].render(a_record(metadata=CONFIG))))
    rows = {
        row.cells[0].text: row.cells[1].text for table in document.tables for row in table.rows if len(row.cells) == 2
    }

    assert rows["config.interception.hops"] == "8"
    assert not any('"interception": {' in value for value in rows.values())


def test_a_call_stays_with_its_answer_in_word():
    """Each row keeps to the next, up to the last of the answer."""
    call = a_span(configured={"a": 1, "b": 2}, passed={"a": 1}, response={"status": 200, "model": "nemo"})
    document = docx.Document(io.BytesIO(FORMATS["docx"].render(a_record(spans=(call,)))))
    parameters, answer = document.tables[-2:]
    kept = [
        bool(row.cells[0].paragraphs[0].paragraph_format.keep_with_next) for row in (*parameters.rows, *answer.rows)
    ]

    assert kept == [True] * (len(kept) - 1) + [False]


def test_what_a_chapter_begins_with_is_on_the_page_of_the_first_of_it_in_word():
    """A heading and its sentence are not left alone at the foot of a page."""
    call = a_span(configured={"a": 1}, passed={"a": 1})
    document = docx.Document(io.BytesIO(FORMATS["docx"].render(a_record(spans=(call,)))))
    [lead] = [one for one in document.paragraphs if one.text.startswith("One table for each call")]

    assert lead.paragraph_format.keep_with_next


@pytest.mark.parametrize("name", ["pdf", "docx"])
def test_students_are_not_shown_the_configuration(name):
    record = a_record(metadata=CONFIG, safety_level="kids")
    story = story_of(record, audience="student")
    printed = lay_out(story, attached=False)
    assert story.settings == printed.settings == printed.settings_notes == printed.long_facts == ()
    assert b"translation_chain" not in FORMATS[name].render(record, audience="student")


@for_both
def test_a_row_stays_on_one_page_and_its_head_is_above_it(name):
    """Wherever on a page it would begin: a text is whole, and each page of a table says what its columns are."""
    text = " ".join(f"word{number}" for number in range(110))
    items = [an_item(stage_iteration=number, content=f"start{number} {text} end{number}") for number in range(1, 31)]
    pages = pages_of(FORMATS[name].render(a_record(items=items)))

    for number in range(1, 31):
        [page] = [page for page in pages if re.search(rf"start{number}\b", page)]
        assert re.search(rf"end{number}\b", page)
        assert "MADE BY" in page


@for_both
def test_the_values_of_a_call_stay_beside_each_other(name):
    """A parameter is on one page, under the names of the columns."""
    long = {f"parameter{number}": f"start{number}x " + "value " * 70 + f"end{number}x" for number in range(1, 40)}
    call = a_span(configured=long, passed=long)
    pages = pages_of(FORMATS[name].render(a_record(spans=(call,))))

    for number in range(1, 40):
        [page] = [page for page in pages if f"start{number}x" in page]
        assert page.count(f"end{number}x") == 2
        assert "PARAMETER" in page


@pytest.mark.parametrize("count", [130, 300])
def test_a_long_table_is_drawn_the_same_taken_a_page_at_a_time(count, monkeypatch):
    """Every byte of the document, whatever the number of rows that are looked at for a page, one page's or fewer."""
    hops = [f"{'a meadow and a tree ' * (number * 7 % 60)}{number}" for number in range(count)]
    record = a_record(items=[an_item(content=hop, stage_iteration=1 + n) for n, hop in enumerate(hops)])
    documents = set()
    for at_once in (10**9, 120, 30):
        for module in ("long_table", "parts"):
            monkeypatch.setattr(f"exporters.formats.pdf.{module}.AT_ONCE", at_once)
        documents.add(FORMATS["pdf"].render(record))
    assert len(documents) == 1


@for_both
def test_a_run_of_thousands_of_hops_has_a_document(name):
    """The way through its languages is told by its ends: whole it would not fit onto a page."""
    way = {"from_lang": "de", "to_lang": "en"}
    items = [an_item(content=f"a meadow {n}", stage_iteration=n, metadata=way) for n in range(1, 1_501)]
    text = text_of(FORMATS[name].render(a_record(items=items)))
    assert "…" in text
    assert "a meadow 1500" in text
