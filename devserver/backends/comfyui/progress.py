"""What is known of a graph under way, from the messages that ComfyUI sends about it. Pure.

The same messages come over the WebSocket as they happen, and some of them afterwards in the history.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from devserver.backends.comfyui.graph import Graph, describe
from devserver.backends.comfyui.secrets import clean_text
from devserver.backends.errors import EngineFailed, ServerFailed

LONGEST = 600
SoFar = tuple[float, float | None, str]
"""Done, of how many, and what is counted: `steps` of a node, `nodes` of the graph, graphs before it in the `queue`."""


@dataclass
class Progress:
    """One graph under way. `clock` gives seconds; times are from the moment it was queued.

    `followed_by` is `websocket`, `history` (nothing was seen on the way) or `both` (the socket broke). `sends_pictures`
    are the nodes whose pictures come over the socket instead of being saved; `pictures` are these, each with its node.
    The graph has so many `nodes`; `so_far` is the latest there is to say on how far it is.
    """

    prompt_id: str
    clock: Callable[[], float] = time.monotonic
    followed_by: str = "websocket"
    sends_pictures: frozenset[str] = frozenset()
    nodes: int = 0
    pictures: list[tuple[str, bytes]] = field(default_factory=list)
    has_ended: bool = False
    has_succeeded: bool = False
    error: Mapping[str, Any] | None = None
    was_interrupted: bool = False
    so_far: SoFar | None = None
    _seen: dict[str, None] = field(default_factory=dict)
    _cached: dict[str, None] = field(default_factory=dict)
    _steps: dict[str, int | float] = field(default_factory=dict)
    _previews: int = 0
    _queued: float = 0.0
    _at_work: str | None = None
    _started: float | None = None
    _heard: float = 0.0
    _ended: float | None = None
    _server_ms: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._queued = self.clock()

    @property
    def has_started(self) -> bool:
        """Whether the server has begun with it."""
        return self._started is not None

    def take(self, kind: str, data: Mapping[str, Any]) -> bool:
        """Take one message; says whether it was about this graph."""
        # Old servers send progress without a prompt_id, and only to the client whose graph it is.
        if data.get("prompt_id", self.prompt_id if kind == "progress" else None) != self.prompt_id:
            return False
        self._heard = self.clock()
        handle = getattr(self, f"_take_{kind}", None)
        if handle is not None:
            handle(data)
        if kind in _BOUNDS and "timestamp" in data:
            self._server_ms[_BOUNDS[kind]] = data["timestamp"]
        return True

    @property
    def cached(self) -> Collection[str]:
        """The nodes that did not work: what they had made in an earlier run was there still."""
        return self._cached.keys()

    def take_picture(self, content: bytes) -> None:
        """Take a picture from the socket: a result where the node at work sends them, else a preview.

        Nothing in it says which it is, nor whose; it comes after a message that names its node.
        """
        self._heard = self.clock()
        if self._at_work in self.sends_pictures:
            self.pictures.append((str(self._at_work), content))
        else:
            self._previews += 1

    def take_history(self, entry: Mapping[str, Any]) -> None:
        """Take what the history says of a graph that is over: what was cached, what failed, how long it took."""
        heard = self._heard
        for kind, data in (entry.get("status") or {}).get("messages") or ():
            if kind != "execution_start" or not self.has_started:
                self.take(kind, data)
        self._heard = heard  # What is told afterwards was not heard when it happened.
        self.end()

    def end(self) -> None:
        """Nothing more will happen."""
        self.has_ended = True

    def facts(self) -> dict[str, Any]:
        """What was counted, for the record; without what nobody saw."""
        found: dict[str, Any] = {"followed_by": self.followed_by, "nodes_cached": list(self._cached)}
        if self.followed_by != "history":
            found["nodes_executed"] = [node_id for node_id in self._seen if node_id not in self._cached]
            found["steps_done"] = dict(self._steps)
        if self._previews:
            found["previews"] = self._previews
        return found | self._times()

    def _times(self) -> dict[str, float]:
        """Seconds of waiting and of work: by the server's clock where it says both ends, else by ours.

        Where the end was not heard nobody knows how long it worked, only how long at least: up to its last word.
        """
        found: dict[str, float] = {}
        was_seen = self._started is not None and self.followed_by != "history"
        if self._started is not None and was_seen:
            found["seconds_queued"] = round(self._started - self._queued, 3)
        if len(self._server_ms) == 2:
            found["seconds_running"] = round((self._server_ms["end"] - self._server_ms["start"]) / 1000, 3)
        elif self._started is not None and was_seen:
            until, name = (self._heard, "_at_least") if self._ended is None else (self._ended, "")
            found[f"seconds_running{name}"] = round(until - self._started, 3)
        return found

    def _take_execution_start(self, data: Mapping[str, Any]) -> None:
        self._started = self._started or self.clock()

    def _take_execution_cached(self, data: Mapping[str, Any]) -> None:
        self._cached |= dict.fromkeys(map(str, data.get("nodes") or ()))

    def _take_executing(self, data: Mapping[str, Any]) -> None:
        node = data.get("node")
        self._at_work = None if node is None else str(node)
        if node is None:
            self._end_is_heard()
        else:
            self._take_execution_start(data)
            self._count_node(str(node))

    def _take_progress(self, data: Mapping[str, Any]) -> None:
        if data.get("node") is not None:
            self._at_work = str(data["node"])
            self._count_step(str(data["node"]), data.get("value"), data.get("max"))

    def _take_progress_state(self, data: Mapping[str, Any]) -> None:
        self._take_execution_start(data)
        for node_id, state in (data.get("nodes") or {}).items():
            self._count_node(str(node_id))
            if state.get("max") != 1:  # Every node has at least this one.
                self._count_step(str(node_id), state.get("value"), state.get("max"))

    def _count_node(self, node_id: str) -> None:
        if node_id not in self._seen:
            self._seen[node_id] = None
            self.so_far = len(self._seen.keys() | self._cached.keys()), self.nodes, "nodes"

    def _count_step(self, node_id: str, value: Any, most: Any) -> None:
        if not isinstance(value, int | float):
            return
        done = max(value, self._steps.get(node_id, 0))
        if done != self._steps.get(node_id) and isinstance(most, int | float) and most > 1:
            self.so_far = done, most, "steps"
        self._steps[node_id] = int(done) if done == int(done) else done

    def _take_execution_success(self, data: Mapping[str, Any]) -> None:
        self._ended = self.clock()
        self.has_succeeded = True  # The history may have it a moment later, when `executing` names no node any more.

    def _take_execution_error(self, data: Mapping[str, Any]) -> None:
        self.error = data
        self._end_is_heard()

    def _take_execution_interrupted(self, data: Mapping[str, Any]) -> None:
        self.was_interrupted = True
        self._end_is_heard()

    def _end_is_heard(self) -> None:
        self._ended = self._ended or self.clock()
        self.end()


_BOUNDS = {
    "execution_start": "start",
    "execution_success": "end",
    "execution_error": "end",
    "execution_interrupted": "end",
}


def failure_of(progress: Progress, graph: Graph, secrets: Collection[str] = ()) -> EngineFailed | None:
    """The error that ended the graph, in the node's own words without the `secrets`; None where it went well."""
    if progress.was_interrupted:
        return EngineFailed("ComfyUI was told by somebody else to interrupt the graph")
    if progress.error is None:
        return None
    node_id = str(progress.error.get("node_id"))
    who = describe(graph, node_id) if node_id in graph else f"{node_id} ({progress.error.get('node_type')})"
    words = " ".join(str(progress.error.get("exception_message") or "").split())
    kind = progress.error.get("exception_type")
    return ServerFailed(f"ComfyUI Error: node {who} failed: {clean_text(f'{kind}: {words}', secrets)[:LONGEST]}")
