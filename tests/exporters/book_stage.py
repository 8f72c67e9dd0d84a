"""Documents of many runs as tests look at them: made in memory, and what people find in them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import html.parser
import io

import docx
from collection_stage import written
from docx.oxml.ns import qn
from printed_records import fifteen_languages, four_outputs, hostile
from reading_pdf import read as read_pdf
from records import NOON, a_record, a_run_of_hops, an_item

from otel_tracking import ItemType

FORMATS = ("pdf", "docx", "html")


def a_class():
    """Six runs of all kinds, an hour apart; two began alike."""
    runs = [
        fifteen_languages(user_id="anna", session_id="7b"),
        four_outputs(blocked_after_generation=True),
        hostile(),
        a_run_of_hops("Eine Blume", "A flower", "Una flor", user_id="ben", session_id="7b"),
        a_run_of_hops("Ein Baum", config_name="dada"),
        a_run_of_hops("Eine  Blume", "A blossom", config_name="dada", status="error"),
    ]
    return [at(number, run) for number, run in enumerate(runs)]


def at(number, run):
    """The same run under a number of its own, begun so many hours later."""
    moment = NOON + dt.timedelta(hours=number)
    return dataclasses.replace(run, execution_id=f"exec_run_{number}", trace_id=f"{number + 1:032x}", timestamp=moment)


def blocked_run():
    """A prompt that a check said no to, by a person with a name, with a setting."""
    prompt = an_item(item_type=ItemType.USER_INPUT_TEXT, stage=1, content="Anna Müller wohnt hier")
    block = an_item(item_type=ItemType.STAGE1_BLOCKED, stage=1, content="blocked: Anna Müller")
    said = {"status": "blocked", "user_id": "Anna Müller", "metadata": {"secret": "xyzzy"}}
    return at(7, a_record(items=[prompt, block], **said))


@functools.cache
def class_as(name, **options):
    """The class in that format, made once for all tests that only look at it."""
    return written(name, a_class(), title="Class 7b", **options)


@functools.cache
def words_in(name, document):
    """Everything that a person can read or listen to, as one text."""
    if name == "pdf":
        return "\n".join(page.extract_text() for page in read_pdf(document).pages)
    if name == "docx":
        body = docx.Document(io.BytesIO(document)).element.body
        paragraphs = ("".join(node.text or "" for node in one.iter(qn("w:t"))) for one in body.iter(qn("w:p")))
        return "\n".join(paragraphs)
    return page_of(document).text


class Page(html.parser.HTMLParser):
    """What stands on an HTML page: its text, tags, ids, links and the words for pictures."""

    def __init__(self):
        super().__init__()
        self.text, self.tags, self.ids, self.links, self.alternatives, self.images = "", [], [], [], [], []
        self._is_style = False

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.tags.append((tag, told))
        self._is_style = tag == "style"
        if "id" in told:
            self.ids.append(told["id"])
        if tag == "a":
            self.links.append(told["href"])
        if tag == "img":
            self.alternatives.append(told["alt"])
            self.images.append(told["src"])

    def handle_data(self, data):
        self.text += "" if self._is_style else data


def page_of(document):
    page = Page()
    page.feed(document.decode())
    return page
