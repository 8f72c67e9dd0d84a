"""Whoever writes that they want to hurt themselves is shown words of help, at once; teachers are asked to look."""

import datetime as dt

import pytest
from opentelemetry.sdk.trace import SpanProcessor
from web_stage import HeldTranslator, Page, client_of, devserver_in, engines

from collectors import start_recording
from collectors.testing import RememberingSink
from collectors.viewers.payload import make_alias
from collectors.viewers.spans import show_run
from devserver.pipeline import Pipeline
from devserver.requests import Request
from devserver.safety import check_terms
from devserver.web import WebSettings
from devserver.web.times import when_in_words
from devserver.web.words import words_of
from otel_tracking import canonical

TOKEN, CLASS_TOKEN = "teacher-0123456789abcdef", "class-0123456789abcdef"
WORRYING = "Ich möchte nicht mehr leben, sagt der Mond"
HELP, LOOK = words_of("de")["help title"], words_of("de")["mark concern"]


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def client(tmp_path, held):
    settings = WebSettings(token=TOKEN, class_token=CLASS_TOKEN, help_number="0800 111 0 111", slots=1)
    with (
        devserver_in(tmp_path, check_safety=check_terms, translator=held) as devserver,
        client_of(devserver, settings) as client,
    ):
        yield client
        held.open()


def page_of(client, address, token):
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "de"}
    return Page(client.get(address, headers=headers, follow_redirects=True).get_data(as_text=True))


def send(client, prompt, token=CLASS_TOKEN):
    form = {"prompt": prompt, "config": "stillepost"}
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "de"}
    return client.post("/runs", data=form, headers=headers).headers["Location"]


def ended(client, held):
    (job,) = client.application.extensions["runner"].jobs()
    held.open()
    assert job.done.wait(60)
    return f"/runs/{job.execution_id}"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (WORRYING, "de"),
        ("ICH WILL MICH UMBRINGEN", "de"),
        ("Bring mich um", "de"),
        ("suizidal", "de"),
        ("I want to die", "en"),
        ("I keep cutting myself", "en"),
        ("I want to die", "tr"),
    ],
)
def test_it_stops_nothing_and_is_in_the_record(text, language):
    verdict = check_terms(text, level="kids", language=language, stage=1)
    assert verdict.safe
    assert verdict.concerns == ("self_harm",)


@pytest.mark.parametrize("text", ["Ein Schuss Sahne", "Der alte Mond stirbt nie", "Eine Ritze im Holz"])
def test_a_sentence_without_such_words_is_none_of_it(text):
    assert not check_terms(text, level="kids", language="de", stage=1).concerns


def test_who_wrote_it_sees_words_of_help_while_it_is_under_way_and_afterwards(client, held):
    address = send(client, WORRYING)
    held.wait_until_asked()
    under_way = page_of(client, address, CLASS_TOKEN)
    assert HELP in under_way.text
    assert "0800 111 0 111" in under_way.text
    assert {"href": "tel:08001110111"} in under_way.all("a")
    assert HELP in page_of(client, ended(client, held), CLASS_TOKEN).text


def test_who_waits_for_a_turn_sees_them_too(client, held):
    send(client, "Eine Blume")
    held.wait_until_asked()
    assert HELP in page_of(client, send(client, WORRYING), CLASS_TOKEN).text


def test_others_see_nothing_of_it(client, held):
    send(client, WORRYING)
    held.wait_until_asked()
    address = ended(client, held)
    client.delete_cookie("devserver_pupil")
    shown = page_of(client, address, CLASS_TOKEN).text
    assert HELP not in shown
    assert LOOK not in shown
    assert LOOK not in page_of(client, "/runs", CLASS_TOKEN).text


def test_a_viewer_of_traces_is_not_told(tmp_path):
    """Neither by the item of the check nor by what the engine answered; a record has both."""
    shown, sink = ThisProcess(), RememberingSink()
    with start_recording([sink], journal=False) as recording:
        recording.provider.add_span_processor(shown)
        Pipeline(recording.tracker(), engines(check_safety=check_terms)).run(Request(prompt=WORRYING))
        assert recording.flush(timeout=30)
    sent = show_run(shown.spans, make_alias()).spans
    told = repr([(span.attributes, [event.attributes for event in span.events]) for span in sent])
    assert "self_harm" in canonical.dumps(sink.records[0].to_dict())
    assert WORRYING in told
    assert "self_harm" not in told
    assert "concerns" not in told


class ThisProcess(SpanProcessor):
    """Keeps the spans that end."""

    def __init__(self):
        self.spans = []

    def on_end(self, span):
        self.spans.append(span)


def test_a_teacher_is_asked_to_look_on_the_list_and_on_the_page(client, held):
    send(client, WORRYING)
    held.wait_until_asked()
    address = ended(client, held)
    assert LOOK in page_of(client, address, TOKEN).text
    assert LOOK in page_of(client, "/runs?audience=researcher", TOKEN).text


def test_pupils_are_offered_what_can_run_here_alone(client):
    """Nothing is named to them that would need a program that nobody here has."""
    refused = words_of("de")["not here"]
    assert refused not in page_of(client, "/", CLASS_TOKEN).text
    assert refused in page_of(client, "/", TOKEN).text


def test_teachers_are_told_that_lists_of_words_are_no_protection(client):
    told = words_of("de")["starter lists"]
    assert told in page_of(client, "/", TOKEN).text
    assert told not in page_of(client, "/", CLASS_TOKEN).text


ZONE = dt.timezone(dt.timedelta(hours=2))
NOW = dt.datetime(2026, 11, 27, 0, 30, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("moment", "german", "english"),
    [
        (dt.datetime(2026, 11, 26, 22, 5, tzinfo=dt.UTC), "heute, 00:05", "today, 00:05"),
        (dt.datetime(2026, 11, 26, 21, 5, tzinfo=dt.UTC), "gestern, 23:05", "yesterday, 23:05"),
        (dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC), "1. März 2026, 14:00", "1 March 2026, 14:00"),
        (dt.datetime(2026, 11, 28, 12, 0, tzinfo=dt.UTC), "28. November 2026, 14:00", "28 November 2026, 14:00"),
    ],
)
def test_times_are_those_of_the_place_as_people_say_them(moment, german, english):
    assert when_in_words(moment, NOW, words_of("de"), "de") == german
    assert when_in_words(moment, NOW, words_of("en"), "en") == english
