"""Choose the one word that stands for a headword out of its dictionary entries.

FreeDict's entries differ by language pair, and share this much: a line with the
headword, its sound and grammar, then the senses, with labels in brackets, and
indented lines for examples, notes and references.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_ASIDE_LINES = ("Synonym", "Antonym", "see:", "Note:", '"', "- ", "(see", "cf.")
_SENSE_NUMBER = re.compile(r"^\s*(?:[IVX]+\.|\d+\.)\s*|\s\d+\.\s*$")
_NUMBERED = re.compile(r"\s*(?:[IVX]+|\d+)\.")
# [label], {reference}, innermost (explanation), and a sound between slashes that stand free.
_MARKS = re.compile(r"\[[^\]]*\]|\{[^}]*\}|\([^()]*\)|(?<!\S)/{1,2}[^/]+/{1,2}(?!\S)")
_PLACEHOLDERS = re.compile(r"(?<!\w)(?:sth|sb|so|etw|jdn|jdm|jds|jd)\.(?!\w)")
_BETWEEN_GLOSSES = re.compile(r"<[^>]*>|[,;/、،]|\.\s|\s[-–]\s")
_HEADWORD_END = re.compile(r"\s+[/<(]|,")
_NOT_A_WORD = re.compile(r"[\d+=~]")
_LONGEST_GLOSS_WORDS = 3


def choose_gloss(entries: Iterable[str], wanted: str, *, to_lang: str) -> str | None:
    """The first gloss of the entry that fits best, or None when no entry holds a usable one.

    Better fits an entry whose headword is written as `wanted` is; then an article;
    then one without a field label ("[cook.]") or note, and with an example of its use.

    >>> choose_gloss(["Wiese <fem, n, sg>\\n [agr.] grassland <n>", "Wiese <fem, n, sg>\\nmeadow <n>"],
    ...              "Wiese", to_lang="en")
    'meadow'
    """
    ranked = []
    for position, entry in enumerate(entries):
        line, gloss = _first_sense(entry, to_lang)
        # "Norwegian krone (NOK)" is listed under "nok" too; a word is not its abbreviation's expansion.
        if gloss and (" " not in headword_of(entry) or " " in wanted):
            ranked.append((*_distance(entry, line, gloss, wanted), position, gloss))
    return min(ranked)[-1] if ranked else None


def headword_of(entry: str) -> str:
    """The headword as the entry writes it, capitals and all.

    >>> headword_of("Blume /blˈʊmə/ <fem, n, sg>\\nflower <n>")
    'Blume'
    """
    first_line = re.sub(r"\[[^\]]*\]", "", entry.split("\n", 1)[0])
    return _HEADWORD_END.split(first_line.strip(), maxsplit=1)[0].strip()


def _distance(entry: str, line: str, gloss: str, wanted: str) -> tuple[int, int, int]:
    headword = headword_of(entry)
    spelling = (headword != wanted) + (headword.lower() != wanted.lower())
    no_article = "<art" not in "".join(entry.splitlines()[:2])
    return spelling, int(no_article), _oddness(entry, line, gloss)


def _oddness(entry: str, line: str, gloss: str) -> int:
    """How far an entry is from everyday use, as its marks tell: more is odder.

    The first entry is often not the everyday one ("Schnecke": cochlea, snail, worm, fusee).
    """
    header_and_sense = entry.split("\n", 1)[0] + line
    odd = 3 * (" " in gloss) + ("[" in line) + ("Note:" in entry) + ("pl>" in header_and_sense)
    usual = ('"' in entry) + ("see:" in entry) + ("<prep" in header_and_sense)
    return odd - usual


def _first_sense(entry: str, to_lang: str) -> tuple[str, str]:
    """The line of the first sense that holds a gloss, and that gloss; two empty texts when none does."""
    for line in _sense_lines(entry):
        gloss = _gloss_of(line, to_lang)
        if gloss:
            return line, gloss
    return "", ""


def _sense_lines(entry: str) -> Iterator[str]:
    """The lines that may hold a gloss: the first with a word, then only numbered ones.

    What follows a sense without a number explains it, often in the source language.
    """
    past_first = False
    for line in entry.split("\n")[1:]:
        if line.strip().startswith(_ASIDE_LINES) or (past_first and not _NUMBERED.match(line)):
            continue
        past_first = past_first or bool(_without_marks(line).strip())
        yield line


def _gloss_of(line: str, to_lang: str) -> str:
    text = _without_marks(line)
    pieces = (" ".join(piece.split()).strip(" .:!?‐-…\"'()") for piece in _BETWEEN_GLOSSES.split(text))
    glosses = (piece.removeprefix("to ") if to_lang == "en" else piece for piece in pieces)
    return next(filter(_is_gloss, glosses), "")


def _without_marks(line: str) -> str:
    text, before = line, ""
    while text != before:  # marks nest, and a sense number may stand before or behind one
        before = text
        text = _SENSE_NUMBER.sub("", _MARKS.sub(" ", text))
    return _PLACEHOLDERS.sub(" ", text)


def _is_gloss(piece: str) -> bool:
    # More words than this explain the headword, they do not stand for it.
    return bool(piece) and len(piece.split()) <= _LONGEST_GLOSS_WORDS and not _NOT_A_WORD.search(piece)
