"""Put what a configuration says to a model (`context`) around the text that it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping

CONTEXT = "context"
"""The parameter that holds it, of any engine; the engine is handed the text with it, and never sees the parameter."""

TRANSLATION_CONTEXT = (
    "Translate the following text from {{SOURCE_LANGUAGE}} to {{TARGET_LANGUAGE}}. "
    "Answer with the translation alone, without a comment.\n\n{{INPUT_TEXT}}"
)
"""What a model is told in a translation chain whose configuration says nothing."""

INPUT_TEXT = "INPUT_TEXT"
_PLACEHOLDER = re.compile(r"\{\{([A-Z_]+)\}\}")


def fill_context(context: str, text: str, words: Mapping[str, str]) -> str:
    """`context` with its placeholders filled; the text stands at `{{INPUT_TEXT}}`, or else after an empty line.

    Placeholders that nobody knows stay as they are. What the text itself holds is never taken for a placeholder.

    >>> fill_context("Say it in {{TARGET_LANGUAGE}}:", "Eine {{INPUT_TEXT}} Blume", {"TARGET_LANGUAGE": "Polish"})
    'Say it in Polish:\\n\\nEine {{INPUT_TEXT}} Blume'
    """
    if not context:
        return text
    known = {**words, INPUT_TEXT: text}
    if f"{{{{{INPUT_TEXT}}}}}" not in context:
        context = f"{context.rstrip()}\n\n{{{{{INPUT_TEXT}}}}}"
    return _PLACEHOLDER.sub(lambda found: known.get(found[1], found[0]), context)
