"""Many runs as one document: everything of every run, once, with contents that lead there."""

import dataclasses
import io
import os
import re
import subprocess
import sys
import tracemalloc
import zipfile

import docx
import pytest
from book_stage import FORMATS, a_class, at, blocked_run, class_as, page_of, words_in
from collection_stage import written
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_records import HOSTILE, JOURNEY, a_painting
from reading_pdf import read
from records import a_picture, a_record, a_run_of_hops, an_item, records

from exporters.collections import COLLECTIONS, CollectionOptions
from exporters.collections.book.words import BOOK
from exporters.errors import UnknownOption
from otel_tracking import ItemType

in_every_format = pytest.mark.parametrize("name", FORMATS)


@in_every_format
@given(runs=st.lists(records, max_size=3))
@settings(max_examples=3)
def test_any_runs_become_a_document(name, runs):
    """Whatever is in their fields."""
    assert len(written(name, runs)) > 5_000


@in_every_format
def test_the_same_runs_give_the_same_bytes(name):
    assert written(name, a_class(), title="Class 7b", compare=True) == class_as(name, compare=True)


_ANOTHER_PROCESS = """
import pathlib, sys
from book_stage import class_as
for name in ("pdf", "docx"):
    pathlib.Path(sys.argv[1], name).write_bytes(class_as(name, compare=True))
"""


@pytest.fixture(scope="module")
def made_elsewhere(tmp_path_factory):
    """Where another process put the class in both formats."""
    place = tmp_path_factory.mktemp("elsewhere")
    path = os.pathsep.join(filter(None, sys.path))
    surroundings = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", _ANOTHER_PROCESS, place], env=surroundings, check=True)
    return place


@pytest.mark.parametrize("name", ["pdf", "docx"])
def test_another_process_gives_the_same_bytes_too(name, made_elsewhere):
    """Nothing in it comes from the order of sets, the clock, or what was made before."""
    assert (made_elsewhere / name).read_bytes() == class_as(name, compare=True)


@in_every_format
def test_every_text_of_every_run_is_there_once(name):
    """Hops are told nowhere but in the chapter of their run."""
    runs = [at(place, a_run_of_hops("Blume", *(f"malt{place}x{hop}q" for hop in range(1, 4)))) for place in range(5)]
    document = written(name, runs)
    text = words_in(name, document)
    if name == "html":  # a page has what a hop was given among its parameters, too
        text = " ".join(re.findall(r'<div class="speech" dir="auto">([^<]*)', document.decode()))
    for place in range(5):
        told = [len(re.findall(f"malt{place}x{hop}q", text)) for hop in (1, 2)]
        assert told == [1, 1], (place, told)


@in_every_format
def test_a_run_in_it_is_told_as_in_its_own_document(name):
    """Word for word, but for what belongs to all of them, and is said once."""
    text = " ".join(words_in(name, class_as(name)).split())
    for language, passage in JOURNEY:
        if name != "pdf" or language in ("en", "es", "pl", "vi"):  # readers put letters of other scripts elsewhere
            assert passage[:24] in text
    assert text.count("Recorded with OpenTelemetry") == 0
    assert "Class 7b" in text


@in_every_format
def test_hostile_texts_are_texts(name):
    document = class_as(name)
    if name == "html":
        page = page_of(document)
        assert not {tag for tag, _ in page.tags} & {"script", "iframe", "object", "link", "form"}
        assert not [key for _, told in page.tags for key in told if key.startswith("on") or key == "style"]
    assert '<script>alert("x")</script>' in words_in(name, document)
    assert HOSTILE[:3] == "NUL"


@in_every_format
@pytest.mark.parametrize("language", ["en", "de"])
def test_without_runs_it_says_so(name, language):
    text = words_in(name, written(name, [], language=language, title="Nobody"))
    assert "Nobody" in text
    assert BOOK[language]["no runs"] in text


@in_every_format
def test_one_run_without_hops_is_a_document_without_drift(name):
    text = words_in(name, written(name, [a_record(items=[])], compare=True))
    assert "How far texts drift" not in text
    assert "No two runs here began with the same text." in text


