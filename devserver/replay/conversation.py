"""Send the requests of one call to its server, one after the other, and keep what its items were made of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

from devserver.backends.http import answers
from devserver.replay.answers import Found, NewAnswer, found_again
from devserver.replay.calls import answered_body
from devserver.replay.follow import GivenOut
from devserver.replay.model import CannotRepeat, HttpRequest, Step
from otel_tracking import ExecutionItem

if TYPE_CHECKING:
    import httpx


def usual_pauses() -> Iterator[float]:
    """Seconds between two questions whether a result is there: soon at first, then every two, for twenty minutes."""
    yield from (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
    yield from repeat(2.0, 600)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait for a result: how long between two questions, and by what."""

    pauses: Callable[[], Iterator[float]] = usual_pauses
    wait: Callable[[float], object] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A step as it was sent, and the error or what was found in the answer.

    `number` says which request of its call it was, from 1; 0 where nothing left.
    """

    step: Step
    number: int
    error: Exception | None = None
    found: tuple[tuple[ExecutionItem, Found], ...] = ()


@dataclass(slots=True)
class Conversation:
    """The requests of one call. `items` are those of the first run whose text or file is still to be found."""

    client: httpx.Client
    items: list[ExecutionItem]
    waiting: Waiting = Waiting()  # a value, it cannot change
    _requests: int = 0
    _given_out: GivenOut = field(default_factory=GivenOut)

    def send(self, steps: Sequence[Step]) -> list[Answered]:
        """What became of each step. One that fails does not keep the next from being sent."""
        return [self._send(step) for step in steps]

    def _send(self, step: Step) -> Answered:
        before = self._requests
        try:
            step = self._for_new_results(step)
            answer = self._ask(step)
        except Exception as error:
            return Answered(step=step, number=self._requests if self._requests > before else 0, error=error)
        recorded = answered_body(step.span)
        self._given_out.learn(recorded, answer.value())
        return Answered(step=step, number=self._requests, found=tuple(self._found(recorded, answer)))

    def _found(self, recorded: Any, answer: NewAnswer) -> Iterator[tuple[ExecutionItem, Found]]:
        for item in tuple(self.items):
            found = found_again(item, recorded, answer)
            if found is not None:
                self.items.remove(item)
                yield item, found

    def _for_new_results(self, step: Step) -> Step:
        """The step; a question for what the server gave out then as one for what it has given out now."""
        todo = _request_of(step)
        if todo.asks_for is None:
            return step
        url, shown_url = (self._given_out.in_url(each, todo.asks_for) for each in (todo.url, todo.shown_url))
        if url is None or shown_url is None:
            raise CannotRepeat("the server has not said what the new result is called")
        notes = (*step.notes, f"it asks for {shown_url}") if shown_url != todo.shown_url else step.notes
        return replace(step, todo=replace(todo, url=url, shown_url=shown_url), notes=notes)

    def _ask(self, step: Step) -> NewAnswer:
        """The answer; to a question for a result, once that is there."""
        todo = _request_of(step)
        for pause in self.waiting.pauses():
            self._requests += 1
            answer = self._request(todo)
            if todo.asks_for is None or self._given_out.is_ready(
                todo.asks_for, answered_body(step.span), answer.value()
            ):
                return answer
            self.waiting.wait(pause)
        raise CannotRepeat("the new result was not there in time")

    def _request(self, todo: HttpRequest) -> NewAnswer:
        import httpx

        request = httpx.Request(todo.method, todo.url, headers=list(todo.headers), content=todo.body or None)
        with answers(todo.shown_url):
            response = self.client.send(request, stream=True, follow_redirects=False)
            try:
                return NewAnswer(response.read(), response.headers.get("content-type", ""))
            finally:
                response.close()


def _request_of(step: Step) -> HttpRequest:
    assert isinstance(step.todo, HttpRequest)
    return step.todo
