"""A server is ended while pages look at it, and started again: they mend themselves, and nobody loses their place."""

import signal
import sys
from pathlib import Path

import pytest
from chromium import find_chromium, open_chromium

sys.path.append(str(Path(__file__).parents[1] / "web"))

from class_stage import CLASS_TOKEN
from serve_stage import HeldModel, served_by_a_process
from web_stage import HeldTranslator, begin, devserver_in, server_of

from tests.model_servers.ollama import OllamaServer

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (apt-get install chromium)"
)

STATUS = "document.querySelector('.exports') && document.querySelector('.top').dataset.status"
IS_OVER = "document.readyState === 'complete' && document.querySelector('.exports')"
IS_LIVE = "typeof source !== 'undefined' && source?.readyState === EventSource.OPEN"
SAYS_LOST = """!document.querySelector('[data-slot="lost"]').hidden"""
FOCUS = "((one) => one.textContent.trim() || one.id)(document.activeElement)"


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


def send_off(browser, serving, sentence):
    """A page of a pupil of its own, who has sent a sentence."""
    page = browser.page()
    page.call("Page.navigate", url=f"{serving.address}/?token={CLASS_TOKEN}")
    page.until("location.search === '' && document.readyState === 'complete' && document.querySelector('#prompt')")
    page.type("#prompt", sentence)
    page.click("label:has([value=ollama_dada])")
    page.click("button.primary")
    page.until("location.pathname.startsWith('/runs/')")
    page.until(IS_LIVE)
    return page


@pytest.mark.parametrize(
    ("number", "ends_as"),
    [(signal.SIGKILL, ("interrupted", "completed")), (signal.SIGTERM, ("cancelled", "cancelled"))],
    ids=["SIGKILL", "SIGTERM"],
)
def test_pages_find_their_runs_again_by_themselves(browser, tmp_path, number, ends_as):
    """One is under way and one waits; then the server is gone, and comes back on the same port."""
    model = HeldModel()
    with OllamaServer(model) as ollama:
        with served_by_a_process(tmp_path, ollama.url) as serving:
            under_way = send_off(browser, serving, "Eine Blume")
            assert model.asked.acquire(timeout=60)
            waiting = send_off(browser, serving, "Ein Fuchs")
            assert waiting.look("""document.querySelector('[data-slot="position"]').textContent""") == "1"
            pages = [under_way, waiting]
            serving.send(number)
            # A server that has begun to end has no page to give: then the model may go on.
            waiting.until(SAYS_LOST)
            model.is_open.set()
            serving.wait()
            for page in pages:
                page.until(SAYS_LOST)
        with served_by_a_process(tmp_path, ollama.url, serving.port):
            for page, status in zip(pages, ends_as, strict=True):
                page.until(f"({STATUS}) === '{status}'")
                assert page.look("location.pathname").startswith("/runs/exec_")
                page.close()


def test_what_arrives_does_not_take_the_focus_and_a_new_page_gives_it_back(browser, tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as served:
        first, page = begin(served), browser.page()
        page.go(f"{served.base_url}{first['run_url']}", IS_LIVE)
        held.wait_until_asked()
        page.look("document.querySelector('nav a[href=\"/runs\"]').focus()")
        held.release()
        held.wait_until_asked()
        page.until("""document.querySelector('[data-key="s2-interception_iteration-1"]').dataset.state === 'done'""")
        assert page.look(FOCUS) == "Runs"
        page.look("window.isOld = true")
        held.open()
        page.until(f"!window.isOld && {IS_OVER}")
        assert page.look(FOCUS) == "Runs"
        page.close()


def test_the_focus_is_at_the_content_where_its_control_is_gone(browser, tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as served:
        run, page = begin(served), browser.page()
        page.go(f"{served.base_url}{run['run_url']}", IS_LIVE)
        page.look("document.querySelector('.stop-it button').focus()")
        held.open()
        page.until(IS_OVER)
        assert page.look("document.activeElement.id") == "content"
        page.close()


def test_a_page_that_waits_keeps_the_focus_when_its_run_begins(browser, tmp_path):
    held = HeldTranslator()
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as served:
        runs = [begin(served) for _ in range(3)]
        page = browser.page()
        page.go(f"{served.base_url}{runs[2]['run_url']}", IS_LIVE)
        page.look("document.querySelector('.waiting button').focus()")
        served.post(f"{runs[0]['record_url']}/cancel")
        held.release()
        page.until("location.pathname.startsWith('/runs/exec_')")
        page.until(IS_LIVE)
        assert page.look(FOCUS) == "Break off"
        held.open()
        page.close()


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844)])
def test_the_button_is_in_reach_on_a_telephone(browser, tmp_path, width, height):
    """At the top of the page and at its end, and not over the field that is written in."""
    with devserver_in(tmp_path) as devserver, server_of(devserver) as served:
        page = browser.page(width=width, height=height)
        page.go(f"{served.base_url}/")
        is_there = """(() => { const one = document.querySelector("button.primary"), box = one.getBoundingClientRect();
            return one.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)); })()"""
        assert page.look(is_there)
        page.look("document.querySelector('.settings summary').click()")
        page.look("document.getElementById('seed').focus()")
        assert page.look(
            """document.getElementById("seed").getBoundingClientRect().bottom
            <= document.querySelector(".go").getBoundingClientRect().top"""
        )
        page.look("scrollTo(0, document.body.scrollHeight)")
        assert page.look(is_there)
        page.close()
