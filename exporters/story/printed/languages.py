"""Which language a text is in: as its item says, else as its letters show."""

from __future__ import annotations

import re

_LETTERS = {
    "ja": re.compile("[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f]"),
    "ko": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]"),
    "zh": re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"),
    "ar": re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc]"),
    "he": re.compile("[\u0590-\u05ff\ufb1d-\ufb4f]"),
    "hi": re.compile("[\u0900-\u097f]"),
    "th": re.compile("[\u0e00-\u0e7f]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "ru": re.compile("[\u0400-\u04ff]"),
}
_LOOKED_AT = 4_000


def language_of(text: str, said: str | None = None) -> str | None:
    """The language (`de`) that `said` names, else the one that the letters of `text` show; None where neither tells.

    >>> language_of("Eine Blume", "pt-BR"), language_of("森の花"), language_of("Eine Blume")
    ('pt', 'ja', None)
    """
    if said:
        return said.split("-")[0].lower()
    beginning = text[:_LOOKED_AT]
    return next((code for code, letters in _LETTERS.items() if letters.search(beginning)), None)


EAST_ASIAN = ("ja", "ko", "zh")
"""Languages set in Chinese, Japanese or Korean letters."""
