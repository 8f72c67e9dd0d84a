"""A record as a page: complete, self-contained, and nothing in it that came as text is more than text."""

import base64
import hashlib
import re
import shutil
import subprocess
import zlib

import pytest
from golden_record import FORBIDDEN, PICTURE, golden_record
from hostile import HOSTILE, MARKUP, a_hostile_record
from hypothesis import given, settings
from lxml import html
from records import a_record, a_span, an_item, records

from exporters import FORMATS
from exporters.errors import UnknownOption
from exporters.formats.documents import render_document
from exporters.formats.html.document import policy, render
from exporters.story.readable import visible
from otel_tracking import ItemType, Media, MediaType

ELEMENTS = (
    "html head meta title style body main header section footer div p h1 h2 h3 h4 ol li figure figcaption "
    "img audio video details summary table tbody tr th td pre code span b i q bdi svg rect dl dt dd ins del"
)
ATTRIBUTES = (
    "lang dir charset http-equiv content name class src alt controls preload scope aria-hidden aria-label "
    "role viewbox preserveaspectratio x y width height open"
)


def page_of(record, **options):
    return html.document_fromstring(render(record, **options).decode())


def text_of(page):
    return " ".join(page.text_content().split())


def assert_nothing_became_markup(document):
    page = html.document_fromstring(document.decode())

    assert {element.tag for element in page.iter()} <= set(ELEMENTS.split())
    assert {name for element in page.iter() for name in element.attrib} <= set(ATTRIBUTES.split())
    assert all(element.get("src", "data:").startswith("data:") for element in page.iter())
    assert len(page.findall(".//style")) == len(page.findall(".//title")) == 1


