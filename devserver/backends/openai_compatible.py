"""Ask a server that speaks OpenAI's protocol for a text: OpenRouter, OpenAI, Mistral, or your own (vLLM, llama.cpp).

The key goes into the header of each request and nowhere else. Parameters that the protocol does not know are not sent.
Pictures are asked for in `openai_images.py`.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from devserver.backends.errors import AnswerBrokeOff, AnswerNotUnderstood, InvalidParameter
from devserver.backends.http import events_of, failure_of, noting, post, read_object, shared_client
from devserver.backends.servers import Provider
from devserver.engines import Backend, InputImage, Made, MadeFile

if TYPE_CHECKING:
    import httpx

CHAT_NAMES = frozenset(
    {
        *("model", "models", "temperature", "top_p", "top_k", "min_p", "top_a", "n", "stop", "max_tokens"),
        *("max_completion_tokens", "presence_penalty", "frequency_penalty", "repetition_penalty", "logit_bias"),
        *("logprobs", "top_logprobs", "response_format", "reasoning", "reasoning_effort", "verbosity", "modalities"),
        *("provider", "route", "transforms", "plugins", "safe_prompt", "service_tier", "stream_options"),
    }
)
"""Parameters that are sent with a chat request under their own names."""


class OfProvider:
    """An engine of a provider, opened with its key. `client` sends; by default it is the one that records."""

    def __init__(self, provider: Provider, key: str = "", *, client: httpx.Client | None = None) -> None:
        self._provider, self._key, self._given = provider, key, client

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """The model that the parameters name, with the region of who runs it."""
        model = parameters.get("model")
        return Backend(self._provider.name, None if model is None else str(model), self._provider.about)

    @property
    def _client(self) -> httpx.Client:
        return self._given or shared_client()

    @property
    def _secrets(self) -> tuple[str, ...]:
        """What no message may repeat."""
        return (self._key,) if self._key else ()

    def _require_model(self, parameters: Mapping[str, Any]) -> None:
        """Raise `InvalidParameter` where no model is named: there is none that every account has."""
        if not parameters.get("model"):
            title = self._provider.title
            raise InvalidParameter(f"{title} needs a model: set parameters.model to one of its model names")

    def _post(self, path: str, **request: Any) -> AbstractContextManager[httpx.Response]:
        """The answer to a request below the provider's address, with the key in the header where there is one."""
        return post(
            self._client,
            f"{self._provider.base_url.rstrip('/')}/{path}",
            server=self._provider.title,
            headers={"authorization": f"Bearer {self._key}"} if self._key else {},
            secrets=self._secrets,
            **request,
        )

    def _checked(self, document: bytes) -> dict[str, Any]:
        """The object in an answer. Raises the error that it holds although its status was one of success."""
        answer = read_object(document, self._provider.title)
        error = answer.get("error")
        if error:
            code = error.get("code") if isinstance(error, dict) else None
            status = code if type(code) is int and code >= 400 else 500
            raise failure_of(status, answer, self._provider.title, secrets=self._secrets)
        return answer


