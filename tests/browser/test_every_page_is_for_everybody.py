"""Every page there is, as a class and a teacher see it, in both languages, light and dark, at three widths.

axe (https://github.com/dequelabs/axe-core) finds nothing on any of them, and none is wider than its window.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from chromium import find_chromium, open_chromium
from flask import request

sys.path.append(str(Path(__file__).parents[1] / "web"))

from class_stage import TOKENS
from looking_stage import WIDER, Visitor
from web_stage import PATIENCE, HeldTranslator, devserver_in

from devserver.safety import check_terms
from devserver.testing import ScriptedMaker
from devserver.web import WebSettings, create_app
from devserver.web.serving import serving
from exporters.storage.writing.locks import compaction_lock
from exporters.storage.writing.tombstones import Tombstones

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (apt-get install chromium)"
)

LONG = "Eine Blume auf der Wiese " * 30 + "x" * 200
WORRYING = "Ich möchte nicht mehr leben, sagt der Mond"
FORBIDDEN = "Zeichne eine ISIS Flagge"
IS_LIVE = "typeof source !== 'undefined' && source?.readyState === EventSource.OPEN"
IS_OVER = "!!document.querySelector('.exports')"
WORKS = f"""{IS_LIVE} && document.querySelector('[data-state="working"]')"""
WRONG_UNTIL_TOO_OFTEN = """(async () => {
  const wrong = {method: "POST", body: new URLSearchParams({token: "wrong"})};
  while ((await fetch("/login", wrong)).status !== 429);
})()"""
SEND_UNTIL_FULL = """(async () => {
  const form = {config: "stillepost", prompt: "Eine Blume"};
  while ((await fetch("/runs", {method: "POST", body: new URLSearchParams(form)})).ok);
})()"""
IS_MAKING = """document.querySelector('[data-state="running"]')"""
IS_NO_LONGER_MADE = "!document.querySelector('[data-getting-on]')"
IS_RESEARCH = "?audience=researcher"

NO_PAGES = {
    "static",
    "health.healthz",
    "health.metrics",
    "media.media",
    "media.thumbnail",
    "chosen.fetch",
    "rooms.code",
    "pages.change_language",
}
"""Routes that answer with a file, a word or another address; those of the API answer no pages either."""


class Tour:
    """A server, and its visitors on their way through all of its pages."""

    def __init__(self, data_dir, app, held, address, browsers):
        self.data_dir, self.app, self.held = data_dir, app, held
        self.endpoints = set()
        app.after_request(self._note)
        self._parties = [
            [
                Visitor(browser, address, "student", language, dark=is_dark),
                Visitor(browser, address, "researcher", language, dark=not is_dark),
            ]
            for browser, language, is_dark in zip(browsers, ("de", "en"), (False, True), strict=True)
        ]
        self.visitors = [visitor for party in self._parties for visitor in party]

    def _note(self, response):
        if response.mimetype == "text/html":
            self.endpoints.add(request.endpoint)
        return response

    def go(self):

        for act in (
            self.come_in,
            self.see_nothing,
            self.send_off,
            self.see_what_is_under_way,
            self.see_that_it_is_full,
        ):
            self._each(act)
        self.wait_until_all_have_ended()
        self._each(self.see_what_has_ended)
        for student, teacher in self._parties:
            self.meet_in_a_room(student, teacher)
        for teacher in self.visitors:
            if teacher.is_researcher:
                self.take_home(teacher)
                self.erase(teacher)
        self.be_sent_away()

    def _each(self, act):
        """Each browser on a thread of its own, for looking takes its time."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda party: [act(visitor) for visitor in party], self._parties))

    def come_in(self, visitor):
        visitor.look("login", "/")
        visitor.send("wrong token", "/login", token="wrong")
        visitor.send("too much", "/login", token="x" * 5000)
        visitor.log_in()

    def see_nothing(self, visitor):
        visitor.look("start", "/")
        visitor.look("no runs yet", "/runs")
        visitor.look("nothing there", "/nothing")
        visitor.look("no such run", "/runs/exec_20260101_000000_00000000")
        visitor.send("not this way", "/")
        visitor.send("wrong sentence", "/runs", config="stillepost", prompt="")
        visitor.look("sessions", "/sessions")

    def send_off(self, visitor):
        visitor.under_way = visitor.execute("stillepost", LONG, wait=False)["run_url"]
        for _ in range(3):
            self.held.wait_until_asked()
            self.held.release()
        self.held.wait_until_asked()

    def see_what_is_under_way(self, visitor):
        waiting = visitor.execute("stillepost", WORRYING, wait=False)
        visitor.look("under way", visitor.under_way, until=WORKS)
        visitor.look("waiting", waiting["run_url"], until=IS_LIVE)
        visitor.look("runs under way", "/runs")
        if visitor.is_researcher:
            visitor.look("under way, for research", visitor.under_way + IS_RESEARCH, until=WORKS)
            visitor.send("not yet to be erased", f"{visitor.under_way}/erase", scope="run")

    def see_that_it_is_full(self, visitor):
        visitor.page.look(SEND_UNTIL_FULL)
        visitor.send("full", "/runs", config="stillepost", prompt="Eine Blume")
        visitor.post(f"{visitor.under_way}/cancel")

    def wait_until_all_have_ended(self):
        self.held.open()
        for job in self.app.extensions["runner"].jobs():
            assert job.done.wait(PATIENCE)

    def see_what_has_ended(self, visitor):
        visitor.look("broken off", visitor.under_way, until=IS_OVER)
        for name, schema, text in (
            ("done", "stillepost", LONG),
            ("pictures", "image_comparison", "Zwei Farben"),
            ("picture and music", "image_and_music", "Ein Lied"),
            ("blocked", "stillepost", FORBIDDEN),
            ("help", "stillepost", WORRYING),
            ("failed", "dada", "Ein Fehler"),
        ):
            run = visitor.execute(schema, text)
            visitor.look(name, run["run_url"], until=IS_OVER)
            if visitor.is_researcher:
                visitor.look(f"{name}, for research", run["run_url"] + IS_RESEARCH, until=IS_OVER)
        ids = [visitor.execute("bauhaus", text)["execution_id"] for text in ("Ein Fuchs im Regen", "Ein Bär im Regen")]
        visitor.look("compared", f"/compare?left={ids[0]}&right={ids[1]}")
        visitor.look("one run is not two", f"/compare?left={ids[0]}&right={ids[0]}")
        visitor.look("runs", "/runs")
        visitor.look("runs found", "/runs?q=farben")
        visitor.look("no runs found", "/runs?q=nowhere")
        visitor.look("runs page", "/runs?page=2")
        visitor.look("beyond the last page", "/runs?page=99")

    def meet_in_a_room(self, student, teacher):
        teacher.look("rooms", "/rooms")
        room = teacher.send("a room with nobody in it", "/rooms", title="7b Kunst")
        student.send("no such room", "/join", code="K7M4XD")
        student.look("to join", "/join")
        code = teacher.page.look("document.querySelector('.big-code').textContent")
        student.send("in a room", "/join", code=code, nickname="Mia")
        for name, text in (("a run in a room", LONG), ("blocked in a room", FORBIDDEN)):
            run = student.execute("stillepost", text)["run_url"]
            student.look(name, run, until=IS_OVER)
            teacher.look(f"{name}, for a teacher", f"{run}?audience=teacher", until=IS_OVER)
        student.look("runs in a room", "/runs")
        teacher.look("a room", room, until="document.querySelectorAll('.room-card').length === 2")
        teacher.send("a room on a break", room, do="pause")
        student.look("on a break", "/")
        teacher.send("a room that is closed", room, do="close")
        teacher.look("rooms that are closed", "/rooms")
        student.send("out of the room", "/leave")

    def take_home(self, teacher):
        choice = {"all": "1", "query": "", "format": "json_zip"}
        teacher.look("runs, for research", f"/runs{IS_RESEARCH}")
        teacher.send("nothing chosen", "/bundles", format="json_zip")
        teacher.send("marked", "/runs/marks", **choice, mark="test", note="nur geübt")
        with Tombstones(self.data_dir).deciding():
            address = teacher.send("bundle in the making", "/bundles", until=IS_MAKING, **choice, with_marked="1")
            teacher.send("bundle waiting", "/bundles", **choice)
            for _ in range(3):
                teacher.post("/bundles", **choice)
            teacher.send("too many bundles", "/bundles", **choice)
        teacher.look("bundle ready", address, until="document.querySelector('[download]')")
        self.app.extensions["bundles"].close()
        teacher.send("bundle of nothing", "/bundles", until=IS_NO_LONGER_MADE, **choice)
        teacher.look("no such bundle", "/bundles/0e3a05610e3a0561")

    def erase(self, teacher):
        run = teacher.execute("bauhaus", "Ein Haus")["run_url"]
        teacher.look("to be erased", f"{run}/erase")
        with compaction_lock(self.data_dir):
            address = teacher.send("erasure waiting", f"{run}/erase", scope="run")
        teacher.look("erased", address, until="document.querySelector('.good')")

    def be_sent_away(self):
        for visitor in self.visitors:
            visitor.send("logged out", "/logout")
            visitor.page.look(WRONG_UNTIL_TOO_OFTEN)
            visitor.send("too many wrong tokens", "/login", token="wrong")


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    data_dir, held = tmp_path_factory.mktemp("data"), HeldTranslator(patience=10 * PATIENCE)
    settings = WebSettings(**TOKENS, port=0, slots=4, most_waiting=12, most_wrong_tokens=12)
    engines = {"translator": held, "check_safety": check_terms, "dada": ScriptedMaker(fails_at=range(1, 99))}
    with ExitStack() as stack:
        devserver = stack.enter_context(devserver_in(data_dir, **engines))
        app = create_app(devserver, settings)
        browsers = [stack.enter_context(open_chromium()) for _ in range(2)]
        stack.callback(held.open)
        tour = Tour(data_dir, app, held, stack.enter_context(serving(app, settings)), browsers)
        tour.go()
        yield tour


def test_axe_finds_nothing(tour):
    assert told(tour, lambda finding: finding.rule != WIDER) == []


def test_no_page_is_wider_than_its_window(tour):
    assert told(tour, lambda finding: finding.rule == WIDER) == []


def told(tour, is_meant):
    """What was found, a line for each: a rule, what breaks it, and on which pages that was seen."""
    found = {}
    for finding in (finding for one in tour.visitors for finding in one.findings if is_meant(finding)):
        found.setdefault((finding.rule, finding.impact, finding.what), set()).add(finding.where)
    return [f"{' '.join(what)}: {', '.join(sorted(where))}" for what, where in found.items()]


def test_every_route_that_answers_a_page_was_visited(tour):
    """A new one is visited above, or is one that answers no page."""
    routes = [rule for rule in tour.app.url_map.iter_rules() if "GET" in rule.methods]
    pages = {rule.endpoint for rule in routes if not rule.rule.startswith("/api/")} - NO_PAGES
    assert pages <= tour.endpoints
    assert not NO_PAGES & tour.endpoints
