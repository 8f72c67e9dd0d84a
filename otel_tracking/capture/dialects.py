"""Put the events of a streamed answer together, for each protocol that models speak.

A dialect knows which events are its own (`knows`), takes them one by one, says what they came to, and whether the one
that its protocol ends with was among them.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

from otel_tracking.capture.deltas import grown, whole

JsonObject = dict[str, Any]


class Dialect(Protocol):
    """The events of one answer, so far."""

    is_over: bool
    """Whether the event came that this protocol ends an answer with."""

    @staticmethod
    def knows(event: JsonObject) -> bool:
        """Whether an event is of this protocol."""
        ...

    def take(self, event: JsonObject) -> bool:
        """Take the next event; False where it is none that can be put together with others."""
        ...

    def value(self) -> Any:
        """The answer as it would have been in one piece: an object, or the list of what came."""
        ...


class Chat:
    """OpenAI's chat completions and completions. They end with `[DONE]`, which is no event."""

    def __init__(self) -> None:
        self.is_over = False
        self._head: JsonObject = {}
        self._choices: dict[int, JsonObject] = {}

    @staticmethod
    def knows(event: JsonObject) -> bool:
        """Events with choices."""
        return isinstance(event.get("choices"), list)

    def take(self, event: JsonObject) -> bool:
        """Add the deltas of each choice; of anything else the last value counts."""
        choices = event.get("choices")
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
            return False
        for position, choice in enumerate(choices):
            index = _position(choice, position)
            grown(self._choices.setdefault(index, {"index": index}), choice | {"index": index})
        _replace(self._head, {key: entry for key, entry in event.items() if key != "choices"})
        return True

    def value(self) -> JsonObject:
        """`chat.completion`, with a message instead of deltas."""
        head = dict(self._head)
        if isinstance(head.get("object"), str):
            head["object"] = head["object"].removesuffix(".chunk")
        return head | {"choices": [_with_message(whole(self._choices[index])) for index in sorted(self._choices)]}


def _with_message(choice: JsonObject) -> JsonObject:
    """The choice with its deltas as its message; both, where the server gave the whole message too."""
    if "delta" in choice and not choice.get("message"):
        choice["message"] = choice.pop("delta")
    elif choice.get("delta") == {}:
        del choice["delta"]
    message = choice.get("message")
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            call.pop("index", None)  # only deltas have one
    return choice


class OllamaDialect:
    """Ollama's own protocol. It ends with the line that says `"done": true`."""

    def __init__(self) -> None:
        self.is_over = False
        self._head: JsonObject = {}

    @staticmethod
    def knows(event: JsonObject) -> bool:
        """Events that say whether they are the last, or hold a piece of the answer."""
        return "done" in event or isinstance(event.get("response"), str) or isinstance(event.get("message"), dict)

    def take(self, event: JsonObject) -> bool:
        """Add the words; of anything else the last value counts."""
        if not self.knows(event):
            return False
        growing = {key: entry for key, entry in event.items() if key in _OLLAMA_TEXTS or isinstance(entry, dict | list)}
        grown(self._head, growing)
        _replace(self._head, {key: entry for key, entry in event.items() if key not in growing})
        self.is_over |= event.get("done") is True
        return True

    def value(self) -> JsonObject:
        """The last line, with the words of all."""
        return {key: whole(entry, key) for key, entry in self._head.items()}


_OLLAMA_TEXTS = frozenset({"response", "thinking"})


class Anthropic:
    """Anthropic's messages. They end with `message_stop`."""

    def __init__(self) -> None:
        self.is_over = False
        self._message: JsonObject = {}
        self._blocks: dict[int, JsonObject] = {}

    @staticmethod
    def knows(event: JsonObject) -> bool:
        """Events of a message, a block of it, or nothing (`ping`)."""
        return _type_of(event) in _ANTHROPIC

    def take(self, event: JsonObject) -> bool:
        """Add a delta to its block, or what is said of the whole message."""
        kind, delta = _type_of(event), event.get("delta")
        if kind == "message_start" and isinstance(event.get("message"), dict):
            self._message |= event["message"]
        elif kind == "content_block_start" and isinstance(event.get("content_block"), dict):
            self._block(event).update(grown({}, event["content_block"]))
        elif kind == "content_block_delta" and isinstance(delta, dict):
            grown(self._block(event), _of_block(delta))
        elif kind == "message_delta":
            _replace(self._message, delta if isinstance(delta, dict) else {})
        elif kind not in _ANTHROPIC:
            return False
        if isinstance(event.get("usage"), dict):
            self._message["usage"] = {**(self._message.get("usage") or {}), **event["usage"]}
        self.is_over |= kind == "message_stop"
        return True

    def value(self) -> JsonObject:
        """The message with its blocks."""
        blocks = [_with_input(whole(self._blocks[index])) for index in sorted(self._blocks)]
        return {**self._message, "content": blocks} if blocks else dict(self._message)

    def _block(self, event: JsonObject) -> JsonObject:
        return self._blocks.setdefault(_position(event, 0), {})


