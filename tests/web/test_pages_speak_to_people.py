"""What does not work is said on a page in its own language, with what would work, and never as servers say it."""

import io
import re

import pytest
from web_stage import Page, client_of, devserver_in, execute

from devserver.web import WebSettings
from devserver.web.words import words_of

TOKEN, CLASS_TOKEN = "teacher-0123456789abcdef", "class-0123456789abcdef"
ENGLISH = re.compile(r"\b(the|would|work|cannot|there|called|expected|known|allowed|server's|[A-Z]+_[A-Z]+)\b")
PNG = (io.BytesIO(b"no picture"), "a.png")

PAGES = [
    ("GET", "/nothing"),
    ("GET", "/runs/exec_nothing"),
    ("GET", "/runs/exec_2"),
    ("GET", "/runs?date=yesterday"),
    ("GET", "/runs?limit=many"),
    ("GET", "/runs?user_id=anna"),
    ("GET", "/sessions"),
    ("GET", "/runs/{run}/erase"),
    ("GET", "/erasures/0e3a05610e3a0561"),
    ("GET", "/metrics"),
    ("POST", "/runs/{run}/cancel"),
    ("POST", "/runs/{run}/again"),
    ("PUT", "/runs"),
]
FORMS = [
    {"prompt": " "},
    {"prompt": "a" * 30_000},
    {"config": "nothing"},
    {"seed": "many"},
    {"seed": "9" * 60},
    {"config": "image_input"},
    {"images": PNG},
    {"level": "off"},
    {"level": "none"},
]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    settings = WebSettings(token=TOKEN, class_token=CLASS_TOKEN)
    with devserver_in(tmp_path_factory.mktemp("data")) as devserver, client_of(devserver, settings) as client:
        client.run = execute(client, "stillepost", headers=bearer(TOKEN)).get_json()["execution_id"]
        yield client


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def asked(client, method, address, token=CLASS_TOKEN, language="de", **more):
    headers = {**bearer(token), "Accept-Language": language}
    answer = client.open(address.format(run=client.run), method=method, headers=headers, **more)
    assert answer.status_code >= 400
    return Page(answer.get_data(as_text=True))


@pytest.mark.parametrize(("method", "address"), PAGES)
def test_a_german_page_has_no_english_sentence(client, method, address):
    page = asked(client, method, address)
    assert not ENGLISH.findall(page.text)
    assert words_of("de")["back"] in page.text


@pytest.mark.parametrize("fields", FORMS)
def test_a_form_that_cannot_be_sent_keeps_the_sentence_and_says_in_german_what_would_work(client, fields):
    form = {"prompt": "Mein Satz", "config": "stillepost", **fields}
    page = asked(client, "POST", "/runs", data=form)
    assert not ENGLISH.findall(page.text)
    assert form["prompt"].strip() in page.text


@pytest.mark.parametrize(("method", "address"), PAGES)
def test_both_languages_say_the_same(client, method, address):
    """What is on the German page by one of its words is on the English page by the same one."""
    german, english = (asked(client, method, address, language=one).text for one in ("de", "en"))
    said = [name for name, word in words_of("de").items() if len(word) > 25 and word in german]
    assert said
    assert all(words_of("en")[name] in english for name in said)


def test_who_has_the_full_token_is_told_what_the_server_says_too(client):
    page = asked(client, "GET", "/runs?date=yesterday", token=TOKEN)
    assert "date is 'yesterday'; 2026-11-23 would work" in page.text
    assert words_of("de")["said filter wrong"] in page.text
