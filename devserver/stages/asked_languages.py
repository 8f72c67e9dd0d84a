"""Whether the journey that a request asks for can be made, found out before its first hop."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from devserver.configs.model import PipelineConfig
from devserver.engines import Engines
from devserver.errors import RequestError, suggestion
from devserver.requests import Request
from devserver.stages.translation import PIPELINE_LANGUAGE
from exporters.story.language_names import NAMES


def check_languages(request: Request, config: PipelineConfig, engines: Engines) -> None:
    """Raise `RequestError` for a language that nobody knows, or a hop that nobody here makes, with those that work."""
    languages = request.languages
    if config.interception.kind != "translation_chain" or languages is None or isinstance(languages, str):
        return
    if config.interception.engine is None:
        start = PIPELINE_LANGUAGE if config.translate_first else engines.detect_language(request.prompt)
        _check_hops((start, *languages), engines)
    else:
        # A model says of no pair that it cannot.
        _check_known(languages)


def _check_known(languages: Iterable[str]) -> None:
    known = NAMES["en"]
    for hop, language in enumerate(languages, start=1):
        if language.partition("-")[0].lower() not in known:
            raise RequestError(f"language {hop} is {language!r:.40}; {suggestion(language[:40], known)}")


def _check_hops(journey: Iterable[str], engines: Engines) -> None:
    pairs = set(engines.translator.pairs())
    for hop, (before, after) in enumerate(pairwise(journey), start=1):
        if before != after and (before, after) not in pairs:
            from_here = sorted(target for source, target in pairs if source == before)
            raise RequestError(
                f"language {hop} is {after!r:.40}, and nobody here translates from {before!r:.40} to it; "
                + (f"to {', '.join(from_here)} would work" if from_here else "nor from there to any other")
            )