_ANTHROPIC = frozenset(
    {
        *("message_start", "message_delta", "message_stop", "ping"),
        *("content_block_start", "content_block_delta", "content_block_stop"),
    }
)


def _of_block(delta: JsonObject) -> JsonObject:
    """A delta in the words of the block that it is of: one citation is a list of one."""
    given = {key: entry for key, entry in delta.items() if key not in ("type", "citation")}
    return given | {"citations": [delta["citation"]]} if "citation" in delta else given


def _with_input(block: JsonObject) -> JsonObject:
    """A tool's input as what it says, where that is whole."""
    text = block.get("partial_json")
    if not isinstance(text, str):
        return block
    rest = {key: entry for key, entry in block.items() if key != "partial_json"}
    try:
        return {**rest, "input": json.loads(text)} if text else rest
    except ValueError:
        return block


class Gemini:
    """Google's `streamGenerateContent`. It ends with the event that gives every candidate's reason to finish."""

    def __init__(self) -> None:
        self.is_over = False
        self._head: JsonObject = {}
        self._candidates: dict[int, JsonObject] = {}
        self._contents: dict[int, JsonObject] = {}

    @staticmethod
    def knows(event: JsonObject) -> bool:
        """Events with candidates."""
        return isinstance(event.get("candidates"), list)

    def take(self, event: JsonObject) -> bool:
        """Add the parts of each candidate; of anything else the last value counts."""
        candidates = event.get("candidates", [])
        if not isinstance(candidates, list) or not all(isinstance(candidate, dict) for candidate in candidates):
            return False
        for position, candidate in enumerate(candidates):
            index = _position(candidate, position)
            if isinstance(candidate.get("content"), dict):
                grown(self._contents.setdefault(index, {}), candidate["content"])
            rest = {key: entry for key, entry in candidate.items() if key != "content"}
            _replace(self._candidates.setdefault(index, {}), rest)
        _replace(self._head, {key: entry for key, entry in event.items() if key != "candidates"})
        ends = [candidate.get("finishReason") for candidate in self._candidates.values()]
        self.is_over = bool(ends) and all(ends)
        return True

    def value(self) -> JsonObject:
        """One `GenerateContentResponse`."""
        numbers = sorted(self._candidates)
        contents = {number: {"content": whole(content)} for number, content in self._contents.items()}
        return {**self._head, "candidates": [contents.get(n, {}) | self._candidates[n] for n in numbers]}


class Typed:
    """Events that only say their `type`, such as OpenAI's responses, pictures and speech.

    Deltas of one place are joined. Where an event brings the whole response, that is the answer.
    """

    def __init__(self) -> None:
        self.is_over = False
        self._response: JsonObject | None = None
        self._events: list[JsonObject] = []
        self._by_place: dict[tuple[str, ...], JsonObject] = {}

    @staticmethod
    def knows(event: JsonObject) -> bool:
        """Events with a type."""
        return _type_of(event) != ""

    def take(self, event: JsonObject) -> bool:
        """Keep the event, or add its delta to the one before it of the same place."""
        kind = _type_of(event)
        if not kind:
            return False
        if isinstance(event.get("response"), dict):
            self._response = event["response"]
        else:
            self._keep(event)
        self.is_over |= kind in _LAST_TYPES
        return True

    def value(self) -> Any:
        """The response as it was last given, with what events say beyond it; or the events one by one."""
        events = [whole(event) for event in self._events]
        if self._response is None:
            return events
        return dict(self._response) if self.is_over or not events else {**self._response, "other_events": events}

    def _keep(self, event: JsonObject) -> None:
        delta, place = event.get("delta"), tuple(str(event.get(name)) for name in _PLACE)
        if not isinstance(delta, str):
            self._events.append(grown({}, event))
        elif place in self._by_place:
            grown(self._by_place[place], {"delta": delta})
        else:
            begun = self._by_place[place] = grown({}, event)
            self._events.append(begun)


_PLACE = ("type", "item_id", "output_index", "content_index", "summary_index")
_LAST_TYPES = frozenset(
    {
        *("response.completed", "response.failed", "response.incomplete", "response.cancelled"),
        *("image_generation.completed", "image_edit.completed", "speech.audio.done", "transcript.text.done", "error"),
    }
)


def _type_of(event: JsonObject) -> str:
    kind = event.get("type")
    return kind if isinstance(kind, str) else ""


def _replace(kept: JsonObject, given: JsonObject) -> None:
    """Take over what is given; null says nothing where something was said."""
    kept.update({key: entry for key, entry in given.items() if entry is not None or key not in kept})


def _position(entry: JsonObject, position: int) -> int:
    """The index that an entry says, or where it stands."""
    index = entry.get("index")
    return index if type(index) is int else position


DIALECTS: tuple[type[Dialect], ...] = (Chat, Gemini, Anthropic, Typed, OllamaDialect)
"""In the order of asking."""
