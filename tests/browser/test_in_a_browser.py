"""The pages in a real Chromium: eight hops appear one after another while the run goes on, and everything else."""

import sys
import threading
from pathlib import Path

import pytest
from chromium import find_chromium, open_chromium

sys.path.append(str(Path(__file__).parents[1] / "web"))

from class_stage import CLASS_TOKEN, a_server
from web_stage import HOSTILE, HeldTranslator, begin, devserver_in, execute, server_of

from devserver.backends.progress import say_progress
from devserver.testing import PNG, ScriptedMaker

pytestmark = pytest.mark.skipif(
    find_chromium() is None, reason="no Chromium on this machine (apt-get install chromium)"
)

STATES = "Object.fromEntries([...document.querySelectorAll('.box')].map((one) => [one.dataset.key, one.dataset.state]))"
HOPS = [f"s2-interception_iteration-{number}" for number in range(1, 9)]
LONG = "Eine Blume auf der Wiese " * 60


@pytest.fixture(scope="module")
def browser():
    with open_chromium() as browser:
        yield browser


@pytest.fixture
def held():
    return HeldTranslator()


@pytest.fixture
def served(tmp_path, held):
    """A client of a real server whose translations wait to be released."""
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as client:
        yield client
        held.open()


@pytest.fixture
def page(browser, served):
    page = browser.page()
    yield page
    page.close()


def box(key, state):
    """An expression that is true when a box is in that state."""
    return f"""document.querySelector('[data-key="{key}"]')?.dataset.state === '{state}'"""


def text_of(key):
    return f"""document.querySelector('[data-key="{key}"] [data-slot="text"]').textContent"""


def test_eight_hops_appear_one_after_another_while_the_run_goes_on(served, page, held):
    page.go(f"{served.base_url}/")
    page.type("#prompt", "Eine Blume auf der Wiese")
    page.click("button.primary")
    page.until("location.pathname.startsWith('/runs/exec_')")
    address = page.look("location.href")
    for number, key in enumerate(HOPS, start=1):
        held.wait_until_asked()
        page.until(box(key, "working"))
        states = page.look(STATES)
        assert [states[hop] for hop in HOPS] == ["done"] * (number - 1) + ["working"] + ["waiting"] * (8 - number)
        if number == 5:
            # A reload in the middle shows all of it, and goes on.
            page.go(address, box(key, "working"))
            assert [page.look(STATES)[hop] for hop in HOPS] == ["done"] * 4 + ["working"] + ["waiting"] * 3
            assert page.look(text_of(HOPS[3])).endswith("[ca]")
        held.release()
    page.until("document.querySelector('.exports')")
    assert page.look(text_of("s2-interception_final")).endswith("[en] [de]")
    pdf = served.get(page.look("document.querySelector('.exports a[href*=\"/pdf\"]').href"))
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert page.complaints() == []


def test_two_windows_see_the_same_run(served, browser, held):
    run = begin(served)
    pages = [browser.page(), browser.page(width=390, height=844)]
    for page in pages:
        page.go(f"{served.base_url}{run['run_url']}", box(HOPS[0], "working"))
    held.release()
    for page in pages:
        page.until(box(HOPS[1], "working"))
    held.open()
    for page in pages:
        page.until("document.querySelector('.exports')")
        page.close()


def test_the_box_that_is_worked_on_says_how_far_it_is(tmp_path, browser):
    """While it is made: beside the seconds, and no longer when it is there."""
    may_end = threading.Event()

    def paint(text, seed):
        say_progress(12, 25)
        assert may_end.wait(60)
        return PNG

    with (
        devserver_in(tmp_path, procedural_image=ScriptedMaker(paint)) as devserver,
        server_of(devserver) as client,
    ):
        run, page = begin(client, schema="bauhaus"), browser.page()
        took = """document.querySelector('[data-key="o1-made"] [data-slot="took"]').textContent"""
        page.go(f"{client.base_url}{run['run_url']}", f"{took}.includes('12')")
        assert page.look(took).split(" · ")[0] in ("step 12 of 25", "Schritt 12 von 25")
        may_end.set()
        page.until("document.querySelector('.exports')")
        assert "25" not in page.look(took)
        assert page.complaints() == []
        page.close()


def test_a_window_that_is_closed_does_not_end_the_run(served, browser, held):
    run = begin(served)
    page = browser.page()
    page.go(f"{served.base_url}{run['run_url']}", box(HOPS[0], "working"))
    page.close()
    held.open()
    assert served.runner.find(run["execution_id"]).done.wait(30)
    assert served.get(run["record_url"]).json()["status"] == "completed"


def test_a_screen_reader_is_told_of_each_step(served, page, held):
    run = begin(served)
    page.go(f"{served.base_url}{run['run_url']}", box(HOPS[0], "working"))
    held.release()
    page.until(box(HOPS[1], "working"))
    said = page.look("document.querySelector('[aria-live=polite]').textContent")
    assert said.startswith("Hop 2. English → Spanish. in the works")


