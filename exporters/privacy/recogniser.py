"""Find names that are on no list, by what a trained pipeline of spaCy takes for persons, through Presidio.

The pipeline is one that is there: a folder, or a package that is installed. Nothing is downloaded, and nothing but
this machine sees a text. What a pipeline finds is a guess; what it does not find leaves.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exporters.errors import NoPipeline
from exporters.privacy.text_rules import Hit
from otel_tracking.extras import Extra

_PERSON = "PERSON"


class NameRecogniser:
    """A rule that finds persons: `NameRecogniser("de_core_news_md")`, or the path of a pipeline that was saved.

    Raises `MissingExtra` without the extra `names`, `NoPipeline` where there is no such pipeline, or one without names.
    """

    name = "recogniser"

    def __init__(self, pipeline: str | Path) -> None:
        with Extra("names"):
            import presidio_analyzer  # noqa: F401
            import spacy
        nlp = _load(spacy, pipeline)
        self._language = nlp.lang
        self._analyzer = _analyzer_with(nlp)
        about = f"{nlp.meta.get('lang')}_{nlp.meta.get('name')}-{nlp.meta.get('version')}"
        self.version = f"presidio-{version('presidio-analyzer')} {about}"

    def __call__(self, text: str) -> Iterator[Hit]:
        """What the pipeline takes for a person."""
        for found in self._analyzer.analyze(text, self._language, entities=[_PERSON]):
            yield Hit(found.start, found.end, "name")


def _load(spacy: Any, pipeline: str | Path) -> Any:
    if not (spacy.util.is_package(str(pipeline)) or Path(pipeline).is_dir()):
        raise NoPipeline(
            f"no pipeline of spaCy is at {pipeline}; the folder of one, or the name of an installed one, would work"
        )
    try:
        nlp = spacy.load(pipeline)
    except (OSError, ValueError) as trouble:
        raise NoPipeline(f"{pipeline} is no pipeline that this spaCy can load: {trouble!s:.200}") from trouble
    if not {"ner", "entity_ruler", "span_ruler"} & set(nlp.pipe_names):
        raise NoPipeline(f"the pipeline {pipeline} finds no names; one with the part 'ner' would work")
    return nlp


def _analyzer_with(nlp: Any) -> Any:
    """An analyser with that pipeline and the recogniser of its entities alone: the others would ask the network."""
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from presidio_analyzer.predefined_recognizers import SpacyRecognizer

    logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)  # else it says of each label what it does with it
    engine: Any = SpacyNlpEngine(models=[{"lang_code": nlp.lang, "model_name": "loaded"}])
    engine.nlp = {nlp.lang: nlp}
    recognisers = [SpacyRecognizer(supported_language=nlp.lang, supported_entities=[_PERSON])]
    registry = RecognizerRegistry(recognizers=recognisers, supported_languages=[nlp.lang])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[nlp.lang])
