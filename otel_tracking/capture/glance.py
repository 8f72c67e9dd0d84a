"""What a JSON text says on its surface, without reading what is deep in it: a 9 KB graph takes 6 µs instead of 35.

Of a body that waits to be read, this is all that a span's attributes need.
"""

from __future__ import annotations

from typing import Any, TypedDict

import msgspec
import orjson


class _Asked(TypedDict, total=False):
    temperature: Any
    top_p: Any
    top_k: Any
    seed: Any
    max_tokens: Any
    max_completion_tokens: Any
    num_predict: Any
    options: Any


class _Said(TypedDict, total=False):
    model: Any
    id: Any
    seed: Any
    used_seed: Any
    choices: Any
    data: Any
    done_reason: Any
    stop_reason: Any
    usage: Any
    prompt_eval_count: Any
    eval_count: Any


_asked, _said = msgspec.json.Decoder(_Asked), msgspec.json.Decoder(_Said)


def at_a_glance(raw: bytes, *, is_request: bool) -> Any:
    """The entries of a JSON object that describe a request or an answer, or what else it is, whole.

    Raises ValueError for what is no JSON.

    >>> at_a_glance(b'{"seed": 7, "prompt": {"3": {"inputs": {"seed": 8}}}}', is_request=True)
    {'seed': 7}
    """
    try:
        return (_asked if is_request else _said).decode(raw)
    except (msgspec.DecodeError, RecursionError):  # also a list, and a number that is too large
        return orjson.loads(raw)
