"""Ask a model of an Ollama server, as a conversation (`/api/chat`) or with one prompt (`/api/generate`).

What a configuration sets goes where Ollama reads it: at the top of the request, or among its `options`. Names that
Ollama does not know (`max_tokens` is one, it calls that `num_predict`) are not sent, and the record says so.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from devserver.backends.errors import AnswerBrokeOff, AnswerNotUnderstood, InvalidParameter
from devserver.backends.http import failure_of, lines_of, noting, post, read_object, shared_client
from devserver.backends.ollama_identity import SERVER, Identities
from devserver.backends.servers import about_address
from devserver.engines import Backend, InputImage, Made, MadeFile

if TYPE_CHECKING:
    import httpx

Api = Literal["chat", "generate"]

REQUEST_NAMES = ("model", "format", "keep_alive", "think")
GENERATE_NAMES = ("suffix", "template", "raw")
"""Parameters at the top of a request, and those that only `/api/generate` has. `system` and `stream` go there too."""

OPTION_NAMES = frozenset(
    {
        *("num_keep", "seed", "num_predict", "top_k", "top_p", "min_p", "typical_p", "repeat_last_n", "temperature"),
        *("repeat_penalty", "presence_penalty", "frequency_penalty", "mirostat", "mirostat_tau", "mirostat_eta"),
        *("penalize_newline", "stop", "numa", "num_ctx", "num_batch", "num_gpu", "main_gpu", "low_vram", "vocab_only"),
        *("use_mmap", "use_mlock", "num_thread", "tfs_z"),
    }
)
"""Parameters that go among `options`."""


class Ollama:
    """Makes a text of a text, and of pictures where the model sees.

    `Ollama("http://127.0.0.1:11434").make("Hello", seed=7, parameters={"model": "mistral-nemo"}).text`
    """

    def __init__(self, base_url: str, *, api: Api = "chat", client: httpx.Client | None = None) -> None:
        self._base_url, self._api = base_url.rstrip("/"), api
        self._client = client
        self._identities = Identities(self._base_url)

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """The model that the parameters name."""
        model = parameters.get("model")
        return Backend("ollama", None if model is None else str(model), about_address(self._base_url))

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """What the model answers, whole. It is read as it comes unless `stream` is false."""
        if not parameters.get("model"):
            raise InvalidParameter("Ollama needs a model: set parameters.model, such as mistral-nemo:latest")
        body = self._body(text, seed, parameters, images)
        client = self._client or shared_client()
        injected = {"system": ["/body/messages/0/content"]} if "system" in parameters and self._api == "chat" else {}
        url = f"{self._base_url}/api/{self._api}"
        self._identities.ask()
        with noting(injected), post(client, url, server=SERVER, json=body) as response:
            answer = _collect(read_object(line, SERVER) for line in _documents(response, body["stream"], cancel))
        if not answer["text"].strip():
            raise AnswerNotUnderstood(f"{SERVER} answered with an empty text (done_reason: {answer['done_reason']})")
        server = self._identities.told()
        digest = server.digest_of(str(parameters["model"]))
        return Made(
            files=(MadeFile(answer["text"], "text/plain"),),
            sent=_sent(body, seed, parameters),
            injected=injected,
            facts=_facts(answer) | ({"model_digest": digest} if digest else {}),
            engine_version=server.version,
        )

    def _body(
        self, text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
    ) -> dict[str, Any]:
        body = {name: parameters[name] for name in REQUEST_NAMES if name in parameters}
        pictures = [base64.b64encode(image.content).decode() for image in images]
        body |= self._chat(text, parameters, pictures) if self._api == "chat" else _prompt(text, parameters, pictures)
        body["stream"] = parameters.get("stream", True) is not False
        body["options"] = _options(parameters, seed)
        return body

    def _chat(self, text: str, parameters: Mapping[str, Any], pictures: list[str]) -> dict[str, Any]:
        system = [{"role": "system", "content": parameters["system"]}] if "system" in parameters else []
        user: dict[str, Any] = {"role": "user", "content": text}
        return {"messages": [*system, user | ({"images": pictures} if pictures else {})]}


def _prompt(text: str, parameters: Mapping[str, Any], pictures: list[str]) -> dict[str, Any]:
    known = {name: parameters[name] for name in ("system", *GENERATE_NAMES) if name in parameters}
    return {"prompt": text, **known, **({"images": pictures} if pictures else {})}


def _options(parameters: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """What is among `options` already, what belongs there, and the seed."""
    given = parameters.get("options", {})
    if not isinstance(given, Mapping):
        raise InvalidParameter(f"parameters.options is {given!r:.60}; a table such as {{num_ctx = 8192}} is expected")
    return {**given, **{name: parameters[name] for name in parameters if name in OPTION_NAMES}, "seed": seed}


def _documents(response: httpx.Response, is_stream: bool, cancel: threading.Event | None) -> Any:
    if is_stream:
        return (line for line in lines_of(response, cancel) if line.strip())
    return [response.read()]


def _collect(documents: Any) -> dict[str, Any]:
    """The pieces of an answer as one: its text, and what the last piece says of the whole."""
    texts, last = [], {}
    for document in documents:
        if document.get("error"):
            raise failure_of(_status_in(document), document, SERVER)
        texts.append(_text_in(document))
        last = document
    if last.get("done") is not True:
        raise AnswerBrokeOff(f"{SERVER} stopped in the middle of its answer")
    return {**last, "text": "".join(texts), "done_reason": last.get("done_reason")}


def _status_in(document: Mapping[str, Any]) -> int:
    """The status of a piece that is an error: that of the answer left before it was known."""
    status = document.get("status")
    return status if type(status) is int and status >= 400 else 500


def _text_in(document: Mapping[str, Any]) -> str:
    message = document.get("message")
    text = message.get("content") if isinstance(message, dict) else document.get("response")
    return text if isinstance(text, str) else ""


def _sent(body: Mapping[str, Any], seed: int, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that left, by the names of the configuration."""
    there = {**body, **body["options"], "options": None, "system": None}
    return {name: value for name, value in parameters.items() if name in there} | {"seed": seed}


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    names = {"model": "answered_by", "done_reason": "finish_reason", "eval_count": "output_tokens"}
    return {ours: answer[theirs] for theirs, ours in names.items() if answer.get(theirs) is not None}
