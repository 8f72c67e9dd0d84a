"""Watch a run on the terminal while it goes on, from a thread of its own: the pipeline never waits for a terminal."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from collectors import LiveEvent, LiveFeed
from collectors.recording import PROGRESS
from devserver.cli.showing.drawing import draw_heading, draw_row
from devserver.cli.showing.live_story import Heading, LiveStory
from devserver.so_far import so_far
from exporters.story.readable import seconds
from otel_tracking.run import Execution

_log = logging.getLogger(__name__)

FRAMES_PER_SECOND = 8


class Watcher:
    """Follows one run and draws it; its `start` is what `Pipeline.run` calls when the run begins."""

    def __init__(self, live: LiveFeed, console: Console) -> None:
        self._live, self._console = live, console
        self._thread: threading.Thread | None = None

    def start(self, execution: Execution) -> None:
        """Begin to follow a run."""
        arguments = (execution.trace_id, execution.execution_id)
        self._thread = threading.Thread(target=self._watch, args=arguments, name="otel-tracking display", daemon=True)
        self._thread.start()

    def finish(self, timeout: float = 5.0) -> None:
        """Wait until everything was drawn, but not for ever: a stuck terminal must not keep the process."""
        if self._thread is not None:
            self._thread.join(timeout)
            self._console.show_cursor()

    def _watch(self, trace_id: str, execution_id: str) -> None:
        try:
            self._console.print(Text(execution_id, style="bold"))
            draw_live(self._console, self._live.follow(trace_id, progress=True))
        except Exception:
            # What cannot be shown is recorded all the same.
            _log.debug("the live display ended early", exc_info=True)


def draw_live(console: Console, events: Iterable[LiveEvent]) -> None:
    """Draw events as they come, until the run has finished; on a terminal with a last line that says what goes on."""
    journey = LiveStory()
    line = LastLine(journey)
    with _shown(console, line):
        for event in events:
            line.hear(event)
            for part in journey.tell(event):
                if isinstance(part, Heading):
                    draw_heading(console, part.title)
                else:
                    draw_row(console, part)


@contextlib.contextmanager
def _shown(console: Console, line: LastLine) -> Iterator[None]:
    if not console.is_terminal:
        yield
        return
    with Live(line, console=console, refresh_per_second=FRAMES_PER_SECOND, transient=True):
        yield


class LastLine:
    """A spinner, what is under way, how far it is, and for how long."""

    def __init__(self, journey: LiveStory) -> None:
        self._journey = journey
        self._spinner = Spinner("dots", style="cyan")
        self._so_far = ""

    def hear(self, event: LiveEvent) -> None:
        """Keep how far the work is, until something else happens."""
        self._so_far = so_far(event.fields) if event.kind == PROGRESS else ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        since = self._journey.since_ns()
        waited = seconds((time.time_ns() - since) / 1e9) if since else ""
        doing = " · ".join(filter(None, (self._journey.doing() or "working", self._so_far)))
        text = Text(f"{doing}  {waited}", style="dim", no_wrap=True, overflow="ellipsis")
        self._spinner.update(text=text)
        yield self._spinner
