"""How far an output is reaches the page while it is made, and is nowhere afterwards."""

import threading

import pytest
from web_stage import PATIENCE, Messages, begin, devserver_in, server_of

from devserver.backends.progress import say_progress
from devserver.testing import PNG, ScriptedMaker


class Painter:
    """A painter that says how far it is, and waits before the last stroke."""

    def __init__(self):
        self.may_end = threading.Event()

    def __call__(self, text, seed):
        say_progress(12, 25)
        assert self.may_end.wait(PATIENCE), "nobody let it end"
        return PNG


@pytest.fixture
def painter():
    return Painter()


@pytest.fixture
def served(tmp_path, painter):
    with devserver_in(tmp_path, procedural_image=ScriptedMaker(painter)) as devserver, server_of(devserver) as client:
        yield client
        painter.may_end.set()


@pytest.mark.parametrize(
    ("language", "audience", "words"),
    [("en", "researcher", "step 12 of 25"), ("de", "student", "Schritt 12 von 25")],
)
def test_the_box_that_is_worked_on_says_how_far_it_is(served, painter, language, audience, words):
    """For students too: it is numbers and words of our own. It has no id, and the run ends as it always did."""
    run = begin(served, schema="bauhaus")
    headers = {"Accept-Language": language}
    with served.stream("GET", f"{run['live_url']}?audience={audience}", headers=headers) as response:
        messages = Messages(response.iter_lines())
        boxes, seen = messages.until(lambda boxes, message: message[1] == "progress")
        number, _, told = seen[-1]
        assert (number, told["box"], told["output"], told["done"], told["total"]) == (None, "o1-made", 1, 12, 25)
        assert told["words"] == (words)
        painter.may_end.set()
        boxes, seen = messages.until(lambda boxes, message: message[1] == "finished")
    assert boxes["o1-made"]["state"] == "done"
    assert "progress" not in served.get(run["record_url"]).text.replace("progress_", "")