@in_every_format
def test_students_get_nothing_that_is_not_for_them(name):
    """No names, no parameters, no calls, nothing that a check said no to; also not in summary and contents."""
    runs = [a_class()[0], blocked_run()]
    full = words_in(name, written(name, runs, compare=True))
    theirs = words_in(name, written(name, runs, audience="student", compare=True))
    for secret in ("Müller", "anna", "xyzzy", "localhost:11434", "7b"):
        assert secret in full, secret
        assert secret not in theirs, secret
    assert b"M\xc3\xbcller" not in written(name, runs, audience="student")
    assert "This document is for students" in theirs


@in_every_format
def test_it_says_under_what_runs_left_and_what_is_not_here(name):
    said = {
        **{"profile": "pseudonymous", "rules": ["email 1"], "redactions": {"email": 3}, "left_out": 12},
        **{"kept_back": {"withdrawn": 2, "marked_test": 4}, "damaged": 1},
    }
    file = io.BytesIO()
    COLLECTIONS[name].write(a_class()[:1], file, CollectionOptions(), lambda: said)
    text = " ".join(words_in(name, file.getvalue()).split())
    for sentence in (
        "pseudonymous: people have pseudonyms",
        "email (3)",
        "2 with consent withdrawn",
        "4 (marked_test)",
    ):
        assert sentence in text, sentence
    assert "1 that could not be read" in text


@in_every_format
def test_runs_that_began_alike_stand_side_by_side(name):
    """Text by text, and what differs with its name."""
    runs = [
        at(0, a_run_of_hops("Eine Blume", "A flower one", used_seed=11)),
        at(1, a_run_of_hops("Eine  Blume", "A flower two", used_seed=12, config_name="dada")),
        at(2, a_run_of_hops("Ein Baum", "A tree", used_seed=13)),
    ]
    plain, compared = _plain_and_compared(name, runs)
    assert "Side by side" not in plain
    for told, times in (("A flower one", 2), ("A flower two", 2), ("A tree", 0)):
        assert compared.count(told) - plain.count(told) == times, told  # a hop, and the final text
    assert "What differs".lower() in compared.lower()
    assert compared.count("Seed") > plain.count("Seed")


@in_every_format
def test_what_only_one_pipeline_has_is_counted_and_not_laid_beside_nothing(name):
    """Between runs of one configuration a setting that is missing is a difference; between two it is none."""
    runs = [
        at(0, a_run_of_hops("Eine Blume", "A flower", metadata={"heat": 0.4})),
        at(1, a_run_of_hops("Eine Blume", "A flower", metadata={"heat": 0.5, "bag": "large"}, config_name="dada")),
    ]
    plain, compared = _plain_and_compared(name, runs)
    assert _more(plain, compared) == [True, False]
    assert "Settings that not all have" in " ".join(compared.split())
    alike = [dataclasses.replace(run, config_name="dada") for run in runs]
    assert _more(*_plain_and_compared(name, alike)) == [True, True]


def _plain_and_compared(name, runs):
    return (words_in(name, written(name, runs, compare=one)) for one in (False, True))


def _more(plain, compared):
    return [compared.count(told) > plain.count(told) for told in ("heat", "bag")]


def test_five_that_began_alike_stand_in_two_tables_of_three_and_two():
    runs = [at(number, a_run_of_hops("Eine Blume", f"flower {number}")) for number in range(5)]
    page = page_of(written("html", runs, compare=True))
    heads = [told for tag, told in page.tags if tag == "table" and told.get("class") == "side"]
    assert len(heads) == 2


@in_every_format
def test_pictures_are_made_smaller(name):
    """A hundred large pictures are no gigabyte; the same picture is in the file once."""
    runs = [at(number, a_picture(a_painting(1500, 1500))) for number in range(3)]
    one, three = len(written(name, runs[:1])), len(written(name, runs))
    assert three < 400_000
    if name != "html":
        assert three - one < 60_000