class OpenAICompatible(OfProvider):
    """Makes a text of a text, and of pictures where the model sees; pictures where the model draws as it talks."""

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
        self._require_model(parameters)
        body = self._body(text, seed, parameters, images)
        injected = self._injected(parameters)
        with noting(injected), self._post("chat/completions", json=body) as response:
            answer = self._collect(events_of(response, cancel) if body["stream"] else [response.read()])
        files = tuple(_files_of(answer, self._provider))
        sent = {name: value for name, value in parameters.items() if name in body or name == "system"}
        if self._provider.seed_name:
            sent["seed"] = seed
        return Made(files=files, sent=sent, injected=injected, facts=_facts(answer), used_seed=seed_in(answer))

    def _injected(self, parameters: Mapping[str, Any]) -> dict[str, list[str]]:
        """Where parameters go that the protocol calls otherwise."""
        places = {"system": ["/body/messages/0/content"]} if "system" in parameters else {}
        seed_name = self._provider.seed_name
        return places | ({"seed": [f"/body/{seed_name}"]} if seed_name not in ("", "seed") else {})

    def _body(
        self, text: str, seed: int, parameters: Mapping[str, Any], images: Sequence[InputImage]
    ) -> dict[str, Any]:
        system = [{"role": "system", "content": parameters["system"]}] if "system" in parameters else []
        body = {name: value for name, value in parameters.items() if name in CHAT_NAMES}
        body["messages"] = [*system, {"role": "user", "content": _content(text, images)}]
        body["stream"] = parameters.get("stream", True) is not False
        if self._provider.seed_name:
            body[self._provider.seed_name] = seed
        return body

    def _collect(self, pieces: Iterable[bytes]) -> dict[str, Any]:
        """The pieces of an answer as one: text and pictures of the first choice, and what is said of the whole."""
        texts: list[str] = []
        pictures: list[Any] = []
        answer: dict[str, Any] = {}
        for piece in pieces:
            if piece.strip() == b"[DONE]":
                break
            document = self._checked(piece)
            answer |= {name: value for name, value in document.items() if value is not None and name != "choices"}
            for choice in _first_choices(document):
                message = choice.get("message") or choice.get("delta") or {}
                texts.append(_text_in(message))
                pictures += message.get("images") or []
                answer["finish_reason"] = choice.get("finish_reason") or answer.get("finish_reason")
        if not answer.get("finish_reason"):
            raise AnswerBrokeOff(f"{self._provider.title} stopped in the middle of its answer")
        return {**answer, "text": "".join(texts), "pictures": pictures}


def seed_in(answer: Mapping[str, Any]) -> int | None:
    """The seed that the server says it used."""
    seed = answer.get("seed")
    return seed if type(seed) is int else None


def _content(text: str, images: Sequence[InputImage]) -> Any:
    if not images:
        return text
    urls = [f"data:{image.media_format};base64,{base64.b64encode(image.content).decode()}" for image in images]
    return [{"type": "text", "text": text}, *({"type": "image_url", "image_url": {"url": url}} for url in urls)]


def _first_choices(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    choices = document.get("choices")
    if not isinstance(choices, list):
        return []
    return [choice for choice in choices if isinstance(choice, dict) and choice.get("index") in (0, None)]


def _text_in(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _files_of(answer: Mapping[str, Any], provider: Provider) -> Iterable[MadeFile]:
    """The pictures where the model drew some, else the text."""
    pictures = [_picture(entry) for entry in answer["pictures"]]
    if found := [picture for picture in pictures if picture is not None]:
        return [MadeFile(file.content, file.media_format, {"text": answer["text"]}) for file in found]
    if not answer["text"].strip():
        reason = answer.get("finish_reason")
        raise AnswerNotUnderstood(f"{provider.title} answered with an empty text (finish_reason: {reason})")
    return [MadeFile(answer["text"], "text/plain")]


def _picture(entry: Any) -> MadeFile | None:
    """A picture that came as a data URL."""
    url = entry.get("image_url", {}).get("url", "") if isinstance(entry, dict) else ""
    head, _, data = url.partition(";base64,")
    if not head.startswith("data:") or not data:
        return None
    return MadeFile(decode_base64(data), head.removeprefix("data:"))


def decode_base64(text: str) -> bytes:
    """The bytes of a picture in an answer; raises `AnswerNotUnderstood`."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise AnswerNotUnderstood(f"a picture in the answer is not base64: {error}") from error


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    usage = answer.get("usage")
    known = {
        "answered_by": answer.get("model"),
        "finish_reason": answer.get("finish_reason"),
        "output_tokens": usage.get("completion_tokens") if isinstance(usage, dict) else None,
        "upstream_provider": answer.get("provider"),
        "system_fingerprint": answer.get("system_fingerprint"),
    }
    return {name: value for name, value in known.items() if value is not None}
