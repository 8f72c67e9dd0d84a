"""Translate once, inside any scope: stage 1 into English, each hop of stage 2 onward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from devserver.engines import InputImage, Translated, Translator
from devserver.errors import PipelineError
from devserver.stages.texts import Text
from otel_tracking import ItemType
from otel_tracking.scopes import CallingScope, Stage

PIPELINE_LANGUAGE = "en"
"""The language that configurations with `translate_first` go on in."""


_COUNTED = ("words", "unknown_words")
"""What an engine found that says how far its text is in the other language: it goes where the text goes."""


def take_in(stage: Stage, prompt: str, language: str, images: Sequence[InputImage] = ()) -> Text:
    """What the person typed, as the record's first text, and the pictures that came with it, an item each."""
    stage.item(
        ItemType.USER_INPUT_TEXT,
        content=prompt,
        metadata={"input_language": language, "char_count": len(prompt)},
    )
    for number, image in enumerate(images, start=1):
        stage.item(
            ItemType.USER_INPUT_IMAGE,
            media=image.content,
            media_format=image.media_format,
            metadata={"filename": image.name, "image_number": number, "bytes": len(image.content)},
        )
    return Text(prompt, language)


def translate_to_english(stage: Stage, prompt: Text, translator: Translator) -> Text:
    """The prompt in English; an English one stays as it is, and nothing is recorded."""
    if prompt.language == PIPELINE_LANGUAGE:
        return prompt
    try:
        translated = ask(stage, translator, prompt, PIPELINE_LANGUAGE)
    except Exception as error:
        raise PipelineError(f"Translation to English failed: Backend error: {error}") from error
    log_translation(stage, ItemType.TRANSLATION_RESULT, translated, prompt, PIPELINE_LANGUAGE)
    return Text(translated.text, PIPELINE_LANGUAGE)


def ask(
    scope: CallingScope, translator: Translator, text: Text, to_lang: str, parameters: Mapping[str, Any] | None = None
) -> Translated:
    """The engine's answer, with a span for the attempt that says what it was asked for and what it was handed."""
    backend = translator.backend_for(text.language, to_lang)
    configured, operation = parameters or {}, backend.operation or "translate"
    with (
        scope.backend_call(backend.name, model=backend.model, configured=configured, operation=operation) as call,
        call.current(),
    ):
        translated = translator.translate(text.content, from_lang=text.language, to_lang=to_lang)
        found = {
            "engine": translated.engine,
            "engine_version": translated.engine_version,
            "mode": translated.mode,
            **translated.facts,
        }
        if translated.passed is None:  # The transport has recorded it.
            call.fact("engine", found)
        else:
            call.passed(translated.passed)
            call.response(found)
    return translated


def log_translation(
    scope: CallingScope, item_type: ItemType, translated: Translated, source: Text, to_lang: str, **details: Any
) -> None:
    """Log a translation with the text it was really made from."""
    scope.item(
        item_type,
        content=translated.text,
        input_text=source.content,
        backend_used=translated.engine,
        metadata={
            "from_lang": source.language,
            "to_lang": to_lang,
            "engine": translated.engine,
            "engine_version": translated.engine_version,
            "mode": translated.mode,
            **{name: translated.facts[name] for name in _COUNTED if name in translated.facts},
            **details,
        },
    )