def test_everything_works_with_the_keyboard_alone(served, page, held):
    held.open()
    page.go(f"{served.base_url}/")
    seen = []
    for _ in range(30):
        page.key("Tab")
        seen.append(page.look("((one) => one.id || one.name || one.className)(document.activeElement)"))
        if seen[-1] == "prompt":
            page.call("Input.insertText", text="Eine Blume")
        if seen[-1] == "primary":
            break
    assert seen[0] == "skip"
    assert seen.index("prompt") < seen.index("config") < seen.index("primary")
    page.key("Enter")
    page.until("location.pathname.startsWith('/runs/exec_') && document.querySelector('.exports')")


def test_with_scripts_off_the_page_of_a_run_shows_what_is_there_and_comes_again(served, browser, held):
    run = begin(served)
    held.release()
    held.wait_until_asked()
    held.wait_until_asked()
    page = browser.page(scripts=False)
    page.call("Page.navigate", url=f"{served.base_url}{run['run_url']}")
    document = served.get(run["run_url"]).text
    assert 'data-state="working"' in document
    held.open()
    served.runner.find(run["execution_id"]).done.wait(30)
    # The page loads itself again, and is at the end.
    names = set()
    while "Take it home" not in names:
        page.wait_for_load()
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        names = {node.get("name", {}).get("value") for node in tree}
    page.close()


def test_hostile_text_is_only_text_in_a_live_page(tmp_path, browser, held):
    with devserver_in(tmp_path, translator=held) as devserver, server_of(devserver) as served:
        page = browser.page()
        run = begin(served, input_text=HOSTILE)
        page.go(f"{served.base_url}{run['run_url']}?audience=researcher", box(HOPS[0], "working"))
        page.look("window.alert = () => { document.title = 'hostile'; }")
        held.release()
        page.until(box(HOPS[0], "done"))
        assert "<script>alert(1)</script>" in page.look(text_of(HOPS[0]))
        assert page.look("document.querySelectorAll('.box img, .box script').length") == 0
        held.open()
        page.until("document.querySelector('.exports')")
        assert page.look("document.title") != "hostile"
        assert page.complaints() == []
        page.close()


def test_markup_cannot_be_made_by_any_script_of_the_page(served, page):
    page.go(f"{served.base_url}/")
    make = "document.body.innerHTML = '<b>x</b>'"
    assert page.look(f"(() => {{ try {{ {make}; }} catch (error) {{ return error.name; }} }})()") == "TypeError"


