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
WAY = ("A red flower", "Una flor red", "Une fleur red", "Una flor red", "Uma flor red", "Una flor verde", "A <b> flower")
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
SAID = {"de": "Gegenüber „Station 2“: 1 neu, 1 weg.", "en": "Since “Hop 2”: 1 new, 1 gone."}
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
