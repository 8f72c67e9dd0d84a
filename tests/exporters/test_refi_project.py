"""Runs as a REFI-QDA project: cases, texts with their codes, pictures and sounds, under names that stay."""

import re
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from collection_stage import PROJECT, opened, schema, written
from golden_record import PICTURE, golden_record
from hostile import a_hostile_record
from hypothesis import given, settings
from hypothesis import strategies as st
from records import a_record, a_run_of_hops, an_item, records
from strategies import any_text

from exporters.collections import CollectionOptions
from exporters.collections.journey import shown
from exporters.collections.refi.codebook import meanings
from exporters.errors import UnknownOption
from otel_tracking import ItemType, Media, MediaType

ROOT = Path(__file__).parents[2]
RUNS = [golden_record, a_hostile_record, lambda: a_record(items=[]), lambda: a_record(items=[an_item(content=" \n")])]
WAV = b"RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\x08\0\0\0" + b"\x80" * 8


def a_medium(content, media_type="image/png", item_type=ItemType.OUTPUT_IMAGE):
    return an_item(
        item_type=item_type,
        media_type=MediaType.IMAGE,
        stage=4,
        loop_iteration=1,
        content=None,
        media=Media(f"sha-{len(content)}", len(content), media_type),
        file_path=f"media/run/{media_type.rpartition('/')[2]}",
    )


def with_media(*items, contents):
    return a_record(items=items, attachments={f"sha-{len(content)}": content for content in contents})


def test_a_run_is_as_it_was(is_golden):
    """The project of the golden run: `make golden` writes it anew, the diff shows what a change does to it."""
    qde = opened([golden_record()], title="Bremen", classes="prompts").qde
    is_golden("project.qde", re.sub(rb'origin="otel-tracking [^"]*"', b'origin="otel-tracking"', qde))


@pytest.mark.parametrize("texts", ["journey", "hops"])
@pytest.mark.parametrize("classes", ["", "prompts", "final_texts"])
def test_every_run_makes_a_project_that_fits_the_schema(texts, classes):
    """Ordinary, hostile, empty and blank ones, alone and together."""
    from lxml import etree

    runs = [make() for make in RUNS]
    for some in ([], *([run] for run in runs), runs):
        qde = opened(some, texts=texts, classes=classes).qde
        schema().assertValid(etree.fromstring(qde))


@settings(max_examples=30)
@given(records, any_text, any_text)
def test_any_record_makes_a_project_that_fits_the_schema(record, session, title):
    from lxml import etree

    project = opened([replace(record, session_id=session), record], classes="prompts", title=title)
    project.guids()
    schema().assertValid(etree.fromstring(project.qde))


