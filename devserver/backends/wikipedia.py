"""The beginning of an encyclopedia's article on a term, by Wikimedia's REST interface."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from devserver.backends.errors import AnswerNotUnderstood, InvalidParameter
from devserver.backends.http import answers, check_status, read_object, shared_client
from devserver.engines import Backend, InputImage, Made, MadeFile

if TYPE_CHECKING:
    import httpx

SERVER = "Wikipedia"
LOOK_UP = "execute_tool"
"""GenAI's word for what a program does in the middle of a model's work."""


class Wikipedia:
    """Looks terms up. In its address `{lang}` stands for the language: `https://{lang}.wikipedia.org`."""

    parameters = ("lang",)

    def __init__(self, url: str, *, client: httpx.Client | None = None) -> None:
        self._url, self._client = url.rstrip("/"), client

    def backend_for(self, parameters: Mapping[str, Any]) -> Backend:
        """The encyclopedia, whatever the language."""
        return Backend("wikipedia", operation=LOOK_UP)

    def make(
        self,
        text: str,
        *,
        seed: int,
        parameters: Mapping[str, Any],
        images: Sequence[InputImage] = (),
        cancel: threading.Event | None = None,
    ) -> Made:
        """What the article on the term in `text` begins with; `ModelNotFound` where there is none."""
        lang = parameters.get("lang", "en")
        if not isinstance(lang, str) or not lang.isalpha() or not lang.isascii():
            raise InvalidParameter(f"lang is {lang!r:.40}; a language code such as de is expected")
        url = f"{self._url.replace('{lang}', lang)}/api/rest_v1/page/summary/{quote(text, safe='')}"
        client = self._client or shared_client()
        with answers(SERVER), client.stream("GET", url, follow_redirects=True) as response:
            check_status(response, SERVER)
            article = read_object(response.read(), SERVER)
        extract = article.get("extract")
        if not isinstance(extract, str) or not extract.strip():
            raise AnswerNotUnderstood(f"{SERVER} has an article on {text!r:.80} without a text")
        return Made(
            files=(MadeFile(extract, "text/plain"),),
            facts={"title": article.get("title"), "instructions": ["lang"]},
            injected={"lang": ["/url"]},
        )
