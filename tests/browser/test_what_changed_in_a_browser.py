"""What changed on a text's way, in a real Chromium: marks as the hops arrive, and on the page of a run that is over."""

import sys
from pathlib import Path

import pytest
from chromium import find_chromium, open_chromium

sys.path.append(str(Path(__file__).parents[1] / "web"))

from test_in_a_browser import CONTRASTS, NAMELESS
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


def asked_for(page):
    """The addresses that a page has asked for; what a browser draws itself is in none."""
    addresses = (event["params"]["request"]["url"] for event in page.events("Network.requestWillBeSent"))
    return [address for address in addresses if not address.startswith("data:")]


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
    page.go(f"{served.base_url}{run['run_url']}", f"document.readyState === 'complete' && {is_shown}")
    page.look("document.querySelector('[data-do=changes]').focus()")
    page.key("Enter")
    assert page.look(f"""[{is_shown}, {of(HOPS[5], "ins", "checkVisibility()")}]""") == [False, True]
    page.go(f"{served.base_url}{run['run_url']}", "document.querySelector('[data-do=changes][aria-pressed=false]')")
    assert not page.look(is_shown)
    page.click("[data-do=changes]")
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


VOICES = """(() => {
  const spoken = (window.spoken = []);
  const voices = [
    { lang: "de-DE", name: "Hilde", localService: true },
    { lang: "es_ES", name: "Ana", localService: true },
    { lang: "en-US", name: "far away", localService: false },
  ];
  speechSynthesis.getVoices = () => voices;
  speechSynthesis.speak = (told) => spoken.push([told.text, told.lang]);
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
})()"""
"""What a browser has that has voices: that of the tests has none."""
CAN_READ = """[...document.querySelectorAll('[data-do=aloud]')].filter((one) => one.checkVisibility())
  .map((one) => one.closest('[data-key]').dataset.key)"""


def test_a_text_is_read_aloud_where_this_device_has_a_voice_for_its_language(served, browser, held):
    """As it arrives; by no voice that would send it away, and by none that speaks another language."""
    run, page = begin(served, input_text=PROMPT), browser.page(language="de")
    page.call("Page.addScriptToEvaluateOnNewDocument", source=VOICES)
    page.go(f"{served.base_url}{run['run_url']}", is_done("s1-user_input_text"))
    page.until(f"{CAN_READ}.length === 1")
    for _ in range(2):
        held.wait_until_asked()
        held.release()
    page.until(f"{CAN_READ}.length === 2")
    assert page.look(CAN_READ) == ["s1-user_input_text", HOPS[1]]
    button = f'[data-key="{HOPS[1]}"] [data-do=aloud]'
    assert page.look(of(HOPS[1], "[data-do=aloud]")) == "Vorlesen"
    page.click(button)
    assert page.look("spoken") == [["Una flor red", "es"]]
    assert page.look(of(HOPS[1], "[data-do=aloud]")) == "Still"
    page.click(button)
    assert page.look(of(HOPS[1], "[data-do=aloud]")) == "Vorlesen"
    assert page.look("spoken.length") == 1
    assert page.complaints() == []
    page.close()


def test_where_there_is_no_voice_nothing_offers_to_read(served, browser, held):
    held.open()
    page = browser.page()
    page.go(f"{served.base_url}{execute(served, input_text=PROMPT).json()['run_url']}")
    assert page.look("speechSynthesis.getVoices().length") == 0
    assert page.look(CAN_READ) == []
    page.close()


WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
MOST_KB = 110
"""What a page of a run and all that comes with it may take, its pictures and sounds aside."""


@pytest.mark.parametrize(("language", "dark"), [("de", False), ("de", True), ("en", False)])
def test_what_changed_is_for_everybody(served, browser, held, language, dark):
    """At each width: nothing too wide, too pale, or without a name, and nothing of it comes from elsewhere."""
    held.open()
    texts = [execute(served, input_text=text).json() for text in (PROMPT, "x" * 300, "Donaudampfschiff " * 30)]
    pictures = [execute(served, "image_comparison", text).json() for text in (PROMPT, HOME)]
    ids = [[run["execution_id"] for run in runs] for runs in (texts, pictures)]
    paths = [run["run_url"] for run in texts]
    paths += [f"/compare?left={ids[0][0]}&right={other}" for other in (*ids[0][1:], ids[1][0])]
    paths += [f"/compare?left={ids[1][0]}&right={ids[1][1]}", "/runs"]
    for width in (360, 820, 1920):
        page = browser.page(width=width, height=800, dark=dark, language=language)
        for path in paths:
            page.go(f"{served.base_url}{path}")
            found = (page.look(WIDE) <= 0, page.look(CONTRASTS), page.look(NAMELESS))
            assert found == (True, [], []), (path, width)
        assert [address for address in asked_for(page) if not address.startswith(f"{served.base_url}/")] == []
        assert page.complaints() == []
        page.close()


def test_the_page_of_a_run_stays_small(served, browser, held):
    held.open()
    page = browser.page()
    page.go(f"{served.base_url}{execute(served, input_text=PROMPT).json()['run_url']}")
    page.until("document.querySelector('.travel image').getBoundingClientRect().width > 200")
    sizes = """[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .map((one) => [one.name.replace(/.*\\//, ''), one.encodedBodySize])"""
    took = dict(page.look(sizes))
    assert 0 < sum(took.values()) < MOST_KB * 1000, took
    page.close()


def test_two_runs_are_ticked_in_the_list_and_compared(served, browser, held):
    """With exactly two ticks, by whoever sees the list."""
    held.open()
    for text in (PROMPT, "Eine rote Blume im Gras", "Ein Haus"):
        execute(served, "dada", input_text=text)
    page = browser.page()
    for query, button in (("", "#chosen button"), ("?audience=researcher", "[formaction='/compare']")):
        page.go(f"{served.base_url}/runs{query}")
        is_off = f'document.querySelector("{button}").disabled'
        ticked = []
        for number in (0, 1, 2):
            ticked.append(page.look(is_off))
            page.look(f"document.querySelectorAll('.runs input')[{number}].click()")
        assert (ticked, page.look(is_off)) == ([True, True, False], True)
        page.look("document.querySelectorAll('.runs input')[0].click()")
        page.click(button)
        page.until("location.pathname === '/compare' && document.readyState === 'complete'")
        marked = page.look("[...document.querySelectorAll('.compared :is(ins, del)')].map((one) => one.textContent)")
        assert "im Gras" in marked
        assert page.look("location.search.includes('audience=researcher')") is bool(query)
    assert page.complaints() == []
    page.close()
