"""Read what a prompt says about colours and things, in German and English."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

Colour = tuple[float, float, float]

_WORD = re.compile(r"[^\W\d_]+")
# Stems; a word matches with up to two letters more ("roter", "flowers").
_COLOURS: dict[str, Colour] = {
    "rot red": (0.86, 0.18, 0.20),
    "blau blue": (0.20, 0.42, 0.85),
    "grün green": (0.24, 0.66, 0.34),
    "gelb yellow": (0.98, 0.82, 0.20),
    "lila violett purple violet": (0.56, 0.32, 0.78),
    "rosa pink": (0.97, 0.52, 0.70),
    "orange": (0.97, 0.55, 0.16),
    "weiß white": (0.97, 0.97, 0.95),
    "schwarz black": (0.12, 0.12, 0.16),
    "braun brown": (0.52, 0.35, 0.22),
    "gold golden": (0.93, 0.73, 0.26),
    "türkis turquoise": (0.20, 0.74, 0.72),
}
_MOTIFS = {
    "night": "nacht night mond moon stern star dunkel dark",
    "sun": "sonne sun sunny sommer summer",
    "rain": "regen rain regnet gewitter storm",
    "snow": "schnee snow winter eis ice frost",
    "tree": "baum bäume tree wald forest wood woodland",
    "flower": "blume flower blüte blossom bloom rose tulpe tulip garten garden",
    "bird": "vogel vögel bird fliegen fliegt fly flies",
    "butterfly": "schmetterling butterfly butterflies",
    "snail": "schnecke snail",
    "robot": "roboter robot",
    "house": "haus häuser house hütte schloss castle",
}


@dataclass(frozen=True, slots=True)
class PromptFeatures:
    """What a prompt asks for: colours in its order, things, and a number of its own between 0 and 1."""

    colours: tuple[Colour, ...]
    motifs: frozenset[str]
    mood: float


def read_prompt(prompt: str) -> PromptFeatures:
    """The features of a prompt.

    >>> sorted(read_prompt("Zwei rote Blumen im Regen").motifs)
    ['flower', 'rain']
    """
    words = _WORD.findall(prompt.lower())
    colours = tuple(dict.fromkeys(colour for word in words for stems, colour in _COLOURS.items() if _is(word, stems)))
    motifs = frozenset(motif for motif, stems in _MOTIFS.items() if any(_is(word, stems) for word in words))
    return PromptFeatures(colours, motifs, _mood(words))


def _is(word: str, stems: str) -> bool:
    return any(word.startswith(stem) and len(word) <= len(stem) + 2 for stem in stems.split())


def _mood(words: list[str]) -> float:
    digest = hashlib.blake2b(" ".join(words).encode("utf-8", "replace"), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32
