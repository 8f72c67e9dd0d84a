"""ComfyUI as an engine: fill in a graph, have it made, fetch everything it saved."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from devserver.backends.comfyui.client import ComfyApi, Queued, ServerFile
from devserver.backends.comfyui.follow import PATIENCE, Follower, Patience
from devserver.backends.comfyui.graph import Graph
from devserver.backends.comfyui.graph_files import load_graph
from devserver.backends.comfyui.outputs import Saved, holds_another_graph, media_format_of, shown_texts, size_of
from devserver.backends.comfyui.plan import DEFAULT_GRAPH, GRAPH, Plan, make_plan, model_of
from devserver.backends.comfyui.progress import Progress, failure_of
from devserver.backends.comfyui.results import gone, results_of, socket_nodes
from devserver.backends.comfyui.secrets import clean_file, clean_text, secrets_of
from devserver.backends.comfyui.socket import Socket
from devserver.backends.errors import EngineError, InvalidParameter, ModelNotFound, ServerUnreachable
from devserver.backends.http import stop_if
from devserver.backends.servers import about_address
from devserver.engines import Backend, InputImage, Made, MadeFile

if TYPE_CHECKING:
    import httpx

_NOT_TAKEN = (InvalidParameter, ModelNotFound, ServerUnreachable)
"""Errors after which the server has nothing to stop."""


@dataclass
class _Job:
    """One graph on its way through the server, and what is known of it so far."""

    plan: Plan
    client_id: str
    queued: Queued | None = None
    progress: Progress | None = None
    stopped: str = ""

    @property
    def is_over(self) -> bool:
        return self.progress is not None and self.progress.has_ended

    def facts(self) -> dict[str, Any]:
        """What the record is to know of it, also where it failed."""
        found: dict[str, Any] = {}
        if self.queued is not None:
            found = {"prompt_id": self.queued.prompt_id, "queue_number": self.queued.number}
            found |= {"node_errors": dict(self.queued.node_errors)} if self.queued.node_errors else {}
        if self.progress is not None:
            found |= self.progress.facts()
        if self.plan.removed:
            found["nodes_removed"] = list(self.plan.removed)
        if self.plan.instructions:
            found["instructions"] = list(self.plan.instructions)
        return found | ({"stopped": self.stopped} if self.stopped else {})


class ComfyUI:
    """A ComfyUI server, by its address (`http://127.0.0.1:8188`); may be shared by threads.

    The length of the work is not limited, only that of silence (`patience`). `client` makes the output: by default the
    one that records.
    """

    def __init__(
        self,
        url: str,
        *,
        client: httpx.Client | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._api = ComfyApi(url, client)
        self._patience = patience

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """This server, with the model that the graph loads first."""
        try:
            model = model_of(_graph_for(parameters))
        except EngineError:
            model = None  # What is wrong with the graph is said where it is made.
        return Backend("comfyui", model, about_address(self._api.url))

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """Everything that the graph saves, a file each.

        An exception of any kind, a KeyboardInterrupt too, stops the graph at the server, and nobody else's. It has
        the attributes `facts` and `injected`, as what is made has.
        """
        stop_if(cancel)
        graph = _graph_for(parameters)
        make_plan(graph, text, seed, parameters, [image.name for image in images])  # Nothing leaves that has no place.
        names = [self._api.upload(image) for image in images]
        job = _Job(make_plan(graph, text, seed, parameters, names), uuid.uuid4().hex)
        try:
            return self._make(job, cancel)
        except BaseException as error:
            if not job.is_over and not isinstance(error, _NOT_TAKEN):
                job.stopped = self._api.stop(job.client_id)
            error.facts, error.injected = job.facts(), job.plan.injected  # type: ignore[attr-defined]
            raise

    def _make(self, job: _Job, cancel: threading.Event | None) -> Made:
        with closing(Socket.open(self._api.url, job.client_id)) as socket:
            job.queued = self._api.queue(job.plan.graph, job.client_id)
            graph = job.plan.graph
            job.progress = Progress(job.queued.prompt_id, sends_pictures=socket_nodes(graph), nodes=len(graph))
            entry = Follower(self._api, job.client_id, socket, job.progress, cancel, self._patience).wait()
        secrets = secrets_of(graph)
        failure = failure_of(job.progress, graph, secrets)
        if failure is not None:
            raise failure
        outputs = entry.get("outputs") or {}
        results = results_of(graph, outputs, job.progress, job.queued.node_errors, secrets)
        files = []
        for result in results:
            stop_if(cancel)
            files.append(self._file(result, graph, secrets))
        about = self._api.about()
        version = about.pop("comfyui_version", "")
        found = {
            "nothing_computed": all(result.is_cached for result in results),
            "texts": {
                node_id: [clean_text(text, secrets) for text in said]
                for node_id, said in shown_texts(outputs, graph).items()
            },
        }
        return Made(
            files=tuple(files),
            sent=job.plan.sent,
            injected=job.plan.injected,
            facts={**job.facts(), **{name: value for name, value in found.items() if value}, **about},
            engine_version=version,
        )

    def _file(self, result: Saved, graph: Graph, secrets: frozenset[str]) -> MadeFile:
        came, said = (result.file, "") if isinstance(result.file, bytes) else self._fetch(result, result.file, graph)
        content, removed = clean_file(came, secrets)
        facts = result.facts | size_of(content) | ({"secrets_removed": removed} if removed else {})
        facts |= {"holds_another_graph": True} if holds_another_graph(came, graph) else {}
        return MadeFile(content, media_format_of(content, result.name, said), facts)

    def _fetch(self, result: Saved, file: ServerFile, graph: Graph) -> tuple[bytes, str]:
        found = self._api.fetch(file)
        if found is None:
            raise gone(result, graph)
        return found


def _graph_for(parameters: Mapping[str, Any]) -> Graph:
    return load_graph(parameters.get(GRAPH, DEFAULT_GRAPH))
