"""The stage set of the web tests: a DevServer whose engines are scripted or wait to be told, and a real server."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import httpx

from devserver.settings import Settings
from devserver.testing import WAV, ScriptedMaker, ScriptedSafety, ScriptedTranslator, scripted_engines
from devserver.web import WebSettings, create_app
from devserver.web.asking import execute_routes
from devserver.web.runs import lookup
from devserver.web.serving import serving
from devserver.wiring import open_devserver

PATIENCE = 60.0
"""Seconds after which something that should have happened long ago counts as missing."""

# People are answered after two seconds, without the id of a run that has not begun, and without one that is not stored
# yet. Tests ask for both at once, and a busy machine may take longer.
execute_routes.BEGIN_SECONDS = lookup.SETTLE_SECONDS = PATIENCE

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> ]]> \x00 \x1b[2J \u202e {{7*7}} زهرة 👩‍👩‍👧"


class HeldTranslator:
    """Another translator whose calls wait until they are released, one by one."""

    def __init__(self, translator=None, *, patience=PATIENCE):
        self._translator, self._patience = translator or ScriptedTranslator(), patience
        self._may_go = threading.Semaphore(0)
        self._arrived = threading.Semaphore(0)
        self._is_open = False

    def pairs(self):
        return self._translator.pairs()

    def backend_for(self, from_lang, to_lang):
        return self._translator.backend_for(from_lang, to_lang)

    def translate(self, text, *, from_lang, to_lang):
        self._arrived.release()
        if not self._is_open:
            assert self._may_go.acquire(timeout=self._patience), "nobody released this hop"
        return self._translator.translate(text, from_lang=from_lang, to_lang=to_lang)

    def wait_until_asked(self):
        """Until the next call is there, held."""
        assert self._arrived.acquire(timeout=PATIENCE), "nobody asked for a translation"

    def release(self):
        """Let one call go on."""
        self._may_go.release()

    def open(self):
        """Let this call and all others go on."""
        self._is_open = True
        self._may_go.release(100)


def engines(**more):
    """Scripted engines: German prompts, one-pixel pictures; ISIS is forbidden."""
    usual = {
        "check_safety": ScriptedSafety(terms={"ISIS": "§86a"}),
        "procedural_image": ScriptedMaker(),
        "procedural_music": ScriptedMaker(WAV, media_format="audio/wav"),
        "image_variation": ScriptedMaker(),
        "dada": ScriptedMaker(lambda text, seed: f"{text} {seed}", media_format="text/plain"),
    }
    return scripted_engines(**{**usual, **more})


@contextmanager
def devserver_in(data_dir, **more):
    """A DevServer whose records go to `data_dir`."""
    settings = Settings(data_dir=Path(data_dir), journal=False)
    with open_devserver(settings, engines=engines(**more)) as devserver:
        yield devserver


@contextmanager
def client_of(devserver, settings=None, **options):
    """A test client of the application; its runs are ended with the block."""
    app = create_app(devserver, settings, **options)
    app.testing = False
    try:
        yield app.test_client()
    finally:
        app.extensions["runner"].close(PATIENCE)


@contextmanager
def server_of(devserver, settings=None, **options):
    """An HTTP client of a real server on a free port."""
    settings = replace(settings or WebSettings(), port=0)
    app = create_app(devserver, settings, **options)
    with (
        serving(app, settings) as address,
        httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client,
    ):
        client.runner = app.extensions["runner"]
        yield client


def execute(client, schema="stillepost", input_text="Eine Blume auf der Wiese", query="", headers=None, **fields):
    """The answer to `POST /api/schema/pipeline/execute`."""
    body = {"schema": schema, "input_text": input_text, **fields}
    return client.post(f"/api/schema/pipeline/execute{query}", json=body, headers=headers)


def begin(client, **fields):
    """The answer to one that does not wait."""
    answer = execute(client, query="?wait=0", **fields)
    assert answer.status_code == 202, answer.text
    return answer.json() if callable(answer.json) else answer.json


class Messages:
    """The Server-Sent Events of a response, one after another, as (id, kind, data); comments are kept apart."""

    def __init__(self, lines):
        self._lines = iter(lines)
        self.comments = []
        self.retry = None

    def __iter__(self):
        return self

    def __next__(self):
        fields = {}
        for line in self._lines:
            if line.startswith(":"):
                self.comments.append(line)
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                return fields.get("id"), fields["event"], json.loads(fields["data"])
            elif fields:
                self.retry, fields = fields.get("retry"), {}
        raise StopIteration

    def until(self, wanted):
        """The messages up to the first that `wanted(boxes, message)` says yes to; boxes as a page would have them."""
        boxes, seen = {}, []
        for message in self:
            seen.append(message)
            boxes |= {box["key"]: box for box in message[2].get("boxes", ())}
            if wanted(boxes, message):
                return boxes, seen
        raise AssertionError(f"it never came; the last was {seen[-1] if seen else None}")


def messages_of(response):
    """The messages in a response that was read to its end."""
    return list(Messages(response.get_data(as_text=True).split("\n")))


class Page(HTMLParser):
    """A page as a browser reads it: its elements with their attributes, and its text."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts = [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, text):
        self.texts.append(text)

    @property
    def text(self):
        """All of its text on one line."""
        return " ".join("".join(self.texts).split())

    def all(self, tag):
        """The attributes of all elements of that name."""
        return [attributes for name, attributes in self.elements if name == tag]
