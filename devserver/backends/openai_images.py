"""Ask a server that speaks OpenAI's protocol for pictures: new ones, or others made from those that are handed in.

A picture comes in the answer (`b64_json`) or as an address it is then fetched from, without the key.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from devserver.backends.errors import AnswerNotUnderstood, OutputGone
from devserver.backends.http import answers, check_status, stop_if
from devserver.backends.openai_compatible import OfProvider, decode_base64, seed_in
from devserver.backends.servers import Provider
from devserver.engines import InputImage, Made, MadeFile
from devserver.pictures import picture_format

IMAGE_NAMES = frozenset(
    {
        *("model", "n", "size", "quality", "style", "background", "moderation", "response_format", "output_format"),
        *("output_compression", "input_fidelity", "width", "height", "steps", "negative_prompt", "guidance"),
    }
)
"""Parameters that are sent with a request for pictures, where the configuration sets them. The second row ends with
those of compatible servers; OpenAI itself refuses them."""


class OpenAICompatibleImages(OfProvider):
    """Makes pictures of a text, or of a text and pictures."""

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """The pictures, one or as many as parameter `n` asks for."""
        self._require_model(parameters)
        sent = {name: value for name, value in parameters.items() if name in IMAGE_NAMES}
        if self._provider.image_seed_name:
            sent[self._provider.image_seed_name] = seed
        answer = self._ask({**sent, "prompt": text}, images)
        files = tuple(self._file(entry, cancel) for entry in _entries(answer, self._provider))
        return Made(files=files, sent=sent, facts=_facts(answer), used_seed=_seed_of(answer))

    def _ask(self, body: Mapping[str, Any], images: Sequence[InputImage]) -> dict[str, Any]:
        request: dict[str, Any] = {"json": body}
        if images:
            files = [("image[]", (image.name, image.content, image.media_format)) for image in images]
            request = {"data": {name: str(value) for name, value in body.items()}, "files": files}
        with self._post(f"images/{'edits' if images else 'generations'}", **request) as response:
            return self._checked(response.read())

    def _file(self, entry: Mapping[str, Any], cancel: threading.Event | None) -> MadeFile:
        stop_if(cancel)
        facts = {name: entry[name] for name in ("revised_prompt", "seed") if entry.get(name) is not None}
        if isinstance(entry.get("b64_json"), str):
            content = decode_base64(entry["b64_json"])
        elif isinstance(entry.get("url"), str):
            content = self._fetch(entry["url"])
        else:
            raise AnswerNotUnderstood(f"{self._provider.title} answered a picture without b64_json and without url")
        return MadeFile(content, picture_format(content) or "application/octet-stream", facts)

    def _fetch(self, url: str) -> bytes:
        server = f"{self._provider.title}'s file server"
        with answers(server):
            response = self._client.get(url)
        if response.status_code in (404, 410):
            raise OutputGone(f"{server} Error: {response.status_code} the picture that was made is gone")
        check_status(response, server)
        return response.content


def _entries(answer: Mapping[str, Any], provider: Provider) -> list[dict[str, Any]]:
    data = answer.get("data")
    entries = [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
    if not entries:
        raise AnswerNotUnderstood(f"{provider.title} answered without a picture")
    return entries


def _seed_of(answer: Mapping[str, Any]) -> int | None:
    """The seed that the server says it used, of all pictures or of the first."""
    seed = seed_in(answer)
    return seed_in(answer["data"][0]) if seed is None else seed


def _facts(answer: Mapping[str, Any]) -> dict[str, Any]:
    names = ("size", "quality", "background", "output_format")
    return {f"answered_{name}": answer[name] for name in names if answer.get(name) is not None}
