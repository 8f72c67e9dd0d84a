"""Have a model that sees look at a finished picture: is it fit for those who will see it?

The model answers in JSON after a schema, so that a verdict is never read out of prose. What contradicts itself, or is
no verdict at all, does not count as a yes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from devserver.backends.errors import AnswerNotUnderstood
from devserver.backends.http import read_object
from devserver.backends.ollama import Ollama
from devserver.backends.ollama_identity import SERVER
from devserver.engines import Backend, InputImage, MediaVerdict

if TYPE_CHECKING:
    import httpx

CODES = ("violence", "horror", "sexual", "hate", "forbidden_signs", "self_harm", "drugs")
"""What a picture can be blocked for."""

AUDIENCES = {"kids": "children of six to twelve years", "youth": "young people of thirteen to seventeen years"}
SEED = 0
"""The same picture is to get the same verdict, as far as a model can promise that."""

_SEEN_AS_THEY_ARE = ("image/png", "image/jpeg")
_SIDE = 1024

_QUESTION = """Look at this picture. It was made for {audience}, who will be shown it at school.
Say in one sentence what is to be seen. Then say which of these are in it: {codes}.
forbidden_signs are signs of unconstitutional organisations, such as a swastika.
It is safe if none of them is in it in a way that this audience should not see."""

_SCHEMA = {
    "type": "object",
    "properties": {
        "description": {"type": "string"},
        "codes": {"type": "array", "items": {"type": "string", "enum": list(CODES)}},
        "safe": {"type": "boolean"},
    },
    "required": ["description", "codes", "safe"],
}


class OllamaSight:
    """A `MediaCheck` by a model of an Ollama server that sees, such as `qwen3-vl:2b`."""

    def __init__(self, base_url: str, model: str, *, client: httpx.Client | None = None) -> None:
        self._ollama = Ollama(base_url, client=client)
        self.parameters: Mapping[str, Any] = {
            "model": model,
            "temperature": 0.0,
            "num_predict": 2000,
            "keep_alive": "10m",
            "format": _SCHEMA,
            "stream": False,
        }

    @property
    def backend(self) -> Backend:
        """The server and the model."""
        return self._ollama.backend_for(self.parameters)._replace(operation="safety_check")

    def looks_at(self, media_format: str) -> bool:
        """Pictures; of a moving one its first frame."""
        return media_format.startswith("image/")

    def __call__(self, content: bytes, *, media_format: str, level: str) -> MediaVerdict:
        """What the model says of the picture. Raises an `EngineError` where that is no verdict."""
        picture = _as_seen(content, media_format)
        question = _QUESTION.format(audience=AUDIENCES.get(level, AUDIENCES["kids"]), codes=", ".join(CODES))
        made = self._ollama.make(question, seed=SEED, parameters=self.parameters, images=[picture])
        verdict = _verdict(read_object(made.text.encode("utf-8", "replace"), SERVER), str(self.parameters["model"]))
        which = {"engine_version": made.engine_version, "model_digest": made.facts.get("model_digest")}
        return replace(verdict, facts={**verdict.facts, **{name: value for name, value in which.items() if value}})


def _verdict(answer: Mapping[str, Any], model: str) -> MediaVerdict:
    """The verdict in an answer; a picture that is safe and has something in it is not safe."""
    safe, codes = answer.get("safe"), answer.get("codes")
    if not isinstance(safe, bool) or not isinstance(codes, list):
        raise AnswerNotUnderstood(f"{SERVER} answered {json.dumps(answer)[:80]}; safe and codes were expected")
    description = answer.get("description")
    return MediaVerdict(
        safe=safe and not codes,
        codes=tuple(code for code in codes if code in CODES),
        method=f"{model} looked at it",
        facts={"description": description} if isinstance(description, str) else {},
    )


def _as_seen(content: bytes, media_format: str) -> InputImage:
    """The picture as the server reads it; other formats are drawn anew as a JPEG file."""
    if media_format in _SEEN_AS_THEY_ARE:
        return InputImage("output", content, media_format)
    from exporters.media.thumbnails import thumbnail

    drawn = thumbnail(content, longest_side=_SIDE)
    if drawn is None:
        raise AnswerNotUnderstood(f"a file of type {media_format} could not be drawn for the model")
    return InputImage("output", drawn, "image/jpeg")