def test_the_contents_of_a_pdf_lead_to_the_pages_that_they_name():
    reader = read(class_as("pdf", compare=True))
    starts = {
        f"{number}": place
        for place, page in enumerate(reader.pages, start=1)
        for number in re.findall(r"^RUN (\d+)$", page.extract_text(), re.MULTILINE)
    }
    assert len(starts) == 6
    contents = reader.pages[1].extract_text()
    for number, page in starts.items():
        line = next(line for line in contents.split("\n") if line.startswith(f"{number}."))
        assert re.search(rf"(?<!\d){page}$", line) or f"\n{page}\n" in f"{contents}\n", (line, page)
    assert _starts(reader) == list(starts.values())


def test_the_pages_of_a_pdf_are_numbered_from_the_title_on():
    reader = read(class_as("pdf"))
    for number, page in enumerate(reader.pages, start=1):
        assert f"Page {number} / {len(reader.pages)}" in page.extract_text()
    assert "Class 7b" in reader.pages[0].extract_text()
    assert reader.metadata.title == "Class 7b"


def test_links_inside_of_a_chapter_stay_in_it():
    """Each run has a figure 1; its link does not lead to another run's."""
    reader = read(class_as("pdf"))
    starts = [*_starts(reader), len(reader.pages) + 1]
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(reader.pages, start=1)}
    found = 0
    for number, page in enumerate(reader.pages, start=1):
        if number >= starts[0]:
            first = max(start for start in starts if start <= number)
            last = starts[starts.index(first) + 1]
            for link in page.get("/Annots", []):
                found += 1
                assert first <= numbers[link.get_object()["/Dest"].get_object()[0].idnum] < last
    assert found >= 3


def _starts(reader):
    """The pages on which runs begin, as the outline has them."""
    entries = [entry for entry in reader.outline if not isinstance(entry, list)]
    runs = [entry for entry in entries if entry.title[0].isdigit()]
    return [reader.get_destination_page_number(entry) + 1 for entry in runs]


def test_a_pdf_has_each_font_once():
    """However many runs use it."""
    one, six = read(written("pdf", a_class()[:1])), read(class_as("pdf"))
    fonts = [font["/BaseFont"].partition("+")[2] for font in _fonts(six)]
    assert len(fonts) == len(set(fonts))
    assert len(fonts) >= len(_fonts(one)) > 5


def _fonts(reader):
    fonts = reader.pages[0]["/Resources"]["/Font"]
    return [font.get_object() for font in fonts.values()]


def test_the_contents_of_a_word_document_are_links_that_lead_somewhere():
    body = docx.Document(io.BytesIO(class_as("docx", compare=True))).element.body
    names = [one.get(qn("w:name")) for one in body.iter(qn("w:bookmarkStart"))]
    anchors = [one.get(qn("w:anchor")) for one in body.iter(qn("w:hyperlink"))]
    assert anchors == ["summary", "plots", "compare", *(f"run_{number}" for number in range(1, 7))]
    assert sorted(names) == sorted(anchors)
    told = " ".join(one.text for one in body.iter(qn("w:instrText")))
    assert 'TOC \\o "1-1"' in told
    assert told.count("PAGEREF") == 9
    kinds = [one.get(qn("w:fldCharType")) for one in body.iter(qn("w:fldChar"))]
    assert kinds.count("begin") == kinds.count("end") == kinds.count("separate")


def test_headings_of_a_word_document_are_those_of_an_outline():
    document = docx.Document(io.BytesIO(class_as("docx", compare=True)))
    firsts = [one.text for one in document.paragraphs if one.style.name == "Heading 1"]
    assert firsts[:4] == ["Summary", "Plots", "Side by side", firsts[3]]
    assert len(firsts) == 9
    levels = {one.style.name for one in document.paragraphs if one.style.name.startswith("Heading")}
    assert levels == {"Heading 1", "Heading 2", "Heading 3"}


