"""Send now what waits in an outbox and nobody sends: what dead processes left, and what was refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from collectors.outbox.boxes import REFUSED, left_boxes
from collectors.outbox.line import ANYBODY
from collectors.outbox.posting import Post, Reception, ServerAnswer
from collectors.outbox.refused import bodies_in, keep_refused, refused_in
from collectors.outbox.staying import WhyStays, rest_of
from collectors.receiving.erasing import owned
from collectors.receiving.spool import MOST_BYTES, Spool, segments_in

Progress = Callable[[int, int], None]
"""Told of how many requests of how many were sent."""


@dataclass(slots=True)
class Retried:
    """What came of it: requests that were sent, those that were refused (again), and why it ended before its end."""

    sent: int = 0
    refused: int = 0
    stopped: str | None = None


def retry(outbox: Path, post: Post, why_stays: WhyStays, progress: Progress | None = None) -> Retried:
    """Send each request once, oldest folder first; at the first that is not taken now it ends: so would all others."""
    done = Retried()
    with ExitStack() as held:
        boxes = [held.enter_context(closing(box)) for box in left_boxes(outbox)]
        refused = refused_in(outbox)
        of = sum(sum(1 for _ in bodies_in(path)) for box in boxes for path in segments_in(box.directory)) + len(refused)
        for number, _ in enumerate(_attempts(outbox, boxes, refused, post, why_stays, done), start=1):
            if progress:
                progress(number, of)
    return done


def _attempts(
    outbox: Path, boxes: list[Spool], refused: list[Path], post: Post, why_stays: WhyStays, done: Retried
) -> Iterator[None]:
    for box in boxes:
        for entry in box.entries():
            box.hold(entry.place, [ANYBODY])
            body = rest_of(entry.body, why_stays).body
            answer = _count(post(body), done) if body else ServerAnswer(Reception.TAKEN)
            if answer.verdict is Reception.LATER:
                return
            if answer.verdict is Reception.REFUSED:
                keep_refused(outbox, body, MOST_BYTES)
            box.release([entry.place], ANYBODY)
            yield
    if not refused:
        return
    with owned(outbox / REFUSED) as is_ours:
        for path in refused if is_ours else ():
            rest = [rest.body for rest in (rest_of(body, why_stays) for body in bodies_in(path)) if rest.body]
            answers = [_count(post(body), done) for body in rest]
            if any(answer.verdict is Reception.LATER for answer in answers):
                return
            if all(answer.verdict is Reception.TAKEN for answer in answers):
                path.unlink(missing_ok=True)
            yield


def _count(answer: ServerAnswer, done: Retried) -> ServerAnswer:
    if answer.verdict is Reception.TAKEN:
        done.sent += 1
    elif answer.verdict is Reception.REFUSED:
        done.refused += 1
    else:
        done.stopped = answer.reason
    return answer
