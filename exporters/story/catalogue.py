"""The words that people see, in every language that there is a file for: `words.<language>.toml` in a package."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

Catalogue = Mapping[str, Mapping[str, Any]]
"""Of each language the tables of its file."""


def read_catalogue(package: str) -> Catalogue:
    """The words in the files of a package, English first. A new language is one more file, with the same names."""
    found = [entry for entry in files(package).iterdir() if entry.name.startswith("words.")]
    texts = {entry.name.split(".")[1]: entry for entry in found if entry.name.endswith(".toml")}
    languages = sorted(texts, key=lambda language: (language != "en", language))
    return {language: tomllib.loads(texts[language].read_text("utf-8")) for language in languages}