def test_pictures_of_a_word_document_have_ids_of_their_own_and_words():
    body = docx.Document(io.BytesIO(class_as("docx", compare=True))).element.body
    shapes = list(body.iter(qn("wp:docPr")))
    ids = [one.get("id") for one in shapes]
    assert len(ids) == len(set(ids)) > 5
    assert all(one.get("descr") for one in shapes)


def test_a_row_of_a_comparison_in_word_stays_on_one_page_unless_it_is_long():
    """And the first of them on the page of its head."""
    runs = [at(number, a_run_of_hops("Eine Blume", "short", f"{'long ' * 100}{number}")) for number in range(2)]
    document = docx.Document(io.BytesIO(written("docx", runs, compare=True)))
    [table] = [one for one in document.tables if one.rows[0].cells[0].text == "Step"]
    whole = {
        row.cells[0].text: all(one.get(qn("w:val")) != "0" for one in row._tr.iter(qn("w:cantSplit")))
        for row in table.rows
    }

    assert (whole["Hop 1"], whole["Hop 2"]) == (True, False)
    assert all(cell.paragraphs[0].paragraph_format.keep_with_next for cell in table.rows[0].cells)


def test_no_part_of_a_word_document_says_when_it_was_packed():
    with zipfile.ZipFile(io.BytesIO(class_as("docx"))) as package:
        assert package.testzip() is None
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_links_of_a_page_lead_somewhere_and_each_run_is_there():
    page = page_of(class_as("html", compare=True))
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)
    assert {f"run-{number}" for number in range(1, 7)} <= set(page.ids)


def test_headings_of_a_page_are_those_of_an_outline():
    levels = [int(tag[1]) for tag, _ in page_of(class_as("html", compare=True)).tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels.count(2) == 4 + 6  # contents, summary, plots, side by side, and the runs


def test_plots_have_words_for_who_cannot_see_them():
    page = page_of(class_as("html"))
    plots = [words for words, source in zip(page.alternatives, page.images, strict=True) if "svg+xml" in source]
    assert len(plots) == 5
    assert "stillepost: " in plots[0]
    assert "completed" in plots[1]
    assert "English: " in plots[2]


def test_an_audience_is_for_documents_alone():
    with pytest.raises(UnknownOption, match="'teacher' is no value of audience"):
        CollectionOptions(audience="teacher")


@pytest.mark.parametrize("name", ["pdf", "html"])
def test_memory_does_not_grow_with_pictures_of_runs(name):
    """What is kept of a run is its pages, compressed, and a row."""

    def runs(count):
        for number in range(count):
            yield at(number, a_picture(a_painting(1200, 1200, number), items=[an_item(content="malt")]))

    def most_memory(count):
        tracemalloc.start()
        try:
            COLLECTIONS[name].write(runs(count), io.BytesIO() if name == "pdf" else _Nowhere(), CollectionOptions())
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = most_memory(2), most_memory(10)
    assert many - few < 8 * 400_000


class _Nowhere(io.RawIOBase):
    def write(self, content):
        return len(content)


def test_a_record_is_asked_for_when_the_one_before_is_written():
    """Nothing is collected first: progress is told while it goes on."""
    taken = []

    def runs():
        for number in range(3):
            taken.append(number)
            yield at(number, a_run_of_hops("Blume", "Flower"))

    COLLECTIONS["html"].write(runs(), io.BytesIO(), CollectionOptions())
    assert taken == [0, 1, 2]


def test_every_language_has_the_same_words():
    assert BOOK["de"].keys() == BOOK["en"].keys()
    for name, text in BOOK["en"].items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", BOOK["de"][name]) or sorted(
            re.findall(r"{\w+}", text)
        ) == sorted(re.findall(r"{\w+}", BOOK["de"][name])), name


def test_items_of_a_type_that_nobody_knows_are_told_too():
    odd = a_record(items=[an_item(item_type="output_smell", content="lavender"), an_item(item_type=ItemType.USER_EDIT)])
    assert "lavender" in words_in("html", written("html", [odd]))
