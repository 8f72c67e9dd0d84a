"""Write a melody over chords; the rhythm is that of the text's words, and the same word always has the same turn."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from random import Random

from devserver.embedded.music.theory import KEYS, PROGRESSIONS, SCALES, chord_scale, pitch, triad

BEATS = 4
"""In a bar."""

_WORD = re.compile(r"[^\W_]+|[.,;:!?…。、，！？]")
_REST = {**dict.fromkeys(".!?…。！？", 1.0), **dict.fromkeys(",;:、，", 0.5)}
_FIGURES = {1: (1.0,), 2: (0.5, 0.5), 3: (0.5, 0.25, 0.25), 4: (0.25,) * 4}
_MOST_WORDS = 400


@dataclass(frozen=True, slots=True)
class Note:
    """A tone: when it begins and how long it lasts in beats, its MIDI pitch, how loud (0 to 1) and who plays it."""

    start: float
    beats: float
    pitch: int
    loudness: float
    voice: str


@dataclass(frozen=True, slots=True)
class Score:
    """All notes, and the chord of each bar as a degree of the scale."""

    notes: tuple[Note, ...]
    chords: tuple[int, ...]


def write_score(text: str, *, key: str, scale: str, bars: int, rng: Random) -> Score:
    """The piece. The last bar rests on the first chord."""
    progression = rng.choice(PROGRESSIONS[chord_scale(scale)])
    chords = (*(progression[bar % 4] for bar in range(bars - 1)), 0)
    melody = _melody(text, key, scale, chords, rng)
    return Score((*melody, *_accompaniment(key, scale, chords)), chords)


def syllables(word: str) -> int:
    """About how many syllables a word has: its groups of vowels; its characters where a script has none.

    >>> syllables("Blume"), syllables("robot"), syllables("花見")
    (2, 2, 2)
    """
    groups = re.findall(r"[aeiouyäöüáéíóúàèìòùâêîôûåøœæıаеиоуыэюяёάέήίόύώαεηιουω]+", word.lower())
    if groups:
        return len(groups)
    return min(4, len(word)) if not word.isascii() else 1


def _melody(text: str, key: str, scale: str, chords: tuple[int, ...], rng: Random) -> Iterator[Note]:
    """Notes until the last bar, and one long tone in it; a piece of one bar has room for both."""
    rest = BEATS if len(chords) > 1 else BEATS / 2
    end, now, degree = BEATS * len(chords) - rest, 0.0, rng.choice((0, 2, 4))
    octave = _octave(key)
    accent = rng.random()
    for word in cycle(_words(text)):
        if now >= end:
            break
        if word in _REST:
            now += _REST[word]
            continue
        turn = _turn_of(word, accent)
        for beats in _figure(word):
            length = min(beats, end - now)
            if length <= 0:
                break
            degree = _next(degree, turn, now, chords, key, scale)
            yield Note(now, length, pitch(key, scale, degree, octave=octave), 0.9 if now % 2 == 0 else 0.7, "melody")
            now += length
    yield Note(end, rest, pitch(key, scale, 0, octave=octave), 0.8, "melody")


def _next(degree: int, turn: Random, now: float, chords: tuple[int, ...], key: str, scale: str) -> int:
    """The next tone: one of the chord's on a whole beat of weight, else a step or a small leap away."""
    size = len(SCALES[scale])
    moved = degree + turn.choice((-2, -1, -1, 0, 1, 1, 2))
    moved = max(-2, min(moved, size + 1))
    if now % 2 != 0:
        return moved
    tones = {tone % 12 for tone in triad(key, scale, chords[int(now // BEATS)])}
    fitting = [near for near in range(-2, size + 2) if pitch(key, scale, near) % 12 in tones]
    return min(fitting or [moved], key=lambda near: (abs(near - moved), near))


def _octave(key: str) -> int:
    """Where a melody sits well: its first degree lies between F4 and E5."""
    return 4 if KEYS.index(key) >= KEYS.index("F") else 5


def _accompaniment(key: str, scale: str, chords: tuple[int, ...]) -> Iterator[Note]:
    for bar, degree in enumerate(chords):
        start, is_last = float(bar * BEATS), bar == len(chords) - 1
        tones = triad(key, scale, degree, octave=4)
        for tone in tones:
            # Kept between A3 and A4: chords follow one another without a leap.
            yield Note(start, float(BEATS), 57 + (tone - 57) % 12, 0.45, "pad")
        root, fifth = (36 + (tone - 36) % 12 for tone in (tones[0], tones[2]))
        yield Note(start, 4.0 if is_last else 2.0, root, 0.8, "bass")
        if not is_last:
            yield Note(start + 2, 2.0, fifth, 0.6, "bass")


def _words(text: str) -> list[str]:
    found = _WORD.findall(text)[:_MOST_WORDS]
    # Something has to sound: marks alone would be one long rest.
    return found if any(word not in _REST for word in found) else [*found, "la"]


def _figure(word: str) -> Iterator[float]:
    left = min(syllables(word), 8)
    while left > 0:
        yield from _FIGURES[min(left, 4)]
        left -= 4


def _turn_of(word: str, accent: float) -> Random:
    """Where the tones of a word go; the same for the same word in one piece."""
    digest = hashlib.blake2b(f"{accent} {word.lower()}".encode("utf-8", "replace"), digest_size=8).digest()
    return Random(int.from_bytes(digest))
