"""Compose a short piece of music from a text by procedure: the same inputs give the same WAV bytes."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from random import Random
from typing import Any

from devserver.embedded.checks import check_choice, check_number, check_seed
from devserver.engines import MadeFile

VERSION = "procedural_music 1"
_SAD = frozenset(("night", "rain", "snow"))
_GLAD = frozenset(("sun", "flower", "butterfly", "bird"))


def compose(
    text: str,
    *,
    seed: int,
    images: Sequence[bytes] = (),
    duration_seconds: float = 20.0,
    tempo: int | None = None,
    key: str | None = None,
    scale: str | None = None,
    instrument: str | None = None,
    sample_rate: int = 44100,
    channels: int = 2,
) -> MadeFile:
    """The piece for a text, as a WAV file (PCM, 16 bit); every parameter that made it stands among its facts.

    The words give the rhythm, a note for each syllable and a rest at each comma; the melody goes over four chords that
    return, and ends on the first. `tempo` is in beats a minute (40 to 220), `key` one of C, C#, … B, `scale` one of
    major, lydian, minor, dorian, major_pentatonic, minor_pentatonic, `instrument` one of music_box, flute, plucked,
    bell, organ. What is not given the seed draws; night, rain and snow in the text make it minor, sun and flowers
    major. `duration_seconds` is 2 to 180.

    >>> compose("A flower", seed=1, duration_seconds=2, sample_rate=8000).content[:4]
    b'RIFF'
    """
    import numpy as np

    from devserver.embedded.music import score, sounds

    check_seed(seed)
    if tempo is not None:
        check_number("tempo", tempo, 40, 220, whole=True)
    check_number("duration_seconds", duration_seconds, 2.0, 180.0)
    check_number("sample_rate", sample_rate, 8000, 96000, whole=True)
    check_number("channels", channels, 1, 2, whole=True)
    # Python takes -5 for 5 as a seed; as 64 bits they differ.
    rng = Random(seed % 2**64)
    chosen = _choose(text, rng, tempo, key, scale, instrument)
    bars = max(1, int(duration_seconds * chosen["tempo"] / 60 / score.BEATS))
    piece = score.write_score(text, key=chosen["key"], scale=chosen["scale"], bars=bars, rng=rng)
    samples = sounds.render(
        piece.notes,
        instrument=chosen["instrument"],
        tempo=chosen["tempo"],
        seconds=duration_seconds,
        rate=sample_rate,
        channels=channels,
        rng=np.random.default_rng(seed % 2**64),
    )
    parameters = {
        "seed": seed,
        **chosen,
        "duration_seconds": duration_seconds,
        "sample_rate": sample_rate,
        "channels": channels,
    }
    found = {"bars": bars, "chords": list(piece.chords), "notes": len(piece.notes)}
    return MadeFile(_wav(sounds.to_pcm(samples), sample_rate, channels), "audio/wav", parameters | found)


def _choose(
    text: str, rng: Random, tempo: int | None, key: str | None, scale: str | None, instrument: str | None
) -> dict[str, Any]:
    """What was asked for, and what the seed and the text choose where nothing was."""
    from devserver.embedded.music.sounds import INSTRUMENTS
    from devserver.embedded.music.theory import KEYS, SCALES
    from devserver.embedded.pictures.prompt import read_prompt

    for name, value, known in (("key", key, KEYS), ("scale", scale, SCALES), ("instrument", instrument, INSTRUMENTS)):
        if value is not None:
            check_choice(name, value, known)
    motifs = read_prompt(text).motifs
    # Drawn in any case: a given key leaves the rest of the piece as it is.
    drawn = rng.randint(72, 120), rng.choice(KEYS), rng.choice(_scales_for(motifs)), rng.choice(list(INSTRUMENTS))
    return {
        "tempo": drawn[0] - 14 * bool(motifs & _SAD) if tempo is None else tempo,
        "key": key or drawn[1],
        "scale": scale or drawn[2],
        "instrument": instrument or drawn[3],
    }


def _scales_for(motifs: frozenset[str]) -> tuple[str, ...]:
    if motifs & _SAD:
        return "minor", "dorian", "minor_pentatonic"
    if motifs & _GLAD:
        return "major", "lydian", "major_pentatonic"
    return "major", "minor", "dorian", "major_pentatonic"


def _wav(pcm: bytes, sample_rate: int, channels: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(pcm)
    return buffer.getvalue()
