"""What changed on a text's way, in a real Chromium: marks as the hops arrive, and on the page of a run that is over."""

import sys
from pathlib import Path

import pytest
from chromium import find_chromium, open_chromium

sys.path.append(str(Path(__file__).parents[1] / "web"))

from web_stage import HeldTranslator, begin, devserver_in, execute, server_of

from devserver.testing import ScriptedTranslator

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (apt-get install chromium)"
)

PROMPT = "Eine rote Blume"
WAY = (
    "A red flower",
    "Una flor red",
    "Une fleur red",
    "Una flor red",
    "Uma flor red",
    "Una flor verde",
    "A <b> flower",
)
LANGUAGES = ("en", "es", "fr", "ca", "pt", "es", "en", "de")
"""The languages of Stille Post from German."""
HOME = "Eine grüne Blume"
SCRIPT = dict(zip(zip((PROMPT, *WAY), LANGUAGES, strict=True), (*WAY, HOME), strict=True))
MARKS = {
    2: [["mark", "red"]],
    3: [["mark", "red"]],
    4: [["mark", "red"]],
    5: [["mark", "flor red"]],
    6: [["ins", "verde"], ["del", "red"]],
    7: [["ins", "<b>"], ["del", "red"]],
    8: [["ins", "grüne"], ["del", "rote"]],
}
"""What is marked in each hop."""
SAID = {"de": "Gegenüber „Station 2“: 1 neu, 1 weg", "en": "Since “Hop 2”: 1 new, 1 gone"}
HOPS = [f"s2-interception_iteration-{number}" for number in range(1, 9)]


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def held():
    return HeldTranslator(ScriptedTranslator(SCRIPT))


@pytest.fixture
def served(tmp_path, held):
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as client:
        yield client
        held.open()


def of(key, selector, what="textContent"):
    return f"""document.querySelector('[data-key="{key}"] {selector}')?.{what}"""


def is_done(key):
    return f"""document.querySelector('[data-key="{key}"]')?.dataset.state === 'done'"""


def marks(page, key):
    """The tags and texts of what is marked in a box."""
    elements = f"""document.querySelectorAll('[data-key="{key}"] :is(ins, mark, del)')"""
    return page.look(f"[...{elements}].map((one) => [one.localName, one.textContent])")


@pytest.mark.parametrize("language", ["de", "en"])
def test_marks_appear_as_the_hops_arrive_and_stay_on_the_page(served, browser, held, language):
    """Compared with the last text in the same language; in a new language, what came along is marked."""
    run, page = begin(served, input_text=PROMPT), browser.page(language=language)
    page.go(f"{served.base_url}{run['run_url']}", is_done("s1-user_input_text"))
    for number, hop in enumerate(HOPS[:-1], start=1):
        held.wait_until_asked()
        assert marks(page, hop) == []
        held.release()
        page.until(is_done(hop))
        assert marks(page, hop) == MARKS.get(number, [])
    held.open()
    page.until("document.querySelector('.exports')")
    assert {number: marks(page, hop) for number, hop in enumerate(HOPS, start=1) if marks(page, hop)} == MARKS
    assert page.look(of(HOPS[5], "[data-slot=change]")) == SAID[language]
    assert page.look(of(HOPS[6], "[data-slot=text]")) == WAY[6]
    assert page.look(of(HOPS[6], "meter", "value")) > page.look(of(HOPS[5], "meter", "value")) > 0
    assert page.complaints() == []
    page.close()


def test_marks_are_put_away_and_stay_away(served, browser, held):
    """With the keyboard, and for the next page, too."""
    held.open()
    page = browser.page()
    is_shown = f"{of(HOPS[5], '.changed', 'checkVisibility()')}"
    run = execute(served, input_text=PROMPT).json()
    page.go(f"{served.base_url}{run['run_url']}", is_shown)
    page.look("document.querySelector('[data-do=marks]').focus()")
    page.key("Enter")
    assert page.look(f"""[{is_shown}, {of(HOPS[5], "ins", "checkVisibility()")}]""") == [False, True]
    page.go(f"{served.base_url}{run['run_url']}", "document.querySelector('[data-do=marks][aria-pressed=false]')")
    assert not page.look(is_shown)
    page.click("[data-do=marks]")
    page.until(is_shown)
    page.close()


LEGS = "[...document.querySelectorAll('.travel .leg')].map((one) => one.classList.contains('done'))"
NAMES_ON_MAP = "[...document.querySelectorAll('.travel text')].map((one) => one.textContent)"
LISTED = "[...document.querySelectorAll('ol.route li')].map((one) => one.textContent)"


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_map_draws_itself_as_the_hops_arrive_and_stands_afterwards(served, browser, held, language):
    """An arc for each hop, the one that is worked on among them; a list says the same."""
    run, page = begin(served, input_text=PROMPT), browser.page(language=language)
    page.go(f"{served.base_url}{run['run_url']}", is_done("s1-user_input_text"))
    for number in range(1, 9):
        held.wait_until_asked()
        page.until(f"{LEGS}.length === {number}")
        assert page.look(LEGS) == [True] * (number - 1) + [False]
        assert len(page.look(LISTED)) == number + 1
        held.release()
    page.until("document.querySelector('.exports')")
    german = ["Deutsch", "Englisch", "Spanisch", "Französisch", "Katalanisch", "Portugiesisch"]
    english = ["German", "English", "Spanish", "French", "Catalan", "Portuguese"]
    assert page.look(LEGS) == [True] * 8
    assert page.look(NAMES_ON_MAP) == (german if language == "de" else english)
    assert page.look("document.querySelector('.travel image').getBoundingClientRect().width") > 200
    assert page.look(LISTED)[0] == page.look(NAMES_ON_MAP)[0]
    assert page.complaints() == []
    page.close()


def test_whoever_asks_for_less_motion_sees_none(served, browser, held):
    run, page = begin(served, input_text=PROMPT), browser.page()
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    page.go(f"{served.base_url}{run['run_url']}", f"{LEGS}.length === 1")
    held.release()
    page.until(f"{LEGS}.length === 2")
    assert page.look("document.getAnimations().length") == 0
    page.close()


def test_a_run_that_goes_nowhere_has_no_map(served, browser):
    page = browser.page()
    page.go(f"{served.base_url}{execute(served, 'dada').json()['run_url']}")
    assert page.look("document.querySelector('.travel').hidden")
    page.close()
