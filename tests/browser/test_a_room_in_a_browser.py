"""Two pupils and a teacher in one room, in a real Chromium: join, own runs, share, hide, pause, cancel, close."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from chromium import find_chromium, open_chromium

sys.path.append(str(Path(__file__).parents[1] / "web"))

from room_stage import ROLE_TOKENS
from web_stage import HeldTranslator, devserver_in, server_of

from devserver.web import WebSettings

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (apt-get install chromium)"
)

WIDTHS = (360, 820, 1920)
CARDS = "[...document.querySelectorAll('.room-card')]"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def server(tmp_path, held):
    with (
        devserver_in(tmp_path, translator=held) as devserver,
        server_of(devserver, WebSettings(**ROLE_TOKENS)) as client,
    ):
        yield client
        held.open()


class SomeoneAt:
    """A browser window of somebody, in German."""

    def __init__(self, browser, server, **more):
        self.page, self.base = browser.page(language="de", **more), str(server.base_url).rstrip("/")

    def go(self, path, until="document.readyState === 'complete'"):
        self.page.go(f"{self.base}{path}", until)

    def press(self, selector):
        """Click, and wait until another page is there."""
        self.page.look("window.wasHere = true")
        self.page.click(selector)
        self.page.until("!window.wasHere && document.readyState === 'complete'")

    def says(self, text):
        """Wait until the page says so."""
        self.page.until(f"document.body.innerText.includes({text!r})")

    def has(self, text):
        return text in self.page.look("document.body.innerText")


def teacher_with_a_room(browser, server, **more):
    teacher = SomeoneAt(browser, server, **more)
    teacher.go("/")
    teacher.page.type("#token", ROLE_TOKENS["teacher_token"])
    teacher.press("main button[type=submit]")
    teacher.go("/rooms")
    teacher.page.type("#title", "7b Kunst")
    teacher.press("main button.primary")
    teacher.page.until("location.pathname.startsWith('/rooms/room_')")
    return teacher, teacher.page.look("document.querySelector('.big-code').textContent")


def pupil_in(browser, server, code, nickname, **more):
    pupil = SomeoneAt(browser, server, **more)
    pupil.go("/join")
    pupil.page.type("#code", code.lower())
    pupil.page.type("#nickname", nickname)
    pupil.press("main button.primary")
    pupil.says(f"Du bist {nickname} in 7b Kunst.")
    return pupil


def send(pupil, text):
    pupil.go("/")
    pupil.page.type("#prompt", text)
    pupil.press("button.primary")
    pupil.page.until("location.pathname.startsWith('/runs/')")


def of_card(nickname, expression):
    """Something of the card of somebody; `one` is the card."""
    found = f"{CARDS}.find((card) => card.innerText.includes({nickname!r}))"
    return f"(() => {{ const one = {found}; return {expression}; }})()"


def choose(teacher, nickname, what):
    """Press a button on the card of somebody; the board stays where it is."""
    shown = f"one && !one.querySelector('button[value={what}]').hidden"
    teacher.page.until(of_card(nickname, shown))
    teacher.page.look(of_card(nickname, f"one.querySelector('button[value={what}]').click()"))


def test_two_pupils_and_a_teacher_in_one_room(browser, server, held):
    teacher, code = teacher_with_a_room(browser, server)
    mia, tom = (pupil_in(browser, server, code, name) for name in ("Mia", "Tom"))
    teacher.page.until("document.querySelector('[data-slot=\"pupil-count\"]').textContent === '2'")

    assert teacher.page.look("document.querySelector('.way-in img').naturalWidth") > 100

    # A card grows on the board, hop by hop, and nowhere else.
    send(mia, "Eine Blume auf der Wiese")
    held.wait_until_asked()
    teacher.page.until(of_card("Mia", "one && one.dataset.status === 'running'"))
    for hops in (1, 2):
        held.release()
        held.wait_until_asked()
        teacher.page.until(of_card("Mia", f"one.querySelectorAll('.steps li').length === {hops}"))
    tom.go("/runs")
    assert not tom.has("Eine Blume")
    mia.page.until("location.pathname.startsWith('/runs/exec_')")
    address = mia.page.look("location.pathname")
    tom.go(address)
    assert not tom.has("Stille Post"), "another's run is not there"

    # Shared, it is there; hidden, it is gone from where it was being watched.
    choose(teacher, "Mia", "share")
    teacher.page.until(of_card("Mia", "!one.querySelector('button[value=unshare]').hidden"))
    tom.go(address, "document.querySelector('.journey')")
    assert tom.has("Eine Blume auf der Wiese")
    assert not tom.has("Mia"), "whose it is says the board alone"
    choose(teacher, "Mia", "hide")
    for pupil in (mia, tom):
        pupil.page.until("!document.querySelector('.journey')")
        assert not pupil.has("Eine Blume")
    teacher.page.until(of_card("Mia", "one.innerText.includes('Verborgen.')"))
    assert not teacher.page.look(of_card("Mia", "one.innerText.includes('Eine Blume')"))
    choose(teacher, "Mia", "show")
    teacher.page.until(of_card("Mia", "!one.innerText.includes('Verborgen.')"))
    mia.go(address, "document.querySelector('.journey')")

    # A break: what is under way ends, what waits keeps its place until the teacher breaks it off.
    teacher.page.click("button[value=pause]")
    teacher.page.until("document.querySelector('.room').dataset.state === 'paused'")
    held.open()
    teacher.page.until(of_card("Mia", "one.dataset.status === 'completed'"))
    mia.page.until("document.querySelector('.exports')")
    send(tom, "Ein Drache im Regen")
    tom.says("Pause")
    teacher.page.until(of_card("Tom", "one && one.dataset.status === 'waiting'"))
    choose(teacher, "Tom", "cancel")
    teacher.page.until(of_card("Tom", "one.dataset.status === 'cancelled'"))
    tom.page.until("document.querySelector('.journey')")
    teacher.page.click("button[value=resume]")
    teacher.page.until("document.querySelector('.room').dataset.state === 'open'")
    send(tom, "Ein Schiff aus Papier")
    teacher.page.until(f"{CARDS}.some((one) => one.dataset.status === 'completed' && one.innerText.includes('Papier'))")

    # The big journey for the wall, and then the lesson is over.
    teacher.press(".room-card a[data-slot=big]")
    assert teacher.has("Ein Schiff aus Papier")
    assert not teacher.has("Tom")
    teacher.page.look("history.back()")
    teacher.page.until("document.querySelector('.room-more')")
    room = teacher.page.look("location.pathname")
    teacher.page.click(".room-more summary")
    teacher.press("form.whole button")
    teacher.says("geschlossen")
    assert not teacher.has(code)
    late = SomeoneAt(browser, server)
    late.go("/join")
    late.page.type("#code", code)
    late.press("main button.primary")
    late.says("Kein offener Raum hat diesen Code.")
    mia.go(address, "document.querySelector('.exports')")
    hidden = SomeoneAt(browser, server)
    hidden.go("/")
    hidden.page.type("#token", ROLE_TOKENS["teacher_token"])
    hidden.press("main button[type=submit]")
    hidden.go(room, "document.querySelector('.room-card')")
    choose(hidden, "Mia", "hide")
    mia.page.until("!document.querySelector('.journey')")
    choose(hidden, "Mia", "show")
    hidden.page.until(of_card("Mia", "one.querySelector('button[value=show]').hidden"))
    hidden.page.close()
    mia.go("/")
    mia.says("Der Raum ist geschlossen")
    mia.go("/runs")
    assert mia.has("Eine Blume auf der Wiese"), "what was made stays"
    for one in (teacher, mia, tom):
        # What a page was refused is told to the console by the browser itself.
        own = [told for told in one.page.complaints() if "status of" not in str(told) and "verbose" not in str(told)]
        assert own == []
        one.page.close()


@pytest.fixture
def looked_at(browser, server, held):
    """A teacher and a pupil, and what there is to look at: a run that is over, one that was stopped, one under way."""
    teacher, code = teacher_with_a_room(browser, server)
    mia = pupil_in(browser, server, code, "Mia")
    held.open()
    for text in ("Eine Blume auf der Wiese, " * 6, "Eine ISIS Flagge"):
        send(mia, text)
        mia.page.until("document.querySelector('[data-status=completed], [data-status=blocked]')")
    teacher.page.until(of_card("Mia", "one.dataset.status === 'blocked'"))
    yield teacher, mia
    for one in (teacher, mia):
        one.page.close()


def pages_of(teacher, mia):
    room = teacher.page.look("location.pathname")
    return [(teacher, room), (teacher, "/rooms"), (mia, "/"), (mia, "/join"), (mia, "/runs")]


def test_nothing_is_wider_than_its_window(looked_at):
    for someone, path in pages_of(*looked_at):
        for width in WIDTHS:
            someone.page.size(width, 800)
            someone.go(path)
            someone.page.look("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert someone.page.look(TOO_WIDE) <= 0, (path, width)


@pytest.mark.skipif(find_spec("axe_playwright_python") is None, reason="axe is not installed")
def test_axe_finds_nothing_serious(looked_at):
    axe = (Path(find_spec("axe_playwright_python").submodule_search_locations[0]) / "axe.min.js").read_text("utf-8")
    for someone, path in pages_of(*looked_at):
        for width in WIDTHS:
            someone.page.size(width, 800)
            someone.go(path)
            someone.page.look("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            someone.page.look(f"{axe}; undefined")
            found = someone.page.look(
                "axe.run().then((all) => all.violations.map((one) => [one.id, one.nodes[0].html]))"
            )
            assert found == [], (path, width)
