"""The list of runs in a real Chromium: searched, sorted, paged, chosen from, marked, and taken home as a ZIP."""

import io
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest
from chromium import find_chromium, open_chromium
from looking_again import a_moment

sys.path.append(str(Path(__file__).parents[1] / "web"))

from test_in_a_browser import CONTRASTS, NAMELESS
from web_stage import devserver_in, execute, server_of

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (apt-get install chromium)"
)

SENTENCES = ("Ein Fuchs im Regen", "Eine Blume", "زهرة في المرج", "ISIS", "Viele " + "Blumen " * 40 + "x" * 300)
ROWS = "[...document.querySelectorAll('.runs .prompt')].map((one) => one.textContent)"
RESEARCH = "/runs?audience=researcher"


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A client of a server with six runs; one of them has pictures."""
    with devserver_in(tmp_path_factory.mktemp("data")) as devserver, server_of(devserver) as client:
        client.ids = [execute(client, input_text=text).json()["execution_id"] for text in SENTENCES]
        client.ids.append(execute(client, "image_comparison", "Zwei Farben").json()["execution_id"])
        # The index of texts is filled in the background, and a busy machine takes its time.
        while client.get("/api/runs", params={"q": "Zwei Farben"}).json()["total"] < 1:
            a_moment()
        yield client


@pytest.fixture
def page(browser):
    page = browser.page()
    yield page
    assert page.complaints() == []
    page.close()


def went(page, action, until):
    """Do something that leads to another page, and wait for it."""
    page.look("window.isOld = true")
    action()
    return page.until(f"!window.isOld && document.readyState === 'complete' && ({until})")


def test_a_search_leaves_what_was_looked_for_and_a_short_address(served, page):
    page.go(f"{served.base_url}/runs")
    page.type("#q", "fuchs")
    went(page, lambda: page.click(".filters button[type=submit]"), "location.search")
    assert page.look("location.search") == "?q=fuchs"
    assert page.look(ROWS) == [SENTENCES[0]]
    # The address is the list: whoever opens it has the same.
    page.go(f"{served.base_url}/runs?q={quote('زهرة')}")
    assert (page.look(ROWS), page.look("document.querySelector('#q').value")) == ([SENTENCES[2]], "زهرة")


def test_it_is_sorted_and_paged_by_number(served, page):
    page.go(f"{served.base_url}{RESEARCH}&limit=2&sort=config&order=asc")
    first = page.look(ROWS)
    assert "Zwei Farben" in first
    page.look("document.querySelector('#page').value = 3")
    went(page, lambda: page.click(".jump button"), "location.search.includes('page=3')")
    assert page.look("document.querySelector('#sort').value") == "config"
    assert len(page.look(ROWS)) == 2
    assert not set(page.look(ROWS)) & set(first)
    went(page, lambda: page.click("[rel=prev]"), "location.search.includes('page=2')")


def test_pictures_stand_in_the_list(served, page):
    page.go(f"{served.base_url}/runs")
    page.until("[...document.querySelectorAll('.runs img')].filter((one) => one.naturalWidth > 0).length === 2")


def test_chosen_runs_are_marked_and_taken_home(served, page):
    page.go(f"{served.base_url}{RESEARCH}")
    buttons = "[...document.querySelectorAll('#chosen fieldset button')].map((one) => one.disabled)"
    assert page.look(buttons) == [True, True]
    for run in served.ids[:2]:
        page.click(f'.runs input[value="{run}"]')
    assert page.look("document.querySelector('[data-slot=count]').textContent") == "Chosen: 2"
    assert page.look(buttons) == [False, False]

    page.look("document.querySelector('#format').value = 'json_zip'")
    done = "location.pathname.startsWith('/bundles/') && document.querySelector('a[download]')"
    went(page, lambda: page.click("#chosen .primary"), done)
    file = served.get(page.look("document.querySelector('a[download]').href"))
    with zipfile.ZipFile(io.BytesIO(file.content)) as package:
        assert sorted(package.namelist()) == sorted(f"{run}.json" for run in served.ids[:2])

    page.go(f"{served.base_url}{RESEARCH}&q=fuchs")
    page.click('#chosen input[name="all"]')
    page.look("document.querySelector('#mark').value = 'test'")
    page.type("#note", "nur geübt")
    went(page, lambda: page.click('[formaction="/runs/marks"]'), "document.querySelector('.run-mark')")
    page.go(f"{served.base_url}{RESEARCH}&q=geubt&marked=test")
    assert page.look(ROWS) == [SENTENCES[0]]


def test_a_whole_page_is_chosen_with_the_keyboard(served, page):
    page.go(f"{served.base_url}{RESEARCH}&limit=3")
    page.look("document.querySelector('[data-do=page]').focus()")
    page.key("Enter")
    assert page.look("document.querySelector('[data-slot=count]').textContent") == "Chosen: 3"
    page.key("Enter")
    assert page.look("document.querySelector('[data-slot=count]').textContent") == "No run is chosen."


def test_with_scripts_off_runs_are_chosen_all_the_same(served, browser):
    page = browser.page(scripts=False)
    page.go(f"{served.base_url}{RESEARCH}&q=blume", until="true")
    page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert page.look("document.querySelector('#chosen .primary').disabled") is False
    page.close()


@pytest.mark.parametrize("path", ["/runs", f"{RESEARCH}&limit=2", f"{RESEARCH}&q=nothing"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_list_is_for_everybody(served, browser, path, language):
    """At each width, light and dark: nothing too wide, pale, or without a name."""
    for width, dark in ((360, False), (360, True), (820, False), (1920, True)):
        page = browser.page(width=width, height=800, dark=dark, language=language)
        page.go(f"{served.base_url}{path}")
        wide = page.look("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (wide <= 0, page.look(CONTRASTS), page.look(NAMELESS)) == (True, [], []), (path, width, wide)
        page.close()
