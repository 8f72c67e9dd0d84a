"""A ComfyUI server on the loopback: its HTTP API and its WebSocket on one port, by aiohttp as the real one.

It keeps every byte it receives and answers as the real one does. What goes wrong is scripted (`Script`).
"""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from aiohttp import WSCloseCode, web

from tests.model_servers.comfyui_answers import answer
from tests.model_servers.comfyui_work import Job, Script, Worker, Wrong, needed_by, outputs_of

VERSION = "0.3.68"


class Received(NamedTuple):
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class ComfyServer:
    """A server under way. What its `script` says holds for every graph that comes after it."""

    def __init__(self) -> None:
        self.url = ""
        self.script = Script()
        self.received: list[Received] = []
        self.uploads: dict[str, bytes] = {}
        self._sockets: dict[str, web.WebSocketResponse] = {}
        self._sent: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self.worker = Worker(self.script, self._send)

    def requests_to(self, path: str) -> list[Received]:
        return [request for request in self.received if request.path == path]

    @property
    def sent_graph(self) -> dict[str, Any]:
        """The last graph that came."""
        return self.requests_to("/prompt")[-1].json["prompt"]

    def release(self) -> None:
        """Let go of what is stalled, and of the queue."""
        self._loop.call_soon_threadsafe(self.worker.let_go)

    @contextmanager
    def running(self) -> Iterator[ComfyServer]:
        """The server on a thread of its own, for the duration of a block."""
        ready, over = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(ready, over)), daemon=True)
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(over.set)
            thread.join()
            self._loop.close()

    async def _serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        work = asyncio.create_task(self.worker.work())
        ready.set()
        await over.wait()
        work.cancel()
        for socket in list(self._sockets.values()):
            await socket.close()
        await runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=100 * 1024 * 1024, middlewares=[self._keep])
        application.add_routes(
            [
                web.get("/ws", self._socket),
                web.post("/prompt", self._post_prompt),
                web.get("/history/{prompt_id}", self._get_history),
                web.get("/queue", self._get_queue),
                web.post("/queue", self._post_queue),
                web.post("/interrupt", self._post_interrupt),
                web.post("/upload/image", self._upload),
                web.get("/view", self._view),
                web.get("/system_stats", self._system_stats),
            ]
        )
        return application

    @web.middleware
    async def _keep(self, request: web.Request, handler: Any) -> web.StreamResponse:
        headers = [(name.decode(), value.decode()) for name, value in request.raw_headers]
        path, _, query = request.path_qs.partition("?")
        body = await request.read()
        self.received.append(Received(request.method, path, parse_qs(query, keep_blank_values=True), headers, body))
        return await handler(request)  # type: ignore[no-any-return]

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.script.refuses_socket:
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        client_id = request.query.get("clientId") or uuid.uuid4().hex
        self._sockets[client_id] = socket
        await self._send("status", {"status": self.worker.queue_info(), "sid": client_id}, client_id)
        async for _ in socket:
            pass
        self._sockets.pop(client_id, None)
        return socket

    async def _send(self, kind: str, data: dict[str, Any] | bytes, client_id: str | None = None) -> None:
        """To one client, or to everybody."""
        message = data if isinstance(data, bytes) else json.dumps({"type": kind, "data": data})
        for name in [client_id] if client_id is not None else list(self._sockets):
            if name in self._sockets and not (self.script.is_mute and kind != "status"):
                await self._send_one(name, message)

    async def _send_one(self, client_id: str, message: str | bytes) -> None:
        socket = self._sockets[client_id]
        count = self._sent[client_id] = self._sent.get(client_id, 0) + 1
        with suppress(ConnectionError):
            await (socket.send_bytes(message) if isinstance(message, bytes) else socket.send_str(message))
        if count == self.script.breaks_socket_after:
            self._sockets.pop(client_id)
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _post_prompt(self, request: web.Request) -> web.Response:
        asked = await request.json()
        graph, refusal = asked["prompt"], self.script.refusal or _refusal_of(asked["prompt"], self.script)
        if refusal is not None:
            return web.json_response(refusal, status=400)
        extra = {**asked.get("extra_data", {}), "client_id": asked["client_id"]}
        left_out = _left_out(graph, self.script)
        job = await self.worker.take(graph, extra, without=set(left_out.get("dependent_outputs", ())))
        errors = {self.script.wrong.node_id: left_out} if self.script.wrong and left_out else self.script.node_errors
        return web.json_response({"prompt_id": job.prompt_id, "number": job.number, "node_errors": errors})

    async def _get_history(self, request: web.Request) -> web.Response:
        prompt_id, history = request.match_info["prompt_id"], self.worker.history
        return web.json_response({prompt_id: history[prompt_id]} if prompt_id in history else {})

    async def _get_queue(self, request: web.Request) -> web.Response:
        running = [self.worker.running] if self.worker.running else []
        entries = {"queue_running": running, "queue_pending": self.worker.pending}
        return web.json_response({name: list(map(self.worker.queue_entry, jobs)) for name, jobs in entries.items()})

    async def _post_queue(self, request: web.Request) -> web.Response:
        await self.worker.delete((await request.json()).get("delete", []))
        return web.Response(status=200)

    async def _post_interrupt(self, request: web.Request) -> web.Response:
        self.worker.interrupt(json.loads(await request.read() or b"{}").get("prompt_id"))
        return web.Response(status=200)

    async def _upload(self, request: web.Request) -> web.Response:
        head = b"content-type: " + request.headers["content-type"].encode() + b"\r\n\r\n"
        parts = BytesParser(policy=HTTP).parsebytes(head + await request.read()).iter_parts()
        post: dict[Any, Any] = {part.get_param("name", header="content-disposition"): part for part in parts}
        image, kind = post.get("image"), post.get("type")
        if image is None or not image.get_filename():
            return web.Response(status=400)
        self.uploads[image.get_filename()] = image.get_payload(decode=True)
        upload_type = kind.get_payload() if kind else "input"
        said = {"name": image.get_filename(), "subfolder": self.script.upload_subfolder, "type": upload_type}
        return web.json_response(said)

    async def _view(self, request: web.Request) -> web.Response:
        query = request.query
        key = (query["filename"], query.get("subfolder", ""), query.get("type", "output"))
        if key not in self.worker.files or self.script.lost_files:
            return web.Response(status=404)
        content_type = "audio/mpeg" if key[0].endswith(".mp3") else "image/png"
        headers = {"Content-Disposition": f'filename="{key[0]}"'}
        return web.Response(body=self.worker.files[key], content_type=content_type, headers=headers)

    async def _system_stats(self, request: web.Request) -> web.Response:
        system = {"os": "posix", "comfyui_version": VERSION, "pytorch_version": "2.8.0+cu128", "argv": ["main.py"]}
        return web.json_response({"system": system, "devices": [{"name": "cuda:0 NVIDIA L40S", "type": "cuda"}]})


