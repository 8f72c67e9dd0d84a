"""A text that an engine could not put into a language is not labelled as that language without a mark, anywhere."""

import io
import re
import zipfile
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from builders import a_record, a_span, an_item
from collection_stage import files_of, written
from hypothesis import given
from hypothesis import strategies as st
from reading_pdf import text_of

from devserver.cli.showing.rows import row_of
from devserver.web.live.board import board_of
from devserver.web.runs.student_copy import student_copy
from exporters import FORMATS, ParquetSink
from exporters.collections.facts import facts_of
from exporters.collections.journey import journey_of, label_of
from exporters.dataset import make_dataset
from exporters.story.storyteller import story_of
from exporters.story.untranslated import LeftWords, marks_of
from otel_tracking import ItemType
from otel_tracking.audience import AIDS

PARTLY, NOTHING = {"words": 4, "unknown_words": 3}, {"words": 2, "unknown_words": 2}


def a_hop(number, given, made, start, end, **said):
    return an_item(
        item_type=ItemType.INTERCEPTION_ITERATION,
        stage=2,
        stage_iteration=number,
        input_text=given,
        content=made,
        metadata={"from_lang": start, "to_lang": end, **said},
    )


def a_run(**said):
    """Turkish into Japanese, and on into English, where everything is known."""
    text = "Kedi deniz düş 観点"
    return a_record(
        items=(
            an_item(content="Kedi deniz düş görüş", stage=1, metadata={"input_language": "tr"}),
            a_hop(1, "Kedi deniz düş görüş", text, "tr", "ja", **said),
            a_hop(2, text, "Cat sea dream view", "ja", "en", words=4, unknown_words=0),
            a_hop(3, "Cat sea dream view", text, "en", "ja", **said),
            an_item(item_type=ItemType.INTERCEPTION_FINAL, stage=2, content=text, metadata={"language": "ja"}),
        )
    )


def test_a_text_that_is_partly_in_its_language_is_marked_where_it_was_made_given_and_ended():
    boxes = {box.label: box for box in story_of(a_run(**PARTLY)).boxes}
    words = story_of(a_run()).words
    ways = {label: (*box.way(str, words), box.way_note(words), box.tag) for label, box in boxes.items()}
    assert ways == {
        "Prompt": ("tr", "", "tr"),
        "Hop 1": ("tr", "≈ ja", "3 of 4 words unknown", "mul"),
        "Hop 2": ("≈ ja", "en", "", "en"),
        "Hop 3": ("en", "≈ ja", "3 of 4 words unknown", "mul"),
        "Final text": ("≈ ja", "3 of 4 words unknown", "mul"),
    }


def test_a_text_of_which_nothing_was_translated_is_in_no_language():
    story = story_of(a_run(**NOTHING), language="de")
    assert [box.way(str, story.words) for box in story.boxes[1:]] == [
        ("tr", "nicht übersetzt"),
        ("?", "en"),
        ("en", "nicht übersetzt"),
        ("nicht übersetzt",),
    ]
    assert [box.tag for box in story.boxes[1:]] == ["und", "en", "und", "und"]
    assert [stop.named(str, story.words) for stop in story.languages] == [
        *("tr", "nicht übersetzt", "en", "nicht übersetzt"),
    ]


def test_where_nobody_counted_nothing_is_said():
    assert all(mark.made is None and mark.given is None for mark in marks_of(a_run()).values())


def test_records_of_earlier_versions_have_it_in_the_answer_of_the_call():
    hop = a_hop(1, "Kedi", "Kedi", "tr", "ja")
    call = a_span(span_id="ab" * 8, response={"words": 1, "unknown_words": 1})
    record = a_record(items=(replace(hop, attempt="ab" * 8),), spans=(call,))
    assert marks_of(record)[id(record.items[0])].made == LeftWords(1, 1)


@given(
    st.dictionaries(st.sampled_from(["words", "unknown_words"]), st.none() | st.integers() | st.text() | st.booleans())
)
def test_whatever_a_stranger_says_there_is_a_story(said):
    story = story_of(a_run(**said))
    assert all(isinstance(name, str) for box in story.boxes for name in box.way(str, story.words))


