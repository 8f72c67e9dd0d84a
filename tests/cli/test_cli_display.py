"""What is drawn on a terminal while a run goes on, at two widths, with texts of every kind."""

import io

import pytest
from cli_stage import HOSTILE
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from collectors import LiveEvent
from devserver.cli.showing.drawing import in_columns
from devserver.cli.showing.live_story import Heading, LiveStory
from devserver.cli.showing.rows import JourneyLine, row_of
from devserver.cli.showing.text import safe_line, safe_text, shorten
from devserver.cli.showing.watching import LastLine, draw_live
from exporters.story.parts import Box
from otel_tracking import ItemType

TEXTS = {
    "arabic": "زهرة على المرج تغني للقمر عن صديقها المفقود " * 4,
    "japanese": "草原の花が月に歌う" * 20,
    "emoji": "👩‍👩‍👧 🌸 " * 30,
    "one long word": "Blume" * 200,
    "hostile": HOSTILE * 5,
}


def a_terminal(width):
    """A console that believes it is a terminal, and where its output goes."""
    stream = io.StringIO()
    return Console(file=stream, width=width, force_terminal=True, markup=False, emoji=False, color_system=None), stream


def an_event(number, kind, **fields):
    return LiveEvent(number, kind, **fields)


def a_run_of_two_hops():
    """The live events of a short run: a stage, a hop that fails once, a hop that works."""
    stage = {"devserver.stage": 2}
    attempt = {"gen_ai.operation.name": "chat"}
    item = {
        "item_type": "interception_iteration",
        "stage_iteration": 1,
        "content": "Una flor",
        "media_type": "text",
        "metadata": {"from_lang": "de", "to_lang": "es"},
        "backend_used": "ollama",
        "model_used": "nemo",
        "execution_time": 2.0,
    }
    return [
        an_event(1, "started", span_id=1, name="execution"),
        an_event(2, "started", span_id=2, parent_id=1, name="stage.interception", fields=stage),
        an_event(3, "started", span_id=3, parent_id=2, name="iteration", fields={"devserver.stage_iteration": 1}),
        an_event(4, "started", span_id=4, parent_id=3, name="chat nemo", fields=attempt),
        an_event(5, "ended", span_id=4, name="error"),
        an_event(6, "started", span_id=5, parent_id=3, name="chat nemo", fields=attempt),
        an_event(7, "ended", span_id=5, name="unset"),
        an_event(8, "logged", span_id=3, name="interception_iteration", fields=item),
        an_event(9, "ended", span_id=3, name="unset"),
        an_event(10, "finished", name="root_ended"),
    ]


def test_a_journey_is_headings_attempts_that_failed_and_items():
    """In the order in which things happened."""
    journey = LiveStory()
    told = [part for event in a_run_of_two_hops() for part in journey.tell(event)]

    assert told == [
        Heading("2  Interception"),
        JourneyLine("attempt", "chat nemo failed", style="red"),
        JourneyLine("1  de → es", "Una flor", who="ollama nemo", took="2.0 s"),
    ]
    assert journey.finished


def test_what_is_under_way_is_named_from_the_outside_in():
    """The hop and the attempt in it, and nothing once they are over."""
    journey, doing = LiveStory(), []
    for event in a_run_of_two_hops():
        list(journey.tell(event))
        doing.append(journey.doing())

    assert doing == ["", "", "hop 1", "hop 1 · chat nemo", "hop 1", "hop 1 · chat nemo", "hop 1", "hop 1", "", ""]


@pytest.mark.parametrize("width", [80, 120])
def test_a_live_run_on_a_terminal_ends_without_its_last_line(width):
    """The spinner goes, what was told stays."""
    console, stream = a_terminal(width)
    draw_live(console, a_run_of_two_hops())

    assert "1  de → es" in stream.getvalue()
    assert "chat nemo failed" in stream.getvalue()


def test_the_last_line_says_how_far_the_work_is_until_something_else_happens():
    """Behind what is under way: `hop 1 · chat nemo · step 12 of 25`."""
    console, stream = a_terminal(80)
    journey = LiveStory()
    line, said = LastLine(journey), []
    far = an_event(4, "progress", span_id=4, fields={"done": 12, "total": 25, "unit": "steps"})
    for event in (*a_run_of_two_hops()[:4], far, *a_run_of_two_hops()[4:5]):
        list(journey.tell(event))
        line.hear(event)
        console.print(line)
        said.append("chat nemo · step 12 of 25" in stream.getvalue())
        stream.truncate(0)

    assert said == [False] * 4 + [True, False]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_line_is_wider_than_the_terminal(width, text):
    """Whatever the script, a row stays in its columns."""
    box = Box(
        number=1,
        item_type=ItemType.INTERCEPTION_ITERATION,
        label="Hop 12",
        hop=12,
        text=text,
        made_by="apertium a model with a rather long name, version 2026-11-23",
        seconds="1 min 15 s",
    )
    console, stream = a_terminal(width)
    console.print(in_columns(row_of(box), width))

    assert max(cell_len(line) for line in stream.getvalue().splitlines()) <= width


@given(st.text())
def test_safe_text_never_holds_what_a_terminal_obeys(text):
    """Whatever comes in: no control characters but line ends, no reordering, nothing that cannot be encoded."""
    shown = safe_text(text)

    assert all(sign == "\n" or sign.isprintable() or not sign.isascii() for sign in shown)
    assert not set(shown) & {chr(code) for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
    assert shown.encode().decode() == shown
    assert "\n" not in safe_line(text)


@given(st.text(), st.integers(1, 50))
def test_a_shortened_text_begins_as_it_did_and_says_its_length(text, limit):
    """Nothing is cut without saying so."""
    short = shorten(text, limit)

    assert short == text if len(text) <= limit else short.endswith(f"… ({len(text):,} characters)")
