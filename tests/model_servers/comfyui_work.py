"""What the ComfyUI of the tests does with a graph: run its nodes in order, tell of it, and save real files."""

from __future__ import annotations

import asyncio
import io
import json
import struct
import threading
import uuid
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngInfo

SAVING = {"SaveImage": ("images", "output"), "PreviewImage": ("images", "temp"), "SaveAudioMP3": ("audio", "output")}
MP3 = b"ID3\x03\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" * 32

JPEG_START = b"\xff\xd8\xff\xe0"
OVER_THE_SOCKET = "SaveImageWebsocket"

Send = Callable[..., Awaitable[None]]


class Wrong(NamedTuple):
    """An input that the server's validation refuses."""

    node_id: str
    input_name: str = "width"
    received: str = "99"
    type: str = "value_bigger_than_max"
    message: str = "Value 99 bigger than max of 8"
    details: str = "width"


class Job(NamedTuple):
    """A graph in the queue, as the real server keeps it."""

    number: int
    prompt_id: str
    graph: dict[str, Any]
    extra_data: dict[str, Any]
    outputs: list[str]

    @property
    def client_id(self) -> str:
        return str(self.extra_data["client_id"])

    @property
    def about(self) -> dict[str, Any]:
        return {"prompt_id": self.prompt_id}


@dataclass
class Script:
    """What goes wrong, and when.

    `wrong` is an input that fails its validation, `lost_files` are gone from the disk, and with `is_newer` an unknown
    node is refused in the words of newer servers. `stalled` is set when the node `stalls_at` is reached, or a held
    graph waits; `arrivals` counts what was queued.
    """

    cached: set[str] = field(default_factory=set)
    texts: dict[str, list[str]] = field(default_factory=dict)
    wrong: Wrong | None = None
    is_newer: bool = False
    lost_files: bool = False
    refusal: dict[str, Any] | None = None
    node_errors: dict[str, Any] = field(default_factory=dict)
    fails_at: tuple[str, str, str] | None = None
    stalls_at: str | None = None
    holds_queue: bool = False
    refuses_socket: bool = False
    breaks_socket_after: int | None = None
    is_mute: bool = False
    forgets: bool = False
    speaks_of_state: bool = True
    says_when_it_ends: bool = True
    upload_subfolder: str = ""
    arrivals: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stalled: threading.Event = field(default_factory=threading.Event)
    interrupted: threading.Event = field(default_factory=threading.Event)


