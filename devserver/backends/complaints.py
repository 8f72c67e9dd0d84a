"""Read from a server's complaint what kind of failure it is, where its status says another. Pure.

Ollama answers 500 to a wrong option, LiteLLM 400 to a model that it does not have. The status alone would have the one
asked again in vain, and the other not asked elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from devserver.backends.errors import EngineError, ModelNotFound, RequestRejected
from otel_tracking.secrets.redaction import redact_text

LONGEST_COMPLAINT = 300

_MODEL_CODES = frozenset({"model_not_found", "invalid_model"})
"""What OpenAI and Mistral call it, in `code` or `type`."""

_NO_SUCH_MODEL = re.compile(
    r"invalid model( name passed|: )"  # LiteLLM; Mistral
    r"|is not a valid model id\b"  # OpenRouter
    r"|\bmodel\s+\S{1,200}\s+(was )?(not found|does not exist)\b",  # Ollama, OpenAI, vLLM
    re.IGNORECASE,
)
_WRONG_PARAMETER = re.compile(
    r"^option \S+ must be of type "
    r"|^invalid format: "
    r"|^invalid JSON schema in format"
    r"|\bdoes not support (thinking|tools|generate|chat|completion|insert)\b"
)
"""Ollama's sentences about what was asked; as all that it meets while it makes a model ready they come with 500."""


def kind_by_words(status: int, said: Any) -> type[EngineError] | None:
    """The kind of error that a complaint is by its own words; None where the status says it all.

    >>> kind_by_words(400, {"error": "Invalid model name passed in model=mistral"}).__name__
    'ModelNotFound'
    """
    words = words_of(said)
    if status in (400, 404, 422) and (_codes_in(said) & _MODEL_CODES or _NO_SUCH_MODEL.search(words)):
        return ModelNotFound
    if status >= 500 and _WRONG_PARAMETER.search(words):
        return RequestRejected
    return None


def words_of(said: Any, secrets: Iterable[str] = ()) -> str:
    """The words in an error as servers write it: a text, or an object that holds one; cut to a sentence."""
    while isinstance(said, dict):
        said = said.get("error") or said.get("message") or said.get("detail") or ""
    text = " ".join((said if isinstance(said, str) else json.dumps(said)).split())
    for secret in secrets:
        text = text.replace(secret, "[removed]")
    return redact_text(text)[:LONGEST_COMPLAINT]


def _codes_in(said: Any) -> set[str]:
    """What an error calls itself, for programs."""
    error = said.get("error", said) if isinstance(said, dict) else None
    return {str(error.get(name)) for name in ("code", "type")} if isinstance(error, dict) else set()
