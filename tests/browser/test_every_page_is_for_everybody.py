"""Every page there is, as a class and a teacher see it, light and dark, at three widths; in English at the narrowest.

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
from looking_stage import WIDER, WIDTHS, Visitor
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
    "pages.change_language",
    "rooms.code",
}
"""Routes that answer with a file, a word or another address; those of the API answer no pages either."""


_WAYS = (("de", "en"), (False, True), (WIDTHS, WIDTHS[:1]))
"""The languages, whether the student's windows are dark, and the widths: German words are the longer ones."""


class Tour:
    """A server, and its visitors on their way through all of its pages."""

    def __init__(self, data_dir, app, held, address, browsers):
        self.data_dir, self.app, self.held = data_dir, app, held
        self.endpoints = set()
        app.after_request(self._note)
        self._parties = [
            [
                Visitor(browser, address, "student", language, dark=is_dark, widths=widths),
                Visitor(browser, address, "researcher", language, dark=not is_dark, widths=widths),
            ]
            for browser, language, is_dark, widths in zip(browsers, *_WAYS, strict=True)
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
            self.let_three_hops_go,
            self.see_what_is_under_way,
            self.see_that_it_is_full,
        ):
            self._each(act)
        self.wait_until_all_have_ended()
        self._each(self.see_what_has_ended)
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda party: self.hold_a_room(*party), self._parties))
        for _, teacher in self._parties:
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
        visitor.look("join a room", "/join")
        visitor.send("wrong code", "/join", code="222222")
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
        self.held.wait_until_asked()

    def let_three_hops_go(self, visitor):
        """Once all runs have asked: before, the first would be given those of runs that have not begun, and end."""
        for _ in range(3):
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
        seen = []
        for name, schema, text in (
            ("done", "stillepost", LONG),
            ("pictures", "image_comparison", "Zwei Farben"),
            ("picture and music", "image_and_music", "Ein Lied"),
            ("blocked", "stillepost", FORBIDDEN),
            ("help", "stillepost", WORRYING),
            ("failed", "dada", "Ein Fehler"),
        ):
            run = visitor.execute(schema, text)
            seen.append(run["execution_id"])
            visitor.look(name, run["run_url"], until=IS_OVER)
            if visitor.is_researcher:
                visitor.look(f"{name}, for research", run["run_url"] + IS_RESEARCH, until=IS_OVER)
        visitor.look("compared", f"/compare?left={seen[0]}&right={seen[1]}")
        visitor.look("nothing to compare", "/compare")
        visitor.look("runs", "/runs")
        visitor.look("runs found", "/runs?q=farben")
        visitor.look("no runs found", "/runs?q=nowhere")
        visitor.look("runs page", "/runs?page=2")
        visitor.look("beyond the last page", "/runs?page=99")

    def hold_a_room(self, student, teacher):
        teacher.look("rooms", "/rooms")
        room = teacher.send("room", "/rooms", title="7b")
        code = teacher.page.look("document.querySelector('.big-code').textContent")
        student.send("start in a room", "/join", code=code, nickname="Lena")
        teacher.post(room, do="pause")
        run = student.execute("stillepost", "Eine Blume", wait=False)["run_url"]
        student.look("waiting in a room that is paused", run, until=IS_LIVE)
        teacher.look("room that is paused", room)
        teacher.post(room, do="resume")
        student.look("run of a room", run, until=IS_OVER)
        student.execute("stillepost", FORBIDDEN)
        student.execute("stillepost", WORRYING)
        teacher.look("room with runs", room, until="document.querySelectorAll('.room-card').length === 3")
        teacher.post(room, do="close")
        teacher.look("room that is closed", room)
        teacher.look("rooms there were", "/rooms")

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
            visitor.send("too many wrong codes", "/join", code="222222")


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    data_dir, held = tmp_path_factory.mktemp("data"), HeldTranslator(patience=10 * PATIENCE)
    settings = WebSettings(**TOKENS, port=0, slots=4, most_waiting=12, most_wrong_tokens=20)
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
