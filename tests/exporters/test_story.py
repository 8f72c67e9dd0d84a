"""A record as a story: what everything that is made for people is made from."""

import pytest
from golden_record import golden_record
from hostile import a_hostile_record
from hypothesis import given, settings
from records import a_record, a_run_of_hops, an_item, records

from exporters.errors import UnknownOption
from exporters.story.language_names import NAMES
from exporters.story.parts import Parameter
from exporters.story.storyteller import story_of
from exporters.story.words import LANGUAGES
from otel_tracking import ItemType, MediaType, Status


def labels(record, **options):
    return [box.label for box in story_of(record, **options).boxes]


def test_a_run_is_chapters_of_boxes():
    """Stages in their order; everything of one output together."""
    story = story_of(golden_record())

    assert [(chapter.title, [box.label for box in chapter.boxes]) for chapter in story.chapters] == [
        ("Translation and safety", ["Prompt", "Safety check"]),
        ("Interception", ["Hop 1", "Hop 2", "Final text"]),
        ("Output 1 · sd35_large", ["Safety check", "Picture"]),
        ("Output 2 · sd35_large", ["Picture", "Blocked after it was made"]),
        ("Output 3 · flux2", ["This output failed"]),
        ("Output 4", ["output_smell"]),
    ]


def test_the_journey_tells_through_which_languages():
    """From the first hop's origin on."""
    assert [stop.code for stop in story_of(golden_record()).languages] == ["de", "ar", "en"]
    assert story_of(a_run_of_hops("one", "two")).languages == ()


def test_a_hop_knows_where_it_came_from_and_which_way_its_text_runs():
    """Direction is that of the text, whatever the language says."""
    hop = story_of(golden_record()).boxes[2]

    assert (hop.from_language, hop.to_language, hop.language, hop.direction) == ("de", "ar", "ar", "rtl")
    assert (hop.caption, hop.seconds) == ("ollama mistral-nemo:latest", "0.75 s")
    assert Parameter("Text it was given", "Eine Blume auf der Wiese") in hop.parameters


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize(("language", "words"), LANGUAGES.items())
def test_every_outcome_is_a_sentence(status, language, words):
    """In every language."""
    assert story_of(a_record(status=status), language=language).outcome.startswith(words[status])
    assert words[f"is {status}"]


@pytest.mark.parametrize("item_type", ItemType)
def test_every_item_type_has_a_word(item_type):
    """A type that is added to the taxonomy needs one in exporters/story/words.*.toml, in every language."""
    assert all(item_type in words for words in LANGUAGES.values())


def test_languages_have_names_in_every_language():
    assert set(NAMES) == set(LANGUAGES)
    assert len({frozenset(names) for names in NAMES.values()}) == 1


def test_marks_of_the_way_are_no_boxes():
    """Start, end and changes of stage are shown by the order of things."""
    marks = [ItemType.PIPELINE_START, ItemType.STAGE_TRANSITION, ItemType.PIPELINE_COMPLETE]
    items = [an_item(item_type=mark, content=None, media_type=MediaType.METADATA) for mark in marks]

    assert labels(a_record(items=items)) == []


def test_students_are_told_less():
    """No parameters, no calls, no names; the boxes and their texts are the same."""
    student, researcher = (story_of(golden_record(), audience=audience) for audience in ("student", "researcher"))

    assert [box.label for box in student.boxes] == [box.label for box in researcher.boxes]
    assert student.calls == ()
    assert all(box.parameters == () for box in student.boxes)
    assert [fact.name for fact in student.facts] == ["Run", "Configuration", "Started", "Duration"]


def test_a_hop_that_was_given_another_text_says_which():
    """What it was given, where that is not what the hop before it had made."""
    broken = [an_item(content="Une fleur", input_text="A flower"), an_item(content="Eine Blume", input_text="A weed")]
    first, second = story_of(a_record(items=broken)).boxes

    assert (first.given, second.given) == (None, "A weed")


def test_students_are_not_shown_what_a_hop_was_given_where_a_check_said_no_to_it():
    """It is the same text, whoever handed it on."""
    items = [
        an_item(content="Une fleur", input_text="A flower"),
        an_item(content="Eine Blume", input_text="A dagger"),
        an_item(
            item_type=ItemType.STAGE3_SAFETY_CHECK,
            stage=3,
            content=None,
            input_text="A dagger",
            metadata={"safe": False},
        ),
    ]
    record = a_record(items=items, safety_level="kids")

    assert story_of(record).boxes[1].given == "A dagger"
    assert "dagger" not in repr(story_of(record, audience="student"))


def test_the_same_record_is_the_same_story():
    """Nothing comes from anywhere else."""
    assert story_of(golden_record()) == story_of(golden_record())


@given(record=records)
@settings(max_examples=30)
def test_every_record_has_a_story(record):
    """For both audiences, in both languages; and every text of it can be encoded."""
    for options in ({}, {"audience": "student", "language": "de"}):
        story = story_of(record, **options)
        repr((story, [(call.configured, call.passed, call.response) for call in story.calls])).encode()


def test_the_hostile_record_has_one():
    """Everything visible, nothing that turns the line around."""
    assert "\u202e" not in repr([box.text for box in story_of(a_hostile_record()).boxes])


@pytest.mark.parametrize("options", [{"language": "fr"}, {"audience": "parents"}])
def test_another_language_or_audience_is_refused(options):
    """With the ones there are."""
    with pytest.raises(UnknownOption):
        story_of(a_record(), **options)
