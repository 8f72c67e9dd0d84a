"""Say a request and an answer in the words of the GenAI conventions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from otel_tracking.attributes import flat, viewer_text
from otel_tracking.capture import names

_PARAMETERS: dict[str, tuple[str, type[float] | type[int]]] = {
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, float),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, float),
    "top_k": (names.GEN_AI_REQUEST_TOP_K, float),
    "seed": (names.GEN_AI_REQUEST_SEED, int),
    "max_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, int),
    "max_completion_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, int),
    "num_predict": (names.GEN_AI_REQUEST_MAX_TOKENS, int),
}


def request_attributes(body: Any, *, contents: bool) -> dict[str, Any]:
    """Attributes of a JSON request; Ollama's `options` count as well."""
    if not isinstance(body, dict):
        return {}
    options = body.get("options")
    given = {**options, **body} if isinstance(options, dict) else body
    found: dict[str, Any] = {}
    # Most bodies have few of these names: look at what is there, in C.
    for name in _PARAMETERS.keys() & given.keys():
        attribute, kind = _PARAMETERS[name]
        value = given[name]
        if type(value) in (int, float) and (kind is float or type(value) is int) and -(2**63) <= value < 2**63:
            found[attribute] = kind(value)
    if contents:
        found |= _contents(names.INPUT_VALUE, names.INPUT_MIME_TYPE, _first(given, "messages", "prompt", "input"))
    return found


def answer_facts(body: Any) -> dict[str, Any]:
    """What an answer says of itself: `model`, `seed`, `finish_reason`, `revised_prompt`, `usage`."""
    if not isinstance(body, dict):
        return {}
    reasons = [reason for choice in _dicts(body.get("choices")) if (reason := choice.get("finish_reason"))]
    revised = [image["revised_prompt"] for image in _dicts(body.get("data")) if "revised_prompt" in image]
    found = {
        "model": body.get("model"),
        "id": body.get("id"),
        "seed": _first(body, "seed", "used_seed"),
        "finish_reason": reasons[0] if len(reasons) == 1 else reasons or _first(body, "done_reason", "stop_reason"),
        "revised_prompt": revised[0] if revised else None,
        "usage": _usage(body),
    }
    return {name: value for name, value in found.items() if value is not None and value != {} and value != []}


def answer_attributes(body: Any, facts: Mapping[str, Any], *, contents: bool) -> dict[str, Any]:
    """Attributes of a JSON answer whose `answer_facts` are known."""
    reason, usage = facts.get("finish_reason"), facts.get("usage", {})
    found = {
        names.GEN_AI_RESPONSE_MODEL: facts.get("model"),
        names.GEN_AI_RESPONSE_ID: facts.get("id"),
        names.GEN_AI_RESPONSE_FINISH_REASONS: [str(part) for part in (reason if isinstance(reason, list) else [reason])]
        if reason
        else None,
        names.GEN_AI_USAGE_INPUT_TOKENS: _first(usage, "input_tokens", "prompt_tokens", "prompt_eval_count"),
        names.GEN_AI_USAGE_OUTPUT_TOKENS: _first(usage, "output_tokens", "completion_tokens", "eval_count"),
    }
    kept = {name: value if isinstance(value, list) else flat(value) for name, value in found.items() if value}
    if contents:
        kept |= _contents(names.OUTPUT_VALUE, names.OUTPUT_MIME_TYPE, _text_of(body))
    return kept


def _usage(body: Mapping[str, Any]) -> dict[str, Any]:
    usage = body.get("usage")
    if isinstance(usage, dict):
        return usage
    return {name: body[name] for name in ("prompt_eval_count", "eval_count") if name in body}


def _text_of(body: Any) -> Any:
    """The answer's text where it is in a usual place, else all of it."""
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("response"), str):
        return body["response"]
    choices = _dicts(body.get("choices"))
    holder = choices[0] if choices else body
    message = holder.get("message")
    text = message.get("content") if isinstance(message, dict) else holder.get("text")
    return text if isinstance(text, str) else body


def _contents(value_name: str, type_name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, str):
        return {value_name: viewer_text(value), type_name: "text/plain"}
    text = json.dumps(value, ensure_ascii=False, default=str)
    return {value_name: viewer_text(text), type_name: "application/json"}


def _first(given: Any, *wanted: str) -> Any:
    if isinstance(given, dict):
        for name in wanted:
            if given.get(name) is not None:
                return given[name]
    return None


def _dicts(value: Any) -> list[dict[Any, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
