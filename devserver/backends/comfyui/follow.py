"""Follow a graph until it is over: by the WebSocket, and by asking for its history where that cannot be had."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from devserver.backends.comfyui.client import ComfyApi, Whereabouts
from devserver.backends.comfyui.progress import Progress, SoFar
from devserver.backends.comfyui.socket import Message, Socket, SocketGone
from devserver.backends.errors import EngineError, ServerFailed, ServerTimeout
from devserver.backends.http import stop_if
from devserver.backends.progress import say_progress


class Patience(NamedTuple):
    """How long to wait for what, in seconds.

    `stall` without any sign of life are an error; `poll` is the pause between two questions; after `quiet` on an open
    socket the history is asked as well, since a proxy may take messages and pass none on.
    """

    stall: float = 600.0
    poll: float = 0.5
    quiet: float = 5.0


PATIENCE = Patience()


@dataclass
class Follower:
    """Waits for one graph, as long as the server gives signs of life.

    As long as the graph waits, every message of the server is a sign of life; once it runs, only those about it are.
    """

    api: ComfyApi
    client_id: str
    socket: Socket
    progress: Progress
    cancel: threading.Event | None = None
    patience: Patience = PATIENCE
    _last_sign: float = field(default_factory=time.monotonic)
    _last_question: float = field(default_factory=time.monotonic)
    _whereabouts: Whereabouts | None = None
    _said: SoFar | None = None

    def wait(self) -> dict[str, Any]:
        """The graph's history once it is over.

        Raises `Cancelled`, `ServerTimeout` where nothing moves any more, `ServerFailed` where the server has lost it.
        """
        while not self.progress.has_ended:
            self._look(self._listen if self.socket.is_open else self._poll)
        if self.progress.error is not None or self.progress.was_interrupted:
            return {}
        while (entry := self.api.history(self.progress.prompt_id)) is None:
            self._look(self._pause)
        self.progress.take_history(entry)
        return entry

    def _look(self, look: Callable[[], bool]) -> None:
        stop_if(self.cancel)
        is_sign = look()
        self._say()
        if is_sign:
            self._last_sign = time.monotonic()
        elif time.monotonic() - self._last_sign >= self.patience.stall:
            raise ServerTimeout(f"ComfyUI gave no sign of life for {self.patience.stall:g} seconds")

    def _say(self) -> None:
        """Let whoever watches know what is new."""
        if self.progress.so_far is not None and self.progress.so_far is not self._said:
            say_progress(*self.progress.so_far)
        self._said = self.progress.so_far

    def _listen(self) -> bool:
        """Hear one message; says whether it is a sign of life."""
        try:
            message = self.socket.next(self.patience.poll)
        except SocketGone:
            return False
        if message is None and self.progress.has_succeeded:
            self.progress.end()
        if message is None:
            return self._ask_when_quiet()
        self._last_question = time.monotonic()
        return self.hear(self.progress, message) or not self.progress.has_started

    @staticmethod
    def hear(progress: Progress, message: Message) -> bool:
        """Let the progress take a message; says whether it was about its graph."""
        kind, data = message
        if kind == "picture":
            progress.take_picture(data["content"])
            return True
        return progress.take(kind, data)

    def _ask_when_quiet(self) -> bool:
        if self.progress.has_ended or time.monotonic() - self._last_question < self.patience.quiet:
            return False
        self._last_question = time.monotonic()
        return self._ask()

    def _poll(self) -> bool:
        self._pause()
        return self._ask()

    def _ask(self) -> bool:
        """Ask where the graph is; a server that cannot be reached for a moment may come back."""
        try:
            found = self.api.where_is(self.client_id)
            # In this order: what leaves the queue is in the history at the same moment.
            entry = None if found else self.api.history(self.progress.prompt_id, recorded=False)
        except EngineError as error:
            if error.may_be_retried:
                return False
            raise
        if entry is not None:
            self.progress.followed_by = "both" if self.progress.has_started else "history"
            self.progress.take_history(entry)
        elif found is None:
            raise ServerFailed("ComfyUI does not know the graph any more; it was probably started anew")
        moved, self._whereabouts = found != self._whereabouts, found
        if moved and found is not None and found.state == "waiting":
            self.progress.so_far = found.ahead, None, "queue"
        return moved

    def _pause(self) -> bool:
        """Wait a little, less where somebody cancels; never a sign of life."""
        if self.cancel is None:
            time.sleep(self.patience.poll)
        else:
            self.cancel.wait(self.patience.poll)
        return False
