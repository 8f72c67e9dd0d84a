"""Turn a score into sound: each note a sum of partials, placed in a room."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from devserver.embedded.music.score import Note

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sound:
    """How a voice sounds: its partials as (multiple, share), and its envelope in seconds.

    `fading` is the share that is left after a second (higher partials fade faster), `vibrato` is in cents.
    """

    partials: tuple[tuple[float, float], ...]
    attack: float
    release: float
    fading: float
    vibrato: float = 0.0


INSTRUMENTS: dict[str, Sound] = {
    "music_box": Sound(((1, 1.0), (2, 0.25), (3, 0.12), (5.4, 0.08)), 0.002, 0.9, 0.08),
    "flute": Sound(((1, 1.0), (2, 0.32), (3, 0.10), (4, 0.03)), 0.06, 0.14, 0.8, vibrato=9),
    "plucked": Sound(tuple((n, 0.9 / n**1.3) for n in range(1, 9)), 0.003, 0.35, 0.15),
    "bell": Sound(((0.5, 0.15), (1, 1.0), (1.19, 0.25), (2, 0.45), (2.74, 0.18), (4.1, 0.08)), 0.002, 1.6, 0.25),
    "organ": Sound(((0.5, 0.25), (1, 1.0), (2, 0.5), (3, 0.22), (4, 0.18), (8, 0.04)), 0.025, 0.10, 0.95),
}
_VOICES = {
    "pad": Sound(((1, 1.0), (1.003, 0.7), (2, 0.18), (3, 0.05)), 0.35, 0.7, 0.9),
    "bass": Sound(((1, 1.0), (2, 0.35), (3, 0.12)), 0.012, 0.25, 0.45),
}
_GAIN = {"melody": 0.40, "pad": 0.12, "bass": 0.30}
_PLACE = {"melody": 0.56, "pad": 0.42, "bass": 0.5}
_ROOM = {"melody": 0.30, "pad": 0.40, "bass": 0.06}
_PEAK = 10 ** (-1 / 20)
_ECHO_SECONDS = 1.4


def render(
    notes: Iterable[Note],
    *,
    instrument: str,
    tempo: float,
    seconds: float,
    rate: int,
    channels: int,
    rng: np.random.Generator,
) -> Samples:
    """The piece as samples between -1 and 1, of shape (frames, channels); the loudest is 1 dB below full scale."""
    frames = round(seconds * rate)
    dry, wet = np.zeros((frames, 2), np.float32), np.zeros((frames, 2), np.float32)
    for note in notes:
        _place(note, INSTRUMENTS[instrument] if note.voice == "melody" else _VOICES[note.voice], tempo, rate, dry, wet)
    mixed = dry + _echo(wet, rate, rng)
    mixed = mixed if channels == 2 else mixed.mean(axis=1, keepdims=True)
    return _master(mixed, rate, seconds)


def to_pcm(samples: Samples) -> bytes:
    """The samples as 16-bit little-endian PCM."""
    return (np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes()


def _place(note: Note, sound: Sound, tempo: float, rate: int, dry: Samples, wet: Samples) -> None:
    begin = round(note.start * 60 / tempo * rate)
    tone = _tone(note, sound, note.beats * 60 / tempo, rate)[: len(dry) - begin]
    right = _PLACE[note.voice]
    # Equal power: the voice is as loud at every place.
    sides = np.array([np.cos(right * np.pi / 2), np.sin(right * np.pi / 2)], np.float32)
    both = tone[:, None] * sides * np.float32(_GAIN[note.voice] * note.loudness * 1.4)
    dry[begin : begin + len(tone)] += both
    wet[begin : begin + len(tone)] += both * np.float32(_ROOM[note.voice])


def _tone(note: Note, sound: Sound, seconds: float, rate: int) -> Samples:
    length = max(1, round((seconds + sound.release) * rate))
    time = np.arange(length, dtype=np.float64) / rate
    frequency = 440.0 * 2 ** ((note.pitch - 69) / 12)
    phase = 2 * np.pi * frequency * time
    if sound.vibrato:
        # Comes in once the tone stands.
        depth = frequency * (2 ** (sound.vibrato / 1200) - 1) * np.minimum(time / 0.5, 1)
        phase += depth / 5.2 * -np.cos(2 * np.pi * 5.2 * time)
    tone = np.zeros(length, np.float64)
    for multiple, share in sound.partials:
        # What lies near half the rate or above would come back as a wrong tone.
        if frequency * multiple < 0.45 * rate:
            tone += share * np.sin(phase * multiple) * sound.fading ** (time * max(1.0, multiple) ** 0.7)
    return (tone * _envelope(time, seconds, sound) / sum(share for _, share in sound.partials)).astype(np.float32)


def _envelope(time: NDArray[np.float64], seconds: float, sound: Sound) -> NDArray[np.float64]:
    rise = np.minimum(time / sound.attack, 1.0)
    fall = np.clip(1 - (time - seconds) / sound.release, 0, 1)
    smooth: NDArray[np.float64] = rise * rise * (3 - 2 * rise) * fall * fall
    return smooth


def _echo(wet: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """What the room gives back: the sound folded with noise that dies away, another noise for each ear."""
    length = int(_ECHO_SECONDS * rate)
    time = np.arange(length) / rate
    fade = 10 ** (-3 * time / _ECHO_SECONDS) * np.minimum(time / 0.012, 1)
    noise = rng.standard_normal((length, 2)) * fade[:, None]
    # A room swallows what is high: each sample is the mean of a few.
    noise = np.stack([np.convolve(noise[:, side], np.ones(5) / 5, "same") for side in (0, 1)], axis=1)
    noise /= np.sqrt((noise**2).sum(axis=0))
    size = 1 << (len(wet) + length - 1).bit_length()
    folded = np.fft.irfft(np.fft.rfft(wet, size, axis=0) * np.fft.rfft(noise, size, axis=0), size, axis=0)
    return folded[: len(wet)].astype(np.float32)


def _master(mixed: Samples, rate: int, seconds: float) -> Samples:
    """The whole at one level, coming from silence and going back to it."""
    frames = len(mixed)
    inward, outward = round(0.005 * rate), round(min(2.0, seconds / 4) * rate)
    mixed[:inward] *= np.linspace(0, 1, inward, dtype=np.float32)[:, None]
    mixed[frames - outward :] *= (np.linspace(1, 0, outward, dtype=np.float32) ** 2)[:, None]
    loudest = float(np.abs(mixed).max())
    return mixed * np.float32(_PEAK / loudest) if loudest else mixed
