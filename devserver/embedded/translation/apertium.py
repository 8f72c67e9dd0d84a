"""Translate with Apertium, the rule-based translator, by running its program."""

from __future__ import annotations

import re
import shutil
from functools import cached_property

from devserver.backends.errors import EngineFailed, EngineNotInstalled
from devserver.embedded.languages import iso_639_1
from devserver.embedded.translation.processes import package_version, run
from devserver.engines import Translated

# Variants ("eng-cat_valencia", "gl-pt-latin1", "eco-es-fr") are left to those who ask for them by name.
_PLAIN_MODE = re.compile(r"([a-z]{2,3})-([a-z]{2,3})")


class Apertium:
    """The `apertium` program of this machine."""

    def __init__(self, *, program: str = "apertium", timeout_s: float = 60.0) -> None:
        """`program` is a name on PATH or a path; `timeout_s` is for one text."""
        self._program = program
        self._timeout_s = timeout_s

    @property
    def is_installed(self) -> bool:
        """Whether the program can be found."""
        return shutil.which(self._program) is not None

    @cached_property
    def modes(self) -> dict[tuple[str, str], str]:
        """Apertium's name for each language pair it has: `{("es", "fr"): "es-fr", ...}`, read once."""
        if not self.is_installed:
            return {}
        listing = run([self._program, "-l"], timeout_s=self._timeout_s).stdout
        return modes_by_pair(listing)

    @cached_property
    def version(self) -> str:
        """Apertium's own version, such as `3.8.3`; empty when it does not tell."""
        finished = run([self._program, "-V"], timeout_s=self._timeout_s)
        match = re.search(r"\d+(\.\d+)+", finished.stdout + finished.stderr)
        return match.group() if match else ""

    def version_of(self, mode: str) -> str:
        """Apertium's version with that of the language data: `3.8.3, apertium-eng-spa 0.8.1-2`."""
        first, second = mode.split("-")[:2]
        for package in (f"apertium-{first}-{second}", f"apertium-{second}-{first}"):
            version = package_version(package)
            if version:
                return f"{self.version}, {package} {version}"
        return self.version

    def translate(self, text: str, *, mode: str) -> Translated:
        """The text as Apertium translates it; words it does not know stay as they are, unmarked."""
        if not self.is_installed:
            raise EngineNotInstalled(f"no program {self._program!r} on PATH; apt-get install apertium brings it")
        argv = (self._program, "-u", mode)
        given = printable(text)
        finished = run(argv, text=given, timeout_s=self._timeout_s)
        if finished.exit_status != 0:
            said = (finished.stderr.strip() or "nothing").splitlines()[0][:200]
            raise EngineFailed(
                f"{' '.join(argv)} ended with status {finished.exit_status} and said: {said}; "
                "`apertium -l` lists the modes it has"
            )
        translated = _with_line_end_of(given, finished.stdout)

        facts = {
            "words": len(given.split()),
            "words_unchanged": len(set(given.lower().split()) & set(translated.lower().split())),
            "replaced_characters": sum(a != b for a, b in zip(text, given, strict=True)),
            "exit_status": finished.exit_status,
        }
        return Translated(
            text=translated,
            engine="apertium",
            mode=mode,
            engine_version=self.version_of(mode),
            passed={"argv": argv, "text": given},
            facts=facts,
        )


def modes_by_pair(listing: str) -> dict[tuple[str, str], str]:
    """The modes of `apertium -l` by ISO 639-1 pair, variants left out.

    >>> modes_by_pair("eng-spa\\nes-fr\\neng-cat_valencia\\ngl-pt-latin1")
    {('en', 'es'): 'eng-spa', ('es', 'fr'): 'es-fr'}
    """
    modes: dict[tuple[str, str], str] = {}
    for mode in sorted(listing.split()):
        match = _PLAIN_MODE.fullmatch(mode)
        pair = (iso_639_1(match[1]), iso_639_1(match[2])) if match else (None, None)
        if pair[0] and pair[1]:
            modes.setdefault((pair[0], pair[1]), mode)
    return modes


def printable(text: str) -> str:
    """The text with what a pipe of UTF-8 text cannot carry (NUL, lone surrogates) replaced, length kept.

    >>> printable("a\\x00b")
    'a b'
    """
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", " ")


def _with_line_end_of(source: str, translated: str) -> str:
    # Apertium adds or drops the last line end depending on the pair.
    return translated.rstrip("\n") + source[len(source.rstrip("\n")) :]