@pytest.mark.parametrize("width", [360, 390, 768, 1280, 1920])
def test_nothing_is_wider_than_the_window(served, browser, held, width):
    held.open()
    run = execute(served, input_text=LONG + "x" * 300).json()
    pictures = execute(served, "image_comparison").json()
    page = browser.page(width=width, height=800, language="de")
    for path in (
        "/",
        "/runs",
        run["run_url"],
        f"{run['run_url']}?audience=researcher",
        pictures["run_url"],
        "/nothing",
    ):
        page.go(f"{served.base_url}{path}")
        wide = page.look("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, (path, width, wide)
    page.close()


CONTRASTS = """(() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const style = getComputedStyle(element);
    const isSeen = walker.currentNode.textContent.trim() && element.checkVisibility() && element.offsetWidth > 1;
    if (!isSeen || element.closest("option, .cannot, [aria-hidden], .skip")) continue;
    const both = [light(parse(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (both[0] + 0.05) / (both[1] + 0.05);
    const isLarge = parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) poor.push([walker.currentNode.textContent.trim().slice(0, 40), ratio]);
  }
  return poor;
})()"""


LINES = """(() => {
  const box = document.querySelector('[data-key="s1-user_input_text"]'), took = box.querySelector(".took");
  box.querySelector("[data-slot=caption]").textContent = "procedural_image weimar · 768 × 768 · Seed 1697911237";
  took.textContent = "0.28 s";
  const range = document.createRange();
  range.selectNodeContents(took);
  return range.getClientRects().length;
})()"""


def test_how_long_something_took_stays_on_one_line_beside_a_long_caption(served, browser, held):
    """On a telephone, `0.2` stood above `8 s`."""
    held.open()
    phone = browser.page(width=360, height=800)
    phone.go(f"{served.base_url}{execute(served).json()['run_url']}")
    assert phone.look(LINES) == 1
    phone.close()


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_has_enough_contrast(served, browser, held, dark):
    """The ratio that WCAG 2.2 asks for at level AA."""
    held.open()
    runs = [
        execute(served).json(),
        execute(served, "image_comparison").json(),
        execute(served, input_text="ISIS").json(),
    ]
    page = browser.page(dark=dark)
    for path in ("/", "/runs", *(run["run_url"] for run in runs), f"{runs[0]['run_url']}?audience=researcher"):
        page.go(f"{served.base_url}{path}")
        assert page.look(CONTRASTS) == [], path
    page.close()


NAMELESS = """[...document.querySelectorAll("a[href], button, input, select, textarea, img, audio, progress")]
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.getAttribute("aria-label") || one.getAttribute("alt") !== null && one.tagName === "IMG"
    || (one.labels && one.labels.length) || one.textContent.trim()))
  .map((one) => one.outerHTML.slice(0, 120))"""


def test_everything_that_can_be_used_has_a_name(served, page, held):
    held.open()
    runs = [execute(served).json(), execute(served, "image_and_music").json()]
    for path in ("/", "/runs", *(run["run_url"] for run in runs)):
        page.go(f"{served.base_url}{path}")
        assert page.look(NAMELESS) == [], path
        ids = page.look("[...document.querySelectorAll('[id]')].map((one) => one.id)")
        assert len(ids) == len(set(ids))
        assert page.look("document.querySelectorAll('h1').length") == 1


def test_a_waiting_run_leads_to_its_journey_when_its_turn_comes(served, page, held):
    runs = [begin(served) for _ in range(4)]
    page.go(f"{served.base_url}{runs[3]['run_url']}")
    assert page.look("document.querySelector('[data-slot=position]').textContent") == "2"
    held.open()
    page.until("location.pathname.startsWith('/runs/exec_') && document.querySelector('.exports')")


def test_a_page_that_waits_finds_its_run_again_when_the_server_was_killed(browser, tmp_path):
    """The same page, left alone: it says that the connection is gone, and goes to its run when there is one."""
    page = browser.page()
    with a_server(tmp_path, "held") as client:
        begin(client)
        port = client.base_url.port
        page.call("Page.navigate", url=f"{client.base_url}/?token={CLASS_TOKEN}")
        page.until("location.search === '' && document.readyState === 'complete' && document.querySelector('#prompt')")
        page.type("#prompt", "Eine Blume auf der Wiese")
        page.click("button.primary")
        page.until("document.querySelector('[data-slot=position]')?.textContent === '1'")
        # Its script has come, too: a page without one would not know of anything.
        page.until("typeof source !== 'undefined' && source.readyState === EventSource.OPEN")
    page.until("!document.querySelector('[data-slot=lost]').hidden")
    with a_server(tmp_path, "open", port):
        page.until("location.pathname.startsWith('/runs/exec_') && document.querySelector('.exports')")
        assert page.look("document.querySelector('.top').dataset.status") == "completed"
    page.close()


HEADING = "document.readyState === 'complete' && document.querySelector('h1')?.textContent"


def until_it_says(page, heading):
    """Wait for a page of that heading where no script of a page runs, and so nobody tells."""
    while page.look(HEADING) != heading:
        page.wait_for_load()


def test_a_person_is_erased_from_the_page_of_a_run_with_scripts_off(served, browser, held):
    """Asked, chosen, decided, told; the page that tells comes again by itself until it is over."""
    held.open()
    runs = [execute(served, "bauhaus", user_id="lena").json() for _ in range(2)]
    other = execute(served, "bauhaus", user_id="tom").json()
    page = browser.page(scripts=False)
    page.call("Page.navigate", url=f"{served.base_url}{runs[0]['run_url']}")
    until_it_says(page, "Bauhaus")
    page.click(".erase")
    until_it_says(page, "Erase this run?")
    assert page.look("document.querySelector('.wish:has(:checked)').innerText").startswith("Only this run")
    page.click("[value=person]")
    page.click("button.danger")
    until_it_says(page, "Erased")
    assert [row["execution_id"] for row in served.get("/api/runs").json()["executions"]] == [other["execution_id"]]
    page.close()


def test_the_choice_of_what_to_erase_is_made_with_the_keyboard(served, page, held):
    held.open()
    run = execute(served, "bauhaus", user_id="lena").json()
    page.go(f"{served.base_url}{run['run_url']}/erase")
    seen = []
    while "danger" not in seen:
        page.key("Tab")
        seen.append(page.look("((one) => one.value || one.className || one.tagName)(document.activeElement)"))
        if seen[-1] == "run":
            page.key("ArrowDown")
    assert page.look("document.querySelector(':checked').value") == "person"
    page.key("Enter")
    page.until("location.pathname.startsWith('/erasures/')")


@pytest.mark.parametrize(("width", "dark"), [(360, False), (1280, True)])
def test_pages_about_erasing_are_for_everybody(served, browser, held, width, dark):
    """Nothing is too wide, too pale, or without a name."""
    held.open()
    run, other = (execute(served, "bauhaus", user_id="lena" * 40).json() for _ in range(2))
    served.get(f"/api{run['run_url']}/export/html")
    erasure = served.post(f"{other['run_url']}/erase", data={"scope": "run"}).headers["Location"]
    page = browser.page(width=width, dark=dark, language="de")
    for path in (f"{run['run_url']}?audience=researcher", f"{run['run_url']}/erase", erasure):
        page.go(f"{served.base_url}{path}")
        assert page.look("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        assert page.look(CONTRASTS) == [], path
        assert page.look(NAMELESS) == [], path
        assert page.look("document.querySelectorAll('h1').length") == 1
    assert page.complaints() == []
    page.close()