class Worker:
    """The queue, and whoever works through it."""

    def __init__(self, script: Script, send: Send) -> None:
        self.script, self._send = script, send
        self.pending: list[Job] = []
        self.running: Job | None = None
        self.history: dict[str, Any] = {}
        self.files: dict[tuple[str, str, str], bytes] = {}
        self.queue_entry: Callable[[Job], Any] = list
        self._count = 0
        self._cache: dict[str, dict[str, Any]] = {}
        self._interrupt = False
        self._changed = asyncio.Event()

    def queue_info(self) -> dict[str, Any]:
        return {"exec_info": {"queue_remaining": len(self.pending) + (self.running is not None)}}

    async def take(self, graph: dict[str, Any], extra: dict[str, Any], without: Collection[str] = ()) -> Job:
        ends = [node_id for node_id in outputs_of(graph, self.script) if node_id not in without]
        job = Job(self._count, str(uuid.uuid4()), graph, extra, ends)
        self._count += 1
        self.pending.append(job)
        self._changed.set()
        await self._tell_status()
        self.script.arrivals.release()
        return job

    async def delete(self, doomed: Sequence[str]) -> None:
        self.pending = [job for job in self.pending if job.prompt_id not in doomed]
        await self._tell_status()

    def interrupt(self, prompt_id: str | None) -> None:
        if self.running and prompt_id in (None, self.running.prompt_id):
            self._interrupt = True
            self._changed.set()

    def let_go(self) -> None:
        self.script.stalls_at, self.script.holds_queue = None, False
        self._changed.set()

    async def work(self) -> None:
        """Take one graph after the other from the queue, for ever."""
        while True:
            while not self.pending or self.script.holds_queue:
                if self.pending:
                    self.script.stalled.set()
                await self._changed.wait()
                self._changed.clear()
            self.running, self._interrupt = self.pending.pop(0), False
            await self._tell_status()
            await self._finish(self.running, *await self._run(self.running))

    async def _tell_status(self) -> None:
        await self._send("status", {"status": self.queue_info()})

    async def _finish(self, job: Job, messages: list[Any], outputs: dict[str, Any]) -> None:
        went_well = messages[-1][0] == "execution_success"
        status = {"status_str": "success" if went_well else "error", "completed": went_well, "messages": messages}
        self.running = None
        meta = {
            node_id: {"node_id": node_id, "display_node": node_id, "parent_node": None, "real_node_id": node_id}
            for node_id in outputs
        }
        if not self.script.forgets:
            self.history[job.prompt_id] = {"prompt": list(job), "outputs": outputs, "status": status, "meta": meta}
        await self._tell_status()
        if self.script.says_when_it_ends:
            await self._send("executing", {"node": None, **job.about}, job.client_id)

    async def _run(self, job: Job) -> tuple[list[Any], dict[str, Any]]:
        messages: list[Any] = []
        outputs: dict[str, Any] = {}

        async def say(kind: str, data: dict[str, Any]) -> None:
            messages.append([kind, {**data, "timestamp": 1_760_000_000_000 + 500 * len(messages)}])
            await self._send(kind, messages[-1][1], job.client_id)

        order = needed_by(job.graph, job.outputs)
        signatures = {node_id: signature(job.graph, node_id) for node_id in order}
        # As the real one by default: what the graph before had in common with this one is there still.
        known = {signature: self._cache[signature] for signature in signatures.values() if signature in self._cache}
        self._cache = known
        is_cached = {node_id: node_id in self.script.cached or signatures[node_id] in known for node_id in order}
        await say("execution_start", job.about)
        await say(
            "execution_cached", {"nodes": [node_id for node_id in job.graph if is_cached.get(node_id)], **job.about}
        )
        for node_id in order:
            if not is_cached[node_id]:
                await self._send("executing", {"node": node_id, "display_node": node_id, **job.about}, job.client_id)
                await self._make(job, node_id)
            ending = self._ending(job, node_id)
            if ending is not None:
                await say(*ending)
                return messages, outputs
            output = known.get(signatures[node_id]) or self._save(job, node_id)
            if job.graph[node_id]["class_type"] != OVER_THE_SOCKET:
                self._cache[signatures[node_id]] = output
            if output:
                outputs[node_id] = output
                said = {"node": node_id, "display_node": node_id, "output": output, **job.about}
                await self._send("executed", said, job.client_id)
        await say("execution_success", job.about)
        return messages, outputs

    def _ending(self, job: Job, node_id: str) -> tuple[str, dict[str, Any]] | None:
        """How the graph ends at a node, where it does."""
        said = {**job.about, "node_id": node_id, "node_type": job.graph[node_id]["class_type"], "executed": []}
        if self._interrupt:
            self.script.interrupted.set()
            return "execution_interrupted", said
        if self.script.fails_at and self.script.fails_at[0] == node_id:
            _, exception, words = self.script.fails_at
            failure = {
                "exception_message": words,
                "exception_type": exception,
                "traceback": ['  File "execution.py"\n'],
            }
            return "execution_error", {**said, **failure, "current_inputs": {}, "current_outputs": []}
        return None

    async def _make(self, job: Job, node_id: str) -> None:
        """Let a node work: stall where that is wanted, and count the steps of what has steps."""
        if self.script.stalls_at == node_id:
            self.script.stalled.set()
        while self.script.stalls_at == node_id and not self._interrupt:
            self._changed.clear()
            await self._changed.wait()
        steps = job.graph[node_id]["inputs"].get("steps")
        for step in range(1, steps + 1) if isinstance(steps, int) else ():
            await self._tell_step(job, node_id, step, steps)
            if step == steps:
                await self._send("preview", struct.pack(">II", 1, 1) + JPEG_START + b"preview", job.client_id)
        if job.graph[node_id]["class_type"] == OVER_THE_SOCKET:
            await self._tell_step(job, node_id, 0, 1)
            await self._send("preview", struct.pack(">II", 1, 2) + png_of(job, node_id, texts=False), job.client_id)

    async def _tell_step(self, job: Job, node_id: str, step: int, steps: int) -> None:
        if self.script.speaks_of_state:
            state = {"value": step, "max": steps, "state": "running", "node_id": node_id, **job.about}
            above = {"display_node_id": node_id, "parent_node_id": None, "real_node_id": node_id}
            await self._send("progress_state", {**job.about, "nodes": {node_id: state | above}}, job.client_id)
        await self._send("progress", {"value": step, "max": steps, **job.about, "node": node_id}, job.client_id)

    def _save(self, job: Job, node_id: str) -> dict[str, Any]:
        """What a node shows or saves, as its history has it."""
        if node_id in self.script.texts:
            return {"text": self.script.texts[node_id]}
        node = job.graph[node_id]
        if node["class_type"] not in SAVING:
            return {}
        word, kind = SAVING[node["class_type"]]
        subfolder, _, name = node["inputs"].get("filename_prefix", "ComfyUI").rpartition("/")
        filename = f"{name}_{len(self.files) + 1:05}_" + (".mp3" if word == "audio" else ".png")
        content = MP3 + json.dumps(job.graph).encode() if word == "audio" else png_of(job, node_id)
        self.files[filename, subfolder, kind] = content
        return {word: [{"filename": filename, "subfolder": subfolder, "type": kind}]}


def outputs_of(graph: dict[str, Any], script: Script) -> list[str]:
    """The nodes that a graph is run for."""
    kinds = {*SAVING, OVER_THE_SOCKET}
    return [node_id for node_id in graph if graph[node_id]["class_type"] in kinds or node_id in script.texts]


def needed_by(graph: dict[str, Any], outputs: Sequence[str]) -> list[str]:
    """The nodes that these outputs need, each after those before it."""
    done: dict[str, None] = {}

    def visit(node_id: str) -> None:
        for value in graph[node_id]["inputs"].values():
            if isinstance(value, list) and value[0] not in done:
                visit(value[0])
        done[node_id] = None

    for node_id in outputs:
        visit(node_id)
    return list(done)


def signature(graph: dict[str, Any], node_id: str) -> str:
    """What makes a node's work the same as another's: its class, and its inputs all the way up. Not its id or title."""
    inputs = {
        name: signature(graph, value[0]) + str(value[1]) if isinstance(value, list) else value
        for name, value in graph[node_id]["inputs"].items()
    }
    return json.dumps([graph[node_id]["class_type"], inputs], sort_keys=True)


def png_of(job: Job, node_id: str, *, texts: bool = True) -> bytes:
    """A small picture, another one for each graph and node, with the graph in its texts as ComfyUI writes it."""
    colour = (job.number * 40 % 256, sum(map(ord, node_id)) * 13 % 256, 128)
    about = PngInfo()
    if texts:
        about.add_text("prompt", json.dumps(job.graph))
        about.add_text("workflow", json.dumps({"nodes": [], "version": 0.4}))
    file = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(file, "PNG", pnginfo=about, compress_level=4)
    return file.getvalue()
