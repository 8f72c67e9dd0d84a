"""A server that speaks Anthropic's protocol: messages in one piece, or as events of blocks."""

from __future__ import annotations

import json
from typing import Any

from tests.model_servers.ollama import in_pieces
from tests.model_servers.serving import ModelServer, Received, Reply


class AnthropicServer(ModelServer):
    """Answers the last message with an exclamation mark behind it, and calls a tool where there is one."""

    def reply(self, request: Received) -> Reply:
        if request.path != "/v1/messages":
            return Reply(self.error_body("Not Found"), 404)
        keys = (request.headers.get("x-api-key"), request.headers.get("authorization", "").removeprefix("Bearer "))
        if "sk-ant-test-0123456789" not in keys:
            return Reply(self.error_body("invalid x-api-key"), 401)
        body = request.json
        text = f"{body['messages'][-1]['content']}!"
        head = {"id": "msg_01", "type": "message", "role": "assistant", "model": f"{body['model']}-20251001"}
        blocks: list[dict[str, Any]] = [{"type": "text", "text": text}]
        if body.get("tools"):
            blocks.append({"type": "tool_use", "id": "toolu_01", "name": "look", "input": {"at": text}})
        reason = {"stop_reason": "tool_use" if body.get("tools") else "end_turn", "stop_sequence": None}
        if not body.get("stream"):
            return Reply(json.dumps({**head, "content": blocks, **reason, "usage": _usage(9)}).encode())
        events = [
            {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": _usage(1)}}
        ]
        for index, block in enumerate(blocks):
            events += list(_events_of(index, block))
        events.append({"type": "message_delta", "delta": reason, "usage": {"output_tokens": 9}})
        events.append({"type": "message_stop"})
        return Reply(content_type="text/event-stream; charset=utf-8", pieces=tuple(map(_event, events)))

    def error_body(self, words: str) -> bytes:
        return json.dumps({"type": "error", "error": {"type": "api_error", "message": words}}).encode()

    def error_piece(self, words: str) -> bytes:
        return _event({"type": "error", "error": {"type": "overloaded_error", "message": words}})


def _usage(output_tokens: int) -> dict[str, int]:
    return {"input_tokens": 12, "output_tokens": output_tokens}


def _events_of(index: int, block: dict[str, Any]) -> Any:
    yield {"type": "content_block_start", "index": index, "content_block": _empty(block)}
    yield {"type": "ping"}
    for delta in _deltas(block):
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}


def _deltas(block: dict[str, Any]) -> list[dict[str, Any]]:
    if block["type"] == "text":
        return [{"type": "text_delta", "text": piece} for piece in in_pieces(block["text"])]
    text = json.dumps(block["input"])
    pieces = ["", *(text[start : start + 5] for start in range(0, len(text), 5))]
    return [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]


def _event(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
