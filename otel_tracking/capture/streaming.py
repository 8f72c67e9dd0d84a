"""Assemble a streamed answer, while the caller reads it, into what it would have been in one piece."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

NDJSON = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
EVENT_STREAM = "text/event-stream"


class Assembler:
    """Lines in, one JSON value out. Holds the text so far and at most one unfinished line."""

    def __init__(self, media_type: str, limit: int) -> None:
        self._take_line = self._event_line if media_type == EVENT_STREAM else self._take_json
        self._rest = b""
        self._data: list[bytes] = []
        self._left = limit
        self.events = 0
        self.answer = _Answer()

    def feed(self, chunk: bytes) -> None:
        """The next bytes, cut anywhere."""
        self._left -= len(chunk)
        if self._left < 0:
            self._rest = b""
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._take_line(line.rstrip(b"\r"))

    def value(self, *, complete: bool) -> Any:
        """What the events came to so far; of a `complete` answer the last line needs no end."""
        if complete:
            rest, self._rest = self._rest, b""
            self._take_line(rest.rstrip(b"\r"))
            self._event_line(b"")
        return self.answer.value()

    def _event_line(self, line: bytes) -> None:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        elif not line and self._data:
            data, self._data = b"\n".join(self._data), []
            self._take_json(data)

    def _take_json(self, data: bytes) -> None:
        if not data or data == b"[DONE]":
            return
        self.events += 1
        try:
            event = json.loads(data)
        except ValueError:
            event = data.decode("utf-8", "replace")
        self.answer.add(event)


class _Answer:
    """The events of one answer, merged: what repeats is kept once, text is joined."""

    def __init__(self) -> None:
        self._head: dict[str, Any] = {}
        self._texts: dict[tuple[Any, ...], list[str]] = {}
        self._others: list[Any] = []

    def add(self, event: Any) -> None:
        merge = self._merge_for(event)
        if merge is None:
            self._others.append(event)
        else:
            merge(event)

    def value(self) -> Any:
        if not self._head and not self._texts:
            return copy.deepcopy(self._others) or None
        # A copy: the caller may go on reading, and what is given away is changed when secrets are removed.
        answer = copy.deepcopy({**self._head, "other_events": self._others} if self._others else self._head)
        for path, parts in self._texts.items():
            _put(answer, path, "".join(parts))
        return _without_positions(answer)

    def _merge_for(self, event: Any) -> Callable[[dict[str, Any]], None] | None:
        if not isinstance(event, dict):
            return None
        if isinstance(event.get("choices"), list):
            return self._merge_openai
        if isinstance(event.get("type"), str):
            return self._merge_anthropic
        if "done" in event or isinstance(event.get("response"), str) or isinstance(event.get("message"), dict):
            return self._merge_ollama
        return None

    def _merge_ollama(self, event: dict[str, Any]) -> None:
        self._merge_fields(self._head, (), event, joined=frozenset({"response", "thinking"}))

    def _merge_openai(self, event: dict[str, Any]) -> None:
        for choice in event["choices"]:
            if isinstance(choice, dict):
                index = choice.get("index", 0)
                path: tuple[Any, ...] = ("choices", index)
                given = {("message" if key == "delta" else key): entry for key, entry in choice.items()}
                kept = self._head.setdefault("choices", {}).setdefault(index, {})
                self._merge_fields(kept, path, given, joined=frozenset({"text"}))
        rest = {key: entry for key, entry in event.items() if key != "choices"}
        if "object" in rest:
            rest["object"] = str(rest["object"]).removesuffix(".chunk")
        self._head.update({key: entry for key, entry in rest.items() if entry is not None or key not in self._head})

    def _merge_anthropic(self, event: dict[str, Any]) -> None:
        index, delta = event.get("index", 0), event.get("delta")
        if isinstance(event.get("message"), dict):
            self._head.update(event["message"])
        elif isinstance(event.get("content_block"), dict):
            blocks = self._head.setdefault("content", {})
            self._head["content"] = blocks = blocks if isinstance(blocks, dict) else {}
            blocks[index] = event["content_block"]
        elif isinstance(delta, dict) and "index" in event:
            for key in ("text", "thinking", "partial_json"):
                if isinstance(delta.get(key), str):
                    self._texts.setdefault(("content", index, key), []).append(delta[key])
        elif isinstance(delta, dict):
            self._head.update(delta)
        elif event["type"] not in ("ping", "content_block_stop", "message_stop"):
            self._others.append(event)
        if isinstance(event.get("usage"), dict):
            self._head["usage"] = {**(self._head.get("usage") or {}), **event["usage"]}

    def _merge_fields(
        self, kept: dict[str, Any], path: tuple[Any, ...], given: dict[str, Any], joined: frozenset[str]
    ) -> None:
        for key, entry in given.items():
            if key in joined and isinstance(entry, str):
                self._texts.setdefault((*path, key), []).append(entry)
            elif key == "message" and isinstance(entry, dict):
                inner = kept.setdefault("message", {})
                self._merge_fields(inner, (*path, "message"), entry, joined=_MESSAGE_TEXTS)
            elif key == "tool_calls" and isinstance(entry, list):
                self._merge_tool_calls(kept, path, entry)
            elif entry is not None or key not in kept:
                kept[key] = entry

    def _merge_tool_calls(self, kept: dict[str, Any], path: tuple[Any, ...], calls: list[Any]) -> None:
        known = kept.setdefault("tool_calls", {})
        for call in calls:
            if not isinstance(call, dict):
                continue
            index = call.get("index", len(known))
            mine = known.setdefault(index, {})
            function = call.get("function")
            mine.update({key: entry for key, entry in call.items() if key not in ("index", "function")})
            if isinstance(function, dict):
                where = (*path, "tool_calls", index, "function")
                self._merge_fields(mine.setdefault("function", {}), where, function, joined=frozenset({"arguments"}))


_MESSAGE_TEXTS = frozenset({"content", "thinking", "reasoning", "reasoning_content", "refusal"})


def _put(answer: dict[str, Any], path: tuple[Any, ...], text: str) -> None:
    inner: Any = answer
    for step in path[:-1]:
        inner = inner.setdefault(step, {})
    inner[path[-1]] = inner.get(path[-1], "") + text if isinstance(inner.get(path[-1]), str) else text


def _without_positions(value: Any) -> Any:
    """Dicts by position (`{0: …, 1: …}`) as the lists they stand for."""
    if type(value) is list:
        return [_without_positions(entry) for entry in value]
    if type(value) is not dict:
        return value
    if value and all(type(key) is int for key in value):
        return [_without_positions(value[key]) for key in sorted(value)]
    return {key: _without_positions(entry) for key, entry in value.items()}