@pytest.mark.parametrize(("language", "told"), [("en", "3 of 4 words unknown"), ("de", "3 von 4 Wörtern unbekannt")])
def test_documents_say_it(language, told):
    record, name = a_run(**PARTLY), {"en": "≈ Japanese", "de": "≈ Japanisch"}[language]
    page = FORMATS["html"].render(record, language=language).decode()
    assert page.count(told) == 3 and f"<b>{name}</b>" in page and 'lang="ja"' not in page
    assert " ".join(text_of(FORMATS["pdf"].render(record, language=language)).split()).count("≈ ja") >= 4
    word = zipfile.ZipFile(io.BytesIO(FORMATS["docx"].render(record, language=language))).read("word/document.xml")
    assert word.decode().count(f"≈ ja, {told}") == 3


def test_xml_does_not_claim_the_language():
    document = FORMATS["xml"].render(a_run(**PARTLY)).decode()
    assert re.findall(r'<(content|input_text) xml:lang="(\w+)"', document) == [
        ("content", "tr"),
        *(("content", "mul"), ("input_text", "tr")),
        *(("content", "en"), ("input_text", "mul")),
        *(("content", "mul"), ("input_text", "en")),
        ("content", "mul"),
    ]
    assert 'xml:lang="und"' in FORMATS["xml"].render(a_run(**NOTHING)).decode()


def test_spreadsheets_have_the_counts_beside_the_language():
    lines = FORMATS["csv"].render(a_run(**PARTLY)).decode("utf-8-sig").splitlines()
    place = lines[0].split(",").index("unknown_words")
    assert lines[2].split(",")[place - 3 : place + 1] == ["tr", "ja", "4", "3"]


def test_terminals_say_it():
    rows = [row_of(box) for box in story_of(a_run(**PARTLY)).boxes]
    assert [(row.label, row.note) for row in rows[1:4]] == [
        ("1  tr → ≈ ja", "3 of 4 words unknown"),
        ("2  ≈ ja → en", ""),
        ("3  en → ≈ ja", "3 of 4 words unknown"),
    ]
    assert row_of(story_of(a_run(**NOTHING)).boxes[1]).label == "1  tr → –"


@pytest.mark.parametrize("audience", ["student", "researcher"])
def test_pages_say_it_to_everybody(audience):
    boxes = board_of(a_run(**PARTLY), language="de", audience=audience).boxes
    hop = next(box for box in boxes if box.key.endswith("1") and len(box.way) == 2)
    assert (hop.way, hop.way_note) == (("Türkisch", "≈ Japanisch"), "3 von 4 Wörtern unbekannt")
    assert hop.language == "mul"


def test_projects_for_qualitative_analysis_code_it_as_partly():
    texts = journey_of(a_run(**PARTLY))
    assert label_of(texts[1], "de") == "≈ Japanisch, 3 von 4 Wörtern unbekannt"
    assert facts_of(a_run(**PARTLY), texts)["final_language"] == "≈ ja"
    assert facts_of(a_run(**PARTLY), texts)["languages"] == "tr → ≈ ja → en → ≈ ja"
    project = _project(a_run(**PARTLY))
    assert 'name="Japanese (ja), partly"' in project and 'name="Japanese (ja)"' not in project
    project = _project(a_run(**NOTHING))
    assert 'name="not translated"' in project and "Japanese" not in project


def _project(record):
    return files_of(written("qdpx", [record]))["project.qde"].decode()


def test_journeys_of_a_dataset_say_it_of_the_final_text_too(tmp_path):
    ParquetSink(tmp_path / "data").write(a_run(**PARTLY))
    made = make_dataset(tmp_path / "data", tmp_path / "out")
    rows = pq.read_table(made.path / "journeys.parquet").to_pylist()
    assert [(row["unknown_words"], row["to_lang_is_partial"]) for row in rows] == [
        *((None, None), (3, True), (0, False), (3, True), (3, True)),
    ]


def test_a_student_s_copy_and_every_profile_keep_the_counts():
    """Numbers alone: no word of a child."""
    assert {"words", "unknown_words"} <= set(AIDS)
    assert student_copy(a_run(**PARTLY))["items"][1]["metadata"]["unknown_words"] == 3
