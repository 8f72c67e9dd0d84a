"""A server that speaks OpenAI's protocol: chat completions (in one piece, or as events), pictures, and files."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from devserver.testing import PNG
from tests.model_servers.ollama import in_pieces
from tests.model_servers.serving import ModelServer, Received, Reply

EVENTS = "text/event-stream"
CREATED = 1763892930


class OpenAIServer(ModelServer):
    """Lets in who has `key`. `image_url` true answers addresses of pictures, `draws` true a picture with each text of a
    chat; `seed` is the one it says it used.
    """

    def __init__(
        self,
        answer: Callable[[str], str] | str | None = None,
        *,
        key: str = "sk-test",
        image_url: bool = False,
        draws: bool = False,
        seed: int | None = None,
        failures: Mapping[int, Any] | None = None,
    ) -> None:
        super().__init__(failures=failures)
        self._answer = answer if callable(answer) else lambda text: f"{text}!" if answer is None else str(answer)
        self._key, self._image_url, self._draws, self._seed = key, image_url, draws, seed

    def reply(self, request: Received) -> Reply:
        if request.path.startswith("/files/"):
            return Reply(PNG, content_type="image/png")
        if request.headers.get("authorization") != f"Bearer {self._key}":
            said = request.headers.get("authorization", "").removeprefix("Bearer ")
            return Reply(self.error_body(f"Incorrect API key provided: {said}."), 401)
        if request.path == "/v1/images/edits":
            return self._pictures({"n": 1})
        body = request.json
        if request.path == "/v1/images/generations":
            return self._pictures(body)
        if request.path != "/v1/chat/completions":
            return Reply(self.error_body("no such path"), 404)
        return self._chat(body)

    def _chat(self, body: dict[str, Any]) -> Reply:
        said = body["messages"][-1]["content"]
        text = self._answer(said if isinstance(said, str) else said[0]["text"])
        head = {"id": "chatcmpl-7", "object": "chat.completion", "created": CREATED, "model": f"{body['model']}-2407"}
        head |= {"seed": self._seed} if self._seed is not None else {}
        usage = {"prompt_tokens": 9, "completion_tokens": 12, "total_tokens": 21}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text, "refusal": None} | self._drawn()
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            return Reply(json.dumps({**head, "choices": [choice], "usage": usage}, indent=2).encode())
        head["object"] = "chat.completion.chunk"
        deltas = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in in_pieces(text))]
        deltas[-1] |= self._drawn()
        chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
        chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        chunks.append({**head, "choices": [], "usage": usage})
        return Reply(
            content_type=EVENTS,
            pieces=(b": OPENROUTER PROCESSING\n\n", *(_event(chunk) for chunk in chunks), b"data: [DONE]\n\n"),
        )

    def _drawn(self) -> dict[str, Any]:
        url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
        return {"images": [{"type": "image_url", "image_url": {"url": url}}]} if self._draws else {}

    def _pictures(self, body: dict[str, Any]) -> Reply:
        revised = {"revised_prompt": "A single flower, photographed at dawn."}
        if self._image_url:
            entry = {**revised, "url": f"{self.url}/files/1.png?sig=verysecretsignature&se=2026"}
        else:
            entry = {**revised, "b64_json": base64.b64encode(PNG).decode()}
        if self._seed is not None:
            entry["seed"] = self._seed
        answer = {"created": CREATED, "size": body.get("size", "1024x1024"), "data": [entry] * int(body.get("n", 1))}
        return Reply(json.dumps(answer).encode())

    def error_body(self, words: str) -> bytes:
        return json.dumps({"error": {"message": words, "type": "server_error", "param": None, "code": None}}).encode()

    def error_piece(self, words: str) -> bytes:
        return _event({"error": {"code": 502, "message": words}})


def _event(value: Any) -> bytes:
    # Raw characters, as Python servers write them: U+2028 ends no line of an event stream.
    return b"data: " + json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n\n"
