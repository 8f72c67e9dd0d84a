"""Send what waits in an outbox until it is taken, in order, on a thread of its own."""

from __future__ import annotations

import contextlib
import itertools
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, set_value

from collectors.outbox.boxes import left_boxes
from collectors.outbox.line import ANYBODY, InLine, WaitingLine
from collectors.outbox.posting import Post, Reception, ServerAnswer
from collectors.outbox.refused import keep_refused
from collectors.outbox.staying import DAMAGED, Sendable, WhyStays, let_go_of_staying, read_or_none, rest_of
from collectors.receiving.entries import PROTOBUF
from collectors.receiving.kept_runs import traces_in
from collectors.receiving.spool import MOST_BYTES, Spool
from collectors.spans.without_traces import Traces

_log = logging.getLogger("otel_tracking")

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
LOOKS = 30.0
"""Seconds after which is looked again for what may not leave any more, and for what other processes have left."""
FIRST_ANSWER = 1.0
"""Seconds that the end of a program waits for a server that has not answered yet: it may be dead."""


class OutboxSender:
    """Sends the requests of one outbox. `make_post` is called on its thread, where it imports what it needs.

    `meet` is told of runs that a process before this one has left, and `gone` of those of which nothing waits any more.
    """

    def __init__(
        self,
        outbox: Path,
        box: Spool,
        make_post: Callable[[], Post],
        why_stays: WhyStays,
        meet: Callable[[Traces], object],
        gone: Callable[[Traces], object],
        counts: Counter[str],
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._outbox, self._box, self._make_post = outbox, box, make_post
        self._why_stays, self._meet, self._gone = why_stays, meet, gone
        self.counts, self._most_bytes = counts, most_bytes
        self.line, self.trouble = WaitingLine(gone), ""
        self._adopted: list[Spool] = []
        self._told: set[str] = set()
        self._is_answered = False
        self._thread = threading.Thread(target=self._work, name="otel-tracking outbox", daemon=True)

    def start(self) -> None:
        """Begin, with what earlier processes have left."""
        self._thread.start()

    def refuse(self, body: bytes, reason: str) -> None:
        """Keep a request that cannot be sent, ever."""
        keep_refused(self._outbox, body, self._most_bytes)
        self.counts["refused"] += 1
        self.tell(f"requests are refused ({reason}); they are kept, see otel-tracking outbox")

    def close(self, timeout: float) -> None:
        """Send what can be sent in `timeout` seconds; the rest stays for the next process.

        A server that has not answered is not waited for: it would hold up every short program.
        """
        self.line.end()
        self._thread.join(timeout if self._is_answered else min(timeout, FIRST_ANSWER))
        self.line.close()
        for box in self._adopted[:]:
            self._give_back(box)

    def after_fork(self) -> None:
        """In a forked child: the boxes are the parent's."""
        self.line = WaitingLine(self._gone)  # somebody may have held its lock at that moment
        for box in self._adopted:
            box.after_fork()

    def _work(self) -> None:
        # What is sent here is no part of anybody's trace.
        attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        for attempt in itertools.count():
            try:
                return self._send_all()
            except Exception as trouble:  # a full disk, a lock on the tombstones: they pass, and what waits is kept
                self.counts["troubles"] += 1
                self.trouble = str(trouble) if isinstance(trouble, OSError) else type(trouble).__name__
                self.tell(f"sending met {type(trouble).__name__}; what waits is kept, and tried again")
            if self.line.pause(wait_after(attempt)):
                return

    def _send_all(self) -> None:
        post = self._make_post()
        self._take_over(self._box)
        self.line.whole()
        while not (self.line.is_ending and (self.trouble or not len(self.line))):
            if not self.line.is_ending and not len(self.line):
                self._adopt()
            one = self.line.next(LOOKS)
            if one is None:
                if self.line.is_ending:
                    return
                continue
            self._send(one, post)

    def _adopt(self) -> None:
        """Take up what dead processes have left."""
        for box in left_boxes(self._outbox):
            self._adopted.append(box)
            self._take_over(box)

    def _take_over(self, box: Spool) -> None:
        found = []
        for entry in box.entries():
            box.hold(entry.place, [ANYBODY])
            since = box.written(entry.place.segment)
            found.append(InLine(box, entry.place, traces_in(PROTOBUF, entry.body), since))
        self.counts["damaged"] += box.damaged
        self._meet(frozenset().union(*(one.traces for one in found)))
        self.line.put_left(found)
        if not found:
            self._let_go_of(box)

    def _send(self, one: InLine, post: Post) -> None:
        """Send until it is taken or refused, or the end comes."""
        for attempt in itertools.count():
            rest = self._read(one)
            answer = post(rest.body) if rest.body else ServerAnswer(Reception.TAKEN)
            self.trouble = "" if answer.verdict is Reception.TAKEN else answer.reason
            self._is_answered = answer.verdict is Reception.TAKEN
            if answer.verdict is not Reception.LATER:
                return self._is_answered_for(one, answer, rest)
            self.counts["attempts_failed"] += 1
            self.tell(f"the research endpoint does not take records now ({answer.reason}); they wait in files")
            if self._pause(answer.wait if answer.wait is not None else wait_after(attempt)):
                return
            if one not in self.line:  # it was dropped, or stands elsewhere
                return

    def _is_answered_for(self, one: InLine, answer: ServerAnswer, asked: Sendable) -> None:
        staying = asked.staying
        if answer.verdict is Reception.REFUSED:
            rest = rest_of(asked.body, self._why_stays)  # it may have been erased while it was on its way
            staying = staying + rest.staying
            if rest.body:
                self.refuse(rest.body, answer.reason)
        elif asked.body:
            self.counts["sent"] += 1
            self._told.clear()
        self.counts.update(staying)
        if self.line.done(one):
            self._let_go_of(one.box)

    def _let_go_of(self, box: Spool) -> None:
        """No text stays until a file is full; a dead process' folder stays as long as it has something."""
        if any(one.box is box for one in self.line.first()):
            return
        if box is self._box:
            box.tidy()
        else:
            self._give_back(box)

    def _give_back(self, box: Spool) -> None:
        with contextlib.suppress(ValueError):  # the end of the process was faster
            self._adopted.remove(box)
            box.close()

    def _read(self, one: InLine) -> Sendable:
        """The request, without runs that may not leave any more."""
        body = read_or_none(one)
        if body is None:
            return Sendable(b"", Counter({DAMAGED: 1}))
        return rest_of(body, self._why_stays)

    def _pause(self, seconds: float) -> bool:
        """Wait, and see meanwhile whether something may not leave any more; True where the end came."""
        while seconds > 0:
            if self.line.pause(min(seconds, LOOKS)):
                return True
            self.counts.update(let_go_of_staying(self.line, self._why_stays))
            seconds -= LOOKS
        return self.line.is_ending

    def tell(self, what: str) -> None:
        """Say something once, until records are taken again."""
        if what not in self._told:
            self._told.add(what)
            _log.warning("outbox: %s", what)


def wait_after(attempt: int) -> float:
    """Seconds to wait after an attempt: twice as long each time, and not all DevServers of a programme at once."""
    seconds: float = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(attempt, 10))
    return seconds * random.uniform(0.5, 1.0)
