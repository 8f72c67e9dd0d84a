"""Keys, scales and chords, as numbers: a pitch is a MIDI number, 60 the middle C."""

from __future__ import annotations

KEYS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "major_pentatonic": (0, 2, 4, 7, 9),
    "minor_pentatonic": (0, 3, 5, 7, 10),
}
"""Semitones above the key's own tone."""

_CHORD_SCALES = {"major_pentatonic": "major", "minor_pentatonic": "minor"}
PROGRESSIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 1, 4), (0, 2, 3, 4)),
    "lydian": ((0, 1, 0, 4), (0, 4, 1, 0)),
    "minor": ((0, 5, 2, 6), (0, 3, 5, 6), (0, 6, 5, 6), (0, 5, 3, 2)),
    "dorian": ((0, 3, 0, 6), (0, 6, 3, 0), (0, 2, 3, 0)),
}
"""Chords as degrees of the scale, 0 the first; four bars each."""


def chord_scale(scale: str) -> str:
    """The seven-tone scale that chords under a melody of `scale` are built from."""
    return _CHORD_SCALES.get(scale, scale)


def pitch(key: str, scale: str, degree: int, *, octave: int = 4) -> int:
    """The MIDI number of a degree, which may lie beyond the octave on either side.

    >>> pitch("C", "major", 0), pitch("A", "minor", 7), pitch("C", "major", -1)
    (60, 81, 59)
    """
    steps = SCALES[scale]
    octaves, place = divmod(degree, len(steps))
    return 12 * (octave + 1 + octaves) + KEYS.index(key) + steps[place]


def triad(key: str, scale: str, degree: int, *, octave: int = 4) -> tuple[int, int, int]:
    """The three tones of a chord.

    >>> triad("C", "major", 4)
    (67, 71, 74)
    """
    base = chord_scale(scale)
    first, third, fifth = (pitch(key, base, degree + step, octave=octave) for step in (0, 2, 4))
    return first, third, fifth