BREAKS = {
    "child order": (b"<Cases>", b"<Notes/><Cases>"),
    "bad guid": (b'<Case guid="', b'<Case guid="x'),
    "no name of a code": (b' name="interception_final"', b""),
    "a number with an exponent": (b"<FloatValue>6.5<", b"<FloatValue>6e5<"),
    "a colour by name": (b'color="#3366CC"', b'color="blue"'),
    "an empty section": (b"<Sources>", b"<Sources/><Sources>"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_the_schema_refuses_what_is_broken(name):
    """So that it says something when it finds a project good."""
    from lxml import etree

    whole = opened([golden_record()]).qde
    broken = whole.replace(*BREAKS[name], 1)
    assert broken != whole
    assert not schema().validate(etree.fromstring(broken))


def test_every_file_that_a_source_names_is_there_and_no_other():
    """The schema does not know what is in the package."""
    project = opened([golden_record(), a_hostile_record()])
    named = {
        f"Sources/{path.removeprefix('internal://')}"
        for one in project.root.iter()
        if (path := one.get("plainTextPath") or one.get("path"))
    }
    assert named == set(project.files)
    for tag in ("TextSource", "Note"):
        assert all(one.get("plainTextPath") == f"internal://{one.get('guid')}.txt" for one in project.all(tag))


def test_each_text_is_told_once_and_says_what_it_is():
    """The prompt is no second time what the first hop was given, the final text no second time the last hop."""
    run = a_run_of_hops("Eine Blume", "Una flor", "A flower")
    final = an_item(item_type=ItemType.INTERCEPTION_FINAL, content="A flower", metadata={"language": "en"})
    run = replace(run, items=(*run.items, replace(final, sequence_number=9)))
    project = opened([run])

    [source] = project.all("TextSource")
    assert project.text_of(source) == "Eine Blume\n\nUna flor\n\nEnglish\nA flower\n"
    assert project.codings(source) == [
        ("Eine Blume", {"user_input_text", "Stage 1"}),
        ("Una flor", {"interception_iteration", "Stage 2", "Hop 1"}),
        ("A flower", {"interception_iteration", "interception_final", "Stage 2", "Hop 2", "English (en)"}),
    ]


def test_what_a_check_said_is_a_code_of_the_text_it_looked_at():
    project = opened([golden_record()])
    found = dict(project.codings(project.all("TextSource")[0]))

    assert {"safe", "stage1_safety_check", "German (de)"} <= found["Eine Blume auf der Wiese"]
    assert "safe" not in found["زهرة في المرج"]


def test_a_blocked_run_has_its_prompt_and_why_it_ended():
    check = an_item(
        item_type=ItemType.STAGE1_SAFETY_CHECK, stage=1, content=None, input_text="Ein Dolch", metadata={"safe": False}
    )
    blocked = an_item(item_type=ItemType.STAGE1_BLOCKED, stage=1, content="blocked", metadata={})
    prompt = an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Ein Dolch")
    project = opened([a_record(items=[prompt, check, blocked], status="blocked")])

    [(text, codes)] = project.codings(project.all("TextSource")[0])
    assert text == "Ein Dolch"
    assert codes == {"user_input_text", "stage1_safety_check", "stage1_blocked", "not safe", "Stage 1"}
    assert project.values(project.all("Case")[0])["status"] == "blocked"


texts = st.lists(
    st.sampled_from(
        ["👩‍👩‍👧‍👦", "🌸", "زهرة", "e\u0301", "\r\n", "\r", "\n\n", " ", "\ufeff", "\x00", "\u202e", "\u2028"]
    )
    | any_text,
    max_size=8,
).map("".join)


@settings(max_examples=150)
@given(st.lists(texts, min_size=1, max_size=5), st.sampled_from(["journey", "hops"]))
def test_every_selection_is_exactly_its_text(told, cut):
    """In code points, whatever the letters are, and however programs treat line ends and marks of byte order."""
    project = opened([a_run_of_hops(*told, session_id="7b")], texts=cut, classes="final_texts")
    selected = []
    for source in project.all("TextSource"):
        text = project.text_of(source)
        assert "\r" not in text and not text.startswith("\ufeff")
        selected += [found for found, _ in project.codings(source)]

    wanted = [text for text in map(shown, told) if text.strip()]
    assert set(selected) == set(wanted)
    # Every hop is told, be it that it changed nothing; and once more the last of them, among those of its session.
    assert selected[1 : len(wanted)] == wanted[1:]


def test_the_same_runs_give_the_same_bytes():
    runs = [golden_record(), a_run_of_hops("Eine Blume", "A flower"), a_hostile_record()]
    assert written("qdpx", runs, classes="prompts") == written("qdpx", runs, classes="prompts")


@pytest.mark.parametrize("texts", ["journey", "hops"])
def test_a_study_that_grows_keeps_every_name(texts):
    """Whoever reads a second export can tell what was there already; runs may come in another order."""
    early = [a_run_of_hops("Eine Blume", "A flower", session_id="7b"), golden_record()]
    first = opened(early, texts=texts, classes="prompts").guids()
    second = opened([*reversed(early), a_run_of_hops("Ein Haus", "Una casa")], texts=texts, classes="prompts").guids()
    assert first.items() <= second.items()


def test_two_runs_of_one_id_are_two_cases():
    """Their names differ, their ids do not; a run without a trace id that comes twice is two as well."""
    one, other = golden_record(), replace(golden_record(), trace_id="f" * 32)
    alone = replace(golden_record(), trace_id=None)
    project = opened([one, other, alone, alone])
    project.guids()

    assert [case.get("name") for case in project.all("Case")] == [
        one.execution_id,
        *(f"{one.execution_id} {number}" for number in (2, 3, 4)),
    ]
    assert {project.values(case)["execution_id"] for case in project.all("Case")} == {one.execution_id}
    names = [one.get("name").casefold() for tag in ("TextSource", "PictureSource") for one in project.all(tag)]
    assert len(names) == len(set(names))


def test_a_case_has_the_facts_of_its_run_and_nothing_in_place_of_missing_ones():
    project = opened([golden_record(), a_record(items=[], config_name=None)])
    full, empty = (project.values(case) for case in project.all("Case"))

    assert full == {
        "execution_id": golden_record().execution_id,
        "config_name": "stillepost",
        "date": "2026-11-23",
        "timestamp": "2026-11-23T12:00:00Z",
        "session_id": "7b",
        "user_id": "student-7",
        "status": "partial",
        "safety_level": "kids",
        "execution_mode": "eco",
        "used_seed": "123456789",
        "hops": "2",
        "languages": "de → ar → en",
        "prompt_language": "de",
        "final_language": "en",
        "outputs_generated": "1",
        "total_execution_time": "6.5",
        "models": "mistral-nemo:latest, sd3.5_large.safetensors",
        "backends": "ollama, comfyui",
    }
    assert set(empty) == {"execution_id", "date", "timestamp", "status", "hops", "outputs_generated"}


def test_every_source_says_which_run_it_belongs_to():
    """There are programs that lose which sources a case has."""
    project = opened([golden_record()], texts="hops")
    sources = [*project.all("TextSource"), *project.all("PictureSource")]
    of_the_case = {one.get("targetGUID") for one in project.all("SourceRef")}

    assert {project.values(source)["source_execution_id"] for source in sources} == {golden_record().execution_id}
    assert {source.get("guid") for source in sources} == of_the_case
    assert project.values(sources[1]) == {
        "source_execution_id": golden_record().execution_id,
        "source_session_id": "7b",
        "source_item_type": "interception_iteration",
        "source_language": "ar",
        "source_hop": "1",
    }


def test_answers_of_a_session_are_one_text_to_which_cases_point():
    runs = [
        a_run_of_hops(prompt, "A", session_id=session) for prompt, session in (("x", "7b"), ("y", None), ("z", "7b"))
    ]
    project = opened(runs, classes="prompts")
    [together] = [one for one in project.all("TextSource") if one.get("name") == "7b"]

    assert project.text_of(together) == f"{runs[0].execution_id}\nx\n\n{runs[2].execution_id}\nz\n"
    selections = [one.get("guid") for one in together.iter(f"{PROJECT}PlainTextSelection")]
    assert [one.get("targetGUID") for one in project.all("SelectionRef")] == selections


def test_pictures_and_sounds_are_sources_by_what_their_bytes_show_and_the_rest_is_noted():
    """An item may say that anything is a picture; a file that is not at hand is noted, too."""
    svg = b"<svg onload='alert(1)'/>"
    gone = replace(a_medium(b"x" * 7), media=Media("gone", 7, "image/png"))
    items = [a_medium(PICTURE, "text/html"), a_medium(WAV, "image/png"), a_medium(svg, "image/png"), gone]
    project = opened([with_media(*items, contents=[PICTURE, WAV, svg])])

    [picture], [sound] = project.all("PictureSource"), project.all("AudioSource")
    assert picture.get("name").endswith(" output_image 1.png") and sound.get("name").endswith(" output_image 1.wav")
    assert project.files[f"Sources/{picture.get('guid')}.png"] == PICTURE
    assert project.files[f"Sources/{sound.get('guid')}.wav"] == WAV
    assert [project.text_of(note).splitlines()[1] for note in project.all("Note")] == ["File: media/run/png"] * 2
    assert len({note.get("name") for note in project.all("Note")}) == 2


def test_a_picture_that_was_blocked_once_it_was_made_is_coded_so():
    project = opened([golden_record()])
    names = project.codes()
    coded = [
        {names[ref.get("targetGUID")] for ref in one.iter(f"{PROJECT}CodeRef")} for one in project.all("PictureSource")
    ]
    assert coded == [{"output_image"}, {"output_image", "output_blocked", "not safe"}]


def test_names_of_codes_and_categories_are_there_once():
    """There are programs that take two codes of one name for one."""
    project = opened([golden_record(), a_hostile_record("safe"), a_hostile_record("Hop 1")])
    for codable in ("true", "false"):
        names = [code.get("name").casefold() for code in project.all("Code") if code.get("isCodable") == codable]
        assert len(names) == len(set(names))
    assert {ref.get("targetGUID") for ref in project.all("CodeRef")} <= set(project.codes())


def test_the_code_book_says_of_item_types_what_the_taxonomy_says():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| ", (ROOT / "docs" / "taxonomy.md").read_text("utf-8"), re.MULTILINE)
    told = {item_type: meaning.replace("`", "") for item_type, meaning in rows if item_type in set(ItemType)}
    assert {name: meaning for group in meanings().values() for name, meaning in group.items()} == told
    assert set(told) == set(ItemType)


def test_a_code_book_alone_has_the_codes_of_the_project():
    runs = [golden_record(), a_hostile_record()]
    alone = written("qdc", runs)
    project = opened(runs).qde
    assert b'xmlns="urn:QDA-XML:codebook:1.0"' in alone and b"origin=" in alone

    def codes(text):
        return [line.strip() for line in text.decode().splitlines() if "<Code " in line and "Hop" not in line]

    assert codes(alone) == codes(project)


def test_a_thousand_runs_take_no_more_memory_than_some():
    """Media are written and let go; what is kept of a run is its name."""

    def runs(count):
        for number in range(count):
            picture = PICTURE + number.to_bytes(4) + bytes(300_000)
            item = replace(a_medium(picture), media=Media("sha", len(picture), "image/png"))
            yield replace(a_run_of_hops("Eine Blume", "A flower"), items=(item,), attachments={"sha": picture})

    class Nowhere:
        def write(self, content):
            return len(content)

        def flush(self):
            pass

    def peak(count):
        from exporters.collections import COLLECTIONS

        tracemalloc.start()
        COLLECTIONS["qdpx"].write(runs(count), Nowhere(), CollectionOptions())
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(1000) < peak(10) + 5_000_000


def test_an_option_that_nobody_knows_is_refused_in_a_sentence():
    with pytest.raises(UnknownOption, match="Did you mean hops"):
        CollectionOptions(texts="hop")
    with pytest.raises(UnknownOption, match="not written in 'fr'"):
        CollectionOptions(language="fr")
