"""Ask a ComfyUI server over HTTP: upload images, queue a graph, fetch what came of it, stop it.

What makes the output goes over the recording client, so that the record has it as it left: uploads, the graph, its
history, the files. Questions about the server itself go over a plain one: its queue holds what others wrote, and
whether a result is ready may be asked a hundred times.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from devserver.backends.comfyui.graph import Graph
from devserver.backends.comfyui.refusal import refusal_of
from devserver.backends.comfyui.secrets import secrets_of
from devserver.backends.errors import AnswerNotUnderstood, EngineError
from devserver.backends.http import answers, check_status, encode_json, plain_client, read_object, shared_client
from devserver.engines import InputImage

if TYPE_CHECKING:
    import httpx

SERVER = "ComfyUI"


class Queued(NamedTuple):
    """A graph that the server has taken; `node_errors` are of outputs that it will leave out."""

    prompt_id: str
    number: int | float | None
    node_errors: Mapping[str, Any]


class Whereabouts(NamedTuple):
    """Where a graph is that is not over yet: `running` or `waiting`, with so many before it."""

    state: str
    prompt_id: str
    ahead: int


class ServerFile(NamedTuple):
    """A file of the server, as its history names it."""

    filename: str
    subfolder: str
    type: str


class ComfyApi:
    """One ComfyUI server, by its address."""

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self.url = url.rstrip("/")
        self._given = client

    @property
    def _client(self) -> httpx.Client:
        return self._given or shared_client()

    def upload(self, image: InputImage) -> str:
        """The name by which the server knows the image from now on.

        It is made from the image's bytes: two children's `photo.png` never overwrite one another, and the name that
        a child gave stays here.
        """
        name = hashlib.sha256(image.content).hexdigest()[:32] + (mimetypes.guess_extension(image.media_format) or "")
        file = (name, image.content, image.media_format)
        data = {"overwrite": "true", "type": "input"}
        answer = self._object(self._client, "POST", "/upload/image", files={"image": file}, data=data)
        if not isinstance(answer.get("name"), str):
            raise AnswerNotUnderstood(f"{SERVER} took an image and did not say how it is called now")
        return "/".join(filter(None, (answer.get("subfolder"), answer["name"])))

    def queue(self, graph: Graph, client_id: str) -> Queued:
        """Queue a graph. Raises `RequestRejected` or `ModelNotFound` with what is wrong at which node."""
        body = encode_json({"prompt": graph, "client_id": client_id})
        headers = {"content-type": "application/json"}
        response = self._ask(self._client, "POST", "/prompt", content=body, headers=headers)
        if response.status_code == 400:
            raise refusal_of(response.content, graph, secrets_of(graph))
        _check(response)
        answer = read_object(response.content, SERVER)
        if not isinstance(answer.get("prompt_id"), str):
            raise AnswerNotUnderstood(f"{SERVER} took a graph and did not say under which prompt_id")
        return Queued(answer["prompt_id"], answer.get("number"), answer.get("node_errors") or {})

    def history(self, prompt_id: str, *, recorded: bool = True) -> dict[str, Any] | None:
        """What became of a graph; None as long as nothing has. Only the last question is worth recording."""
        client = self._client if recorded else plain_client()
        entry = self._object(client, "GET", f"/history/{quote(prompt_id, safe='')}").get(prompt_id)
        return entry if isinstance(entry, dict) else None

    def fetch(self, file: ServerFile) -> tuple[bytes, str] | None:
        """The bytes of a file, and the type that the server says it has; None where the server does not have it."""
        response = self._ask(self._client, "GET", "/view", params=file._asdict())
        if response.status_code == 404:
            return None
        _check(response)
        return response.content, response.headers.get("content-type", "").partition(";")[0]

    def about(self) -> dict[str, Any]:
        """The server's version and its device; nothing where it does not say."""
        try:
            stats = self._object(plain_client(), "GET", "/system_stats")
        except EngineError:
            return {}  # The version is worth knowing, and not worth failing for.
        system, devices = stats.get("system") or {}, stats.get("devices") or [{}]
        found = {
            "comfyui_version": system.get("comfyui_version"),
            "pytorch_version": system.get("pytorch_version"),
            "device": devices[0].get("name"),
        }
        return {name: value for name, value in found.items() if value}

    def where_is(self, client_id: str) -> Whereabouts | None:
        """Where the graph of a client is; None where it neither waits nor runs."""
        answer = self._object(plain_client(), "GET", "/queue")
        try:
            return _find(answer["queue_running"], answer["queue_pending"], client_id)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise AnswerNotUnderstood(f"{SERVER} describes its queue in a way that is not known") from error

    def stop(self, client_id: str) -> str:
        """Stop the graph of one client and nobody else's; says what had to be done. Never raises an `EngineError`.

        Older servers interrupt whatever runs, so they are only asked to while ours does.
        """
        done = "was over already"
        try:
            for _ in range(2):  # Between two questions it may have come from the queue to the machine.
                found = self.where_is(client_id)
                if found is None:
                    break
                if found.state == "running":
                    self._tell("/interrupt", {"prompt_id": found.prompt_id})
                    return "interrupted"
                self._tell("/queue", {"delete": [found.prompt_id]})
                done = "removed from the queue"
        except EngineError:
            return "could not be stopped"
        return done

    def _tell(self, path: str, body: dict[str, Any]) -> None:
        _check(self._ask(plain_client(), "POST", path, json=body))

    def _object(self, client: httpx.Client, method: str, path: str, **sent: Any) -> dict[str, Any]:
        response = self._ask(client, method, path, **sent)
        _check(response)
        return read_object(response.content, SERVER)

    def _ask(self, client: httpx.Client, method: str, path: str, **sent: Any) -> httpx.Response:
        """The answer, whatever its status."""
        with answers(SERVER):
            return client.request(method, self.url + path, **sent)


def _check(response: httpx.Response) -> None:
    """Raise what a status of 400 and up means; ComfyUI's models are never meant by a 404, only addresses."""
    if response.status_code == 404:
        raise AnswerNotUnderstood(f"there is no {SERVER} at this address: 404 for {response.request.url.path}")
    check_status(response, SERVER)


def _find(running: list[Any], pending: list[Any], client_id: str) -> Whereabouts | None:
    """The graph of a client in a queue whose entries are number, prompt_id, graph, further data, outputs."""
    entries = [*running, *sorted(pending, key=lambda entry: float(entry[0]))]
    for ahead, (_, prompt_id, _, further, *_) in enumerate(entries):
        if further.get("client_id") == client_id:
            return Whereabouts("running" if ahead < len(running) else "waiting", str(prompt_id), ahead)
    return None