def _refusal_of(graph: dict[str, Any], script: Script) -> dict[str, Any] | None:
    """What the real server says of a graph that it cannot run, in its words."""
    for node_id, node in graph.items():
        if node["class_type"] == "NoSuchNode":
            title = node.get("_meta", {}).get("title", node["class_type"])
            name = "unknown_node_newer" if script.is_newer else "unknown_node"
            return answer(name, node_id=node_id, class_type=node["class_type"], title=title)
    outputs = outputs_of(graph, script)
    if not outputs:
        return answer("no_outputs")
    left_out = _left_out(graph, script)
    if script.wrong is None or set(left_out.get("dependent_outputs", ())) != set(outputs):
        return None
    refused = answer("outputs_refused")
    details = "\n".join(f"{error['message']}: {error['details']}" for error in left_out["errors"])
    return {"error": {**refused["error"], "details": details}, "node_errors": {script.wrong.node_id: left_out}}


def _left_out(graph: dict[str, Any], script: Script) -> dict[str, Any]:
    """What the server says of the wrong node, with the outputs that need it; nothing where no output does."""
    wrong = script.wrong
    if wrong is None or wrong.node_id not in graph:
        return {}
    dependent = [node_id for node_id in outputs_of(graph, script) if wrong.node_id in needed_by(graph, [node_id])]
    if not dependent:
        return {}
    values = {**wrong._asdict(), "class_type": graph[wrong.node_id]["class_type"]}
    about = answer("one_output_refused", **values)["node_errors"][wrong.node_id]
    return {**about, "dependent_outputs": dependent}


def a_comfyui() -> Any:
    """A server for the duration of a `with` block."""
    return ComfyServer().running()


__all__ = ["ComfyServer", "Job", "Received", "Script", "Wrong", "a_comfyui"]
