"""Faults of the pipeline itself: it is stopped, it fails, and it uses its scopes in ways nobody thought of."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from fault_stage import IN_SCOPES, PATIENCE, Fault, Scene, Verdict

from otel_tracking import ItemType


class Stopped(Fault):
    """Whoever stops the work passes through every scope; the record says cancelled."""

    moments = IN_SCOPES
    status = "cancelled"
    error: type[BaseException]

    @property
    def told(self) -> Any:
        return ("raised", self.error)

    def strike(self, scene: Scene, scope: Any) -> None:
        raise self.error

    def play(self, scene: Scene) -> Verdict:
        verdict = super().play(scene)
        verdict.dropped = int(scene.moment == "in an item")
        return verdict


class Interrupted(Stopped):
    name = "KeyboardInterrupt"
    error = KeyboardInterrupt


class Cancelled(Stopped):
    name = "CancelledError"
    error = asyncio.CancelledError


class Exits(Stopped):
    name = "sys.exit"
    error = SystemExit


class Fails(Stopped):
    name = "an exception"
    status = "error"
    error = ZeroDivisionError
    moments = tuple(moment for moment in IN_SCOPES if moment != "in an item")  # a repr that raises is a value's fault


class EndedTwice(Fault):
    name = "a scope is ended twice"
    moments = IN_SCOPES

    def strike(self, scene: Scene, scope: Any) -> None:
        scope.end()
        scope.end()


class EndedElsewhere(Fault):
    name = "a scope is ended by another thread"
    moments = IN_SCOPES

    def strike(self, scene: Scene, scope: Any) -> None:
        in_threads(scope.end)


class EndedOutOfOrder(Fault):
    name = "the run is ended before its scopes"
    moments = IN_SCOPES

    def strike(self, scene: Scene, scope: Any) -> None:
        scene.run.end()


class NeverEnded(Fault):
    name = "a scope is never ended"
    moments = (*IN_SCOPES, "after the run")

    def strike(self, scene: Scene, scope: Any) -> None:
        scene.item(scope.backend_call("ollama"), "user_input_text", "in a scope that never ends")

    def play(self, scene: Scene) -> Verdict:
        verdict = super().play(scene)
        assert [span.execution_time for span in verdict.record.spans].count(None) == 1
        return verdict


class LoggedAfterTheEnd(Fault):
    name = "items after the end of their scope"
    moments = (*IN_SCOPES, "after the run")

    def strike(self, scene: Scene, scope: Any) -> None:
        call = scope.backend_call("ollama")
        call.end()
        for number in range(3):
            scene.item(call, "user_input_text", f"late {number}")


class TwoThreads(Fault):
    name = "two threads in one scope"
    moments = IN_SCOPES

    def strike(self, scene: Scene, scope: Any) -> None:
        def log(name: str) -> None:
            for number in range(50):
                scene.item(scope, "user_input_text", f"{name} {number}")

        in_threads(lambda: log("first"), lambda: log("second"))


class ClosedGenerator(Fault):
    name = "a generator is closed by another thread"
    moments = (*IN_SCOPES, "after the run")

    def strike(self, scene: Scene, scope: Any) -> None:
        def stream() -> Any:
            with scope.backend_call("ollama") as call:
                scene.item(call, ItemType.USER_INPUT_TEXT, "in a generator")
                yield "a part"
                raise AssertionError("nobody asks for more")

        generator = stream()
        assert next(generator) == "a part"
        in_threads(generator.close)


def in_threads(*works: Any) -> None:
    """Do each in a thread of its own, at once."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)


FAULTS = (
    *(Interrupted, Cancelled, Exits, Fails, EndedTwice, EndedElsewhere, EndedOutOfOrder, NeverEnded),
    *(LoggedAfterTheEnd, TwoThreads, ClosedGenerator),
)
