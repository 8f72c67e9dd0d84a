"""A server that speaks Ollama's protocol as Ollama writes it: Go's JSON, one document per line where it streams."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.model_servers.serving import JSON, Fails, ModelServer, Received, Reply

NDJSON = "application/x-ndjson"
VERSION = "0.17.4"
CREATED = "2026-11-23T10:15:30.499127Z"
METRICS = {
    "total_duration": 10706818083,
    "load_duration": 6338219291,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 130079000,
    "eval_count": 259,
    "eval_duration": 4232710000,
}


class OllamaServer(ModelServer):
    """Has `models`, and says what `answer` makes of a request's text (by default the text and its number of calls)."""

    def __init__(
        self,
        answer: Callable[[str], str] | str | None = None,
        *,
        models: tuple[str, ...] = ("mistral-nemo:latest", "gpt-oss:20b", "llama3.2-vision"),
        answers_as: str | None = None,
        failures: Mapping[int, Any] | None = None,
    ) -> None:
        super().__init__(failures=failures)
        self._answer = answer if callable(answer) else lambda text: f"{text}!" if answer is None else str(answer)
        self._models, self._answers_as = models, answers_as
        self.questions: list[str] = []
        self.knows_itself = True

    def reply(self, request: Received) -> Reply:
        if request.method == "GET":
            return self._about_itself(request.path)
        if request.path not in ("/api/chat", "/api/generate") or request.method != "POST":
            return Reply(b"404 page not found", 404, "text/plain")
        try:
            body = request.json
        except ValueError as error:
            return Reply(self.error_body(str(error)), 400)
        model = body.get("model", "")
        if model not in self._models:
            return Reply(self.error_body(f"model '{model}' not found"), 404)
        if not isinstance(body.get("options", {}).get("temperature", 0.8), int | float):
            # With 500, as the real one: whatever goes wrong while the model is made ready has this status.
            return Reply(self.error_body('option "temperature" must be of type float32'), 500)
        return self._text(body, self._answers_as or model, is_chat=request.path == "/api/chat")

    def take(self, request: Received) -> Any:
        """Questions about the server itself are kept apart, and fail where `knows_itself` is false."""
        if request.method != "GET":
            return super().take(request)
        self.questions.append(request.path)
        return None if self.knows_itself else Fails(500)

    def _about_itself(self, path: str) -> Reply:
        if path == "/api/version":
            return Reply(go_json({"version": VERSION}))
        if path == "/api/tags":
            return Reply(go_json({"models": [_listed(name) for name in self._models]}))
        return Reply(b"404 page not found", 404, "text/plain")

    def _text(self, body: dict[str, Any], model: str, *, is_chat: bool) -> Reply:
        text = self._answer(body["messages"][-1]["content"] if is_chat else body["prompt"])
        head = {"model": model, "created_at": CREATED}
        if body.get("stream", True) is False:
            return Reply(go_json(head | _said(text, is_chat) | _end(is_chat)), content_type=f"{JSON}; charset=utf-8")
        lines = [head | _said(piece, is_chat) | {"done": False} for piece in in_pieces(text)]
        last = head | _said("", is_chat) | _end(is_chat)
        return Reply(content_type=NDJSON, pieces=tuple(go_json(line) + b"\n" for line in (*lines, last)))

    def error_body(self, words: str) -> bytes:
        return go_json({"error": words})

    def error_piece(self, words: str) -> bytes:
        return self.error_body(words) + b"\n"


def digest_of(model: str) -> str:
    """The digest under which the server has a model."""
    return hashlib.sha256(model.encode()).hexdigest()


def _listed(model: str) -> dict[str, Any]:
    name = model if ":" in model else f"{model}:latest"
    details = {"format": "gguf", "family": "llama", "parameter_size": "12.2B", "quantization_level": "Q4_0"}
    return {"name": name, "model": name, "size": 7071713232, "digest": digest_of(model), "details": details}


def _said(text: str, is_chat: bool) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}} if is_chat else {"response": text}


def _end(is_chat: bool) -> dict[str, Any]:
    ended = {"done_reason": "stop", "done": True} if is_chat else {"done": True, "done_reason": "stop"}
    return ended | ({} if is_chat else {"context": [1, 2, 3]}) | METRICS


def in_pieces(text: str) -> list[str]:
    """A text as a model says it: words, with the spaces before them."""
    first, *others = text.split(" ")
    return [first, *(f" {word}" for word in others)]


def go_json(value: Any) -> bytes:
    """JSON as Go's encoder writes it: no spaces, and what could end a script element escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode("utf-8", "surrogatepass")
