"""The language of the one who asks: what they chose, else what their browser wants."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from devserver.web.words import LANGUAGES, words_of

LANGUAGE_COOKIE = "language"


def language_here() -> str:
    """`en` or `de` for this request."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    return chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, default="en")


def words_here() -> Mapping[str, str]:
    """The words of the pages for this request."""
    return words_of(language_here())