@pytest.mark.parametrize("audience", ["researcher", "student"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_text_in_every_field_stays_text(audience, language):
    """Markup, attribute breakouts, template code and control characters, in names, keys, values and messages."""
    assert_nothing_became_markup(render(a_hostile_record(), audience=audience, language=language))


def test_what_came_as_markup_can_be_read():
    """Nothing is taken away: a page shows the very characters."""
    page = page_of(a_hostile_record(MARKUP))

    assert page.findtext(".//h1/bdi") == MARKUP
    assert {element.text for element in page.find_class("speech")} == {MARKUP}
    assert MARKUP in [element.text for element in page.iterfind(".//th/bdi")]


def test_characters_that_cannot_be_seen_are_shown_as_signs():
    """Also those that would turn the line around."""
    document = render(a_hostile_record(HOSTILE)).decode()

    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ufffe]", document)
    assert "⟨U+202E⟩tfel hcan sthcer nov⟨U+202C⟩" in document
    assert "half⟨U+D83D⟩" in document


@given(record=records)
@settings(max_examples=30)
def test_there_is_always_a_page(record):
    """Whatever is in a record, and whatever kind of value is where a text is usual."""
    assert_nothing_became_markup(render(record))


def test_the_page_is_self_contained_and_may_load_nothing():
    """The policy allows the page's own style, which has exactly this hash, and embedded pictures and sounds."""
    page = page_of(golden_record())
    [style] = page.findall(".//style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()

    assert page.find(".//meta[@http-equiv]").get("content") == policy()
    assert f"style-src 'sha256-{digest}'" in policy()
    assert policy().startswith("default-src 'none'")
    assert "url(" not in style.text and "@import" not in style.text
    assert not page.xpath("//@href | //@style | //script | //link")


def test_pictures_are_part_of_the_page():
    """Those whose bytes the record brings; the others are named."""
    page = page_of(golden_record())
    pictures = page.findall(".//img")
    missing = page_of(golden_record_without_pictures())

    assert [picture.get("src")[:22] for picture in pictures] == ["data:image/png;base64,"] * 2
    assert [picture.get("alt") for picture in pictures] == ["Picture", "Picture"]
    assert missing.findall(".//img") == []
    assert "media/exec_20261123_120000_0e3a0561/output_1.png" in text_of(missing)


def golden_record_without_pictures():
    from dataclasses import replace

    return replace(golden_record(), attachments={})


def test_nothing_that_is_hidden_in_a_picture_gets_into_the_page():
    """Programs write prompts and whole workflows into pictures."""
    import io

    from PIL import Image, PngImagePlugin

    hidden, file = PngImagePlugin.PngInfo(), io.BytesIO()
    hidden.add_text("prompt", "Anna Müller aus der 7b")
    Image.new("RGB", (4, 3), "red").save(file, "PNG", pnginfo=hidden)
    [picture] = page_of(a_picture_of(file.getvalue())).findall(".//img")
    content = base64.b64decode(picture.get("src").partition(",")[2])

    assert "prompt" in Image.open(io.BytesIO(file.getvalue())).info
    assert Image.open(io.BytesIO(content)).info == {}


def test_nothing_that_is_hidden_in_a_picture_that_cannot_be_read_gets_into_the_page():
    """It is in no page at all, and the page says so."""
    from exporters.media.png_text import SIGNATURE

    text = b"prompt\0Anna"
    chunk = len(text).to_bytes(4, "big") + b"tEXt" + text + zlib.crc32(b"tEXt" + text).to_bytes(4, "big")
    page = page_of(a_picture_of(SIGNATURE + chunk + b"no picture"))

    assert page.findall(".//img") == []
    assert "The file is not part of this document." in text_of(page)


def a_picture_of(content, media_type=MediaType.IMAGE, mime_type="image/png", item_type=ItemType.OUTPUT_IMAGE):
    medium = Media("ab" * 32, len(content), mime_type)
    item = an_item(item_type=item_type, media_type=media_type, media=medium, content=None, stage=4, loop_iteration=1)
    return a_record(items=[item], attachments={"ab" * 32: content})


def test_sounds_can_be_heard_and_other_files_are_named():
    """A WAV is part of the page, a 3D model is not; a type that no page can hold is never written into it."""
    sound = page_of(a_picture_of(b"RIFF....WAVEfmt ", "music", "audio/wav", ItemType.OUTPUT_MUSIC))
    model = page_of(a_picture_of(b"glTF", "3d", "model/gltf-binary", ItemType.OUTPUT_3D))
    trap = page_of(a_picture_of(b"<script>", "image", "text/html"))

    assert sound.find(".//audio").get("src").startswith("data:audio/wav;base64,")
    assert trap.findall(".//img") == model.findall(".//img") == []
    assert "The file is not part of this document." in text_of(model)


def test_a_picture_is_shown_as_one_whatever_its_item_calls_it():
    """What it is, its bytes say."""
    from dataclasses import replace

    record = replace(a_picture_of(PICTURE, "3d", "model/gltf-binary", ItemType.OUTPUT_3D), safety_level="kids")
    for audience in ("researcher", "student"):
        page = page_of(record, audience=audience)
        assert len(page.findall(".//img")) == 1
        assert page.findall(".//video") == []


def test_students_see_nothing_that_a_check_said_no_to():
    """A picture that was blocked after it was made is not in their file, and neither is what was found in it."""
    researcher, student = (render(golden_record(), audience=audience) for audience in ("researcher", "student"))
    for_students = html.document_fromstring(student.decode())

    assert len(html.document_fromstring(researcher.decode()).findall(".//img")) == 2
    assert len(for_students.findall(".//img")) == 1
    assert "Not shown here: a safety check said no to it." in text_of(for_students)
    for secret in (b"violence", b"dagger", b"out of memory", b"student-7", base64.b64encode(FORBIDDEN)[40:80]):
        assert secret not in student
    assert base64.b64encode(PICTURE) != base64.b64encode(FORBIDDEN)


def test_students_do_not_see_a_prompt_that_was_blocked():
    """A name or a symbol that stopped the run is not handed out; that it was stopped is."""
    items = [
        an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Male Anna Müller aus der 7b"),
        an_item(item_type=ItemType.TRANSLATION_RESULT, stage=1, content="Paint Anna Müller from 7b"),
        an_item(
            item_type=ItemType.STAGE1_SAFETY_CHECK,
            stage=1,
            content=None,
            metadata={"safe": False, "codes": ["DSGVO"], "found_terms": ["Anna Müller"]},
        ),
        an_item(item_type=ItemType.STAGE1_BLOCKED, stage=1, content="blocked: Anna Müller"),
    ]
    blocked = a_record(items=items, status="blocked", error="Anna Müller")
    blocked_page = text_of(page_of(blocked, audience="student", language="de"))

    assert b"Anna" not in render(blocked, audience="student")
    assert "Von der Sicherheitsprüfung gestoppt" in blocked_page
    assert "nicht erlaubt: DSGVO" in blocked_page


def test_students_do_not_see_a_text_that_no_output_was_allowed_for():
    """What stage 3 said no to is withheld; what it let through for another output is shown."""

    def of(*verdicts):
        final = an_item(item_type=ItemType.INTERCEPTION_FINAL, content="A gruesome vampire")
        checks = [
            an_item(
                item_type=ItemType.STAGE3_SAFETY_CHECK,
                stage=3,
                loop_iteration=number,
                content=None,
                input_text="A gruesome vampire",
                metadata={"safe": safe},
            )
            for number, safe in enumerate(verdicts, start=1)
        ]
        return render(a_record(items=[final, *checks]), audience="student")

    assert b"gruesome" not in of(False, False)
    assert b"gruesome" in of(True, False)


def test_every_text_says_its_language_and_finds_its_own_direction():
    """So that a browser speaks it, hyphenates it and sets it the right way round."""
    said = [(text.get("lang"), text.get("dir"), text.text) for text in page_of(golden_record()).find_class("speech")]

    assert said[:2] == [("de", "auto", "Eine Blume auf der Wiese"), ("ar", "auto", "زهرة في المرج")]
    assert all(direction == "auto" for _, direction, _ in said)


def test_the_way_is_told_in_the_words_of_the_document():
    """Languages, outcome and headings, in German and in English."""
    german, english = (text_of(page_of(golden_record(), language=language)) for language in ("de", "en"))

    assert "Deutsch → Arabisch → Englisch" in german
    assert (
        "Einiges ist entstanden, anderes ist misslungen oder wurde gestoppt. 2 Stationen · 1 Ausgabe · 6.5 s" in german
    )
    assert "German → Arabic → English" in english
    assert html.document_fromstring(render(golden_record(), language="de")).get("lang") == "de"


def test_a_break_in_the_chain_of_texts_is_told():
    """A hop that was given the first text again did not translate the one before it."""
    chain = [("Eine Blume", "A flower"), ("Eine Blume", "Une fleur"), ("Une fleur", "Una flor")]
    items = [an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Eine Blume")]
    items += [an_item(input_text=given, content=made) for given, made in chain]
    [break_] = page_of(a_record(items=items)).find_class("given")

    assert text_of(break_) == "It was not given the text before it, but Eine Blume"


def test_calls_tell_what_was_asked_for_sent_and_not_sent():
    """The difference is what research about tools needs most."""
    [first, second] = page_of(golden_record()).xpath("//section[@class='attempts']/details")

    assert "Asked for, but not sent: 1" in text_of(first)
    assert [heading.text for heading in first.findall("h4")] == [
        "Asked for",
        "Asked for, but not sent",
        "Sent",
        "Answered",
    ]
    assert "BackendError: Ollama Error: 500" in text_of(second)


def test_the_timeline_is_drawn_to_scale():
    """A bar begins and ends where its span does; one that never ended goes on to the end."""
    bars = [
        (float(bar.get("x")), float(bar.get("width"))) for bar in page_of(golden_record()).xpath("//*[@class='span']")
    ]
    second = 1000 / 6.5

    assert bars == [
        pytest.approx((second, 2 * second), abs=0.1),
        pytest.approx((second, 0.75 * second), abs=0.1),
        pytest.approx((3 * second, 3.5 * second), abs=0.1),
    ]


def test_a_long_text_is_shown_from_its_beginning_and_there_in_full():
    """A hundred kilobytes do not bury the rest of the page."""
    text = "Blume " * 17_000
    shown, whole = page_of(a_record(items=[an_item(content=text)])).find_class("speech")

    assert shown.text == f"{text[:700]}…"
    assert whole.text == text


def test_spans_that_are_their_own_ancestors_do_no_harm():
    """A damaged record has a page too."""
    spans = (a_span(span_id="a", parent_span_id="b"), a_span(span_id="b", parent_span_id="a"))

    assert_nothing_became_markup(render(a_record(spans=spans)))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"audience": "parents"}, "may be researcher or student"),
        ({"language": "fr"}, "may be en or de"),
        ({"audiense": "student"}, r"Did you mean audience\?"),
    ],
)
def test_an_unknown_option_is_answered_with_the_known_ones(options, told):
    """Before anything is written."""
    with pytest.raises(UnknownOption, match=told):
        render_document(a_record(), FORMATS["html"], options=options)


def test_the_page_prints_on_paper():
    """White, on A4, without what cannot be opened on paper."""
    style = page_of(golden_record()).findtext(".//style")

    assert "@media print" in style and "size: A4" in style
    assert "prefers-color-scheme: dark" in style


@pytest.mark.skipif(not shutil.which("chromium"), reason="no Chromium here")
def test_a_browser_runs_nothing_of_it(tmp_path):
    """Chromium opens the hostile page: no script has changed it, and the title is what came as text."""
    path = tmp_path / "page.html"
    path.write_bytes(render(a_hostile_record()))
    browser = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
    seen = subprocess.run([*browser, "--dump-dom", path.as_uri()], capture_output=True, timeout=60, check=False)
    if not seen.stdout.strip():
        pytest.skip("Chromium does not start here")
    page = html.document_fromstring(seen.stdout.decode())

    assert {element.tag for element in page.iter()} <= set(ELEMENTS.split())
    assert page.findtext(".//title").startswith(visible(MARKUP)[:30])
