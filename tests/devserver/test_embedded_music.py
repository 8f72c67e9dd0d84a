"""Music: a real WAV file with the length that was asked for, in tune with its parameters, without a click."""

import io
import random
import wave

import numpy as np
import pytest

from devserver.backends.errors import InvalidParameter
from devserver.embedded.music.composing import compose
from devserver.embedded.music.score import syllables, write_score
from devserver.embedded.music.theory import KEYS, SCALES, pitch

SMALL = {"duration_seconds": 4.0, "sample_rate": 8000}
INSTRUMENTS = ("music_box", "flute", "plucked", "bell", "organ")


def samples(wav):
    """Samples between -1 and 1, of shape (frames, channels)."""
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getsampwidth(), file.getcomptype()) == (2, "NONE")
        content = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return content / 32768, file.getframerate()


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_the_sound_comes_from_silence_fills_the_scale_and_goes_back_to_silence(instrument):
    """Both ends are zero, the loudest sample is 1 dB below full, nothing is clipped, nothing hums at zero hertz."""
    sound, _ = samples(compose("Eine Blume auf der Wiese.", seed=3, instrument=instrument, **SMALL).content)

    assert np.abs(sound[[0, -1]]).max() == 0
    assert np.abs(sound[-80:]).max() < 0.01
    assert np.abs(sound).max() == pytest.approx(10 ** (-1 / 20), abs=0.001)
    assert 0.03 < np.sqrt((sound**2).mean()) < 0.5
    assert abs(sound.mean()) < 0.002


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_no_note_begins_or_ends_with_a_click(instrument):
    """From one sample to the next the sound never jumps further than its own highest tones do."""
    sound, _ = samples(compose("Ein Lied", seed=3, instrument=instrument, duration_seconds=3.0, tempo=60).content)
    assert np.abs(np.diff(sound, axis=0)).max() < 0.45


@pytest.mark.parametrize(("seconds", "rate", "channels"), [(2, 8000, 1), (2.5, 11025, 2), (3.3, 48000, 1)])
def test_length_rate_and_channels_are_those_that_were_asked_for(seconds, rate, channels):
    """To the sample."""
    made = compose("rain", seed=1, duration_seconds=seconds, sample_rate=rate, channels=channels)
    sound, real_rate = samples(made.content)

    assert (sound.shape, real_rate) == ((round(seconds * rate), channels), rate)


def test_equal_inputs_give_equal_bytes_whatever_the_global_random_state():
    """Seed, text and parameters decide alone, and no global lot is drawn."""
    first = compose("A flower", seed=-5, **SMALL).content
    random.seed(3)
    np.random.seed(3)
    before = random.getstate(), np.random.get_state()[1].tolist()

    assert compose("A flower", seed=-5, **SMALL).content == first
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"tempo": 190}, {"key": "F#"}, {"scale": "minor"}, {"instrument": "organ"}, {"text": "One two"}],
)
def test_every_parameter_is_heard(change):
    """Another seed, tempo, key, scale, instrument or text gives another sound."""
    usual = {"text": "A flower on the meadow", "seed": 1, "tempo": 100, "key": "C", "scale": "major"}
    first, second = ({**usual, "instrument": "flute", **SMALL, **extra} for extra in ({}, change))
    assert compose(first.pop("text"), **first).content != compose(second.pop("text"), **second).content


def test_what_is_told_makes_the_piece_again():
    """The parameters that came back are enough for the same bytes; width and height are none of them."""
    made = compose("Ein Lied über den Regen", seed=8, **SMALL)
    told = {name: value for name, value in made.facts.items() if name not in ("bars", "chords", "notes")}

    assert set(told) == {
        *("seed", "tempo", "key", "scale", "instrument", "duration_seconds", "sample_rate", "channels"),
    }
    assert compose("Ein Lied über den Regen", **told).content == made.content
    assert made.facts["scale"] in ("minor", "dorian", "minor_pentatonic")


def test_the_melody_is_in_its_key_and_rests_on_the_first_degree():
    """Every tone belongs to the scale, the last one is the key's own, and nothing sounds after the last bar."""
    for key, scale in (("D", "dorian"), ("G#", "major_pentatonic")):
        score = write_score("Eine Blume, auf der Wiese.", key=key, scale=scale, bars=4, rng=random.Random(1))
        melody = [note for note in score.notes if note.voice == "melody"]

        assert {(note.pitch - KEYS.index(key)) % 12 for note in melody} <= set(SCALES[scale])
        assert (melody[-1].pitch - KEYS.index(key)) % 12 == 0
        assert max(note.start + note.beats for note in score.notes) == 16
        assert score.chords[-1] == 0


def test_words_give_the_rhythm():
    """A note for each syllable, a rest at a comma; the same word has the same length each time."""
    score = write_score("la, la", key="C", scale="major", bars=3, rng=random.Random(1))
    starts = [note.start for note in score.notes if note.voice == "melody"]

    assert starts[:4] == [0.0, 1.5, 2.5, 4.0]
    assert [syllables(word) for word in ("Blume", "Roboter", "sky", "猫", "кошка")] == [2, 3, 1, 1, 2]


def test_pitches_are_those_of_the_piano():
    """A4 is 69, and degrees go on beyond the octave."""
    assert (pitch("A", "major", 0), pitch("C", "minor", 7), pitch("C", "minor_pentatonic", -1)) == (69, 72, 58)


@pytest.mark.parametrize("text", ["", "...", "\x00\ud800", "word " * 20_000, "!" * 20_000, "🇩🇪"])
def test_every_text_sounds(text):
    """Marks alone, nothing at all, or far too much: there is a piece."""
    sound, _ = samples(compose(text, seed=1, duration_seconds=2, sample_rate=8000).content)
    assert np.abs(sound).max() > 0.5


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tempo": 10}, "tempo 10 is not a whole number from 40 to 220"),
        ({"tempo": 99.5}, "tempo 99.5 is not a whole number"),
        ({"duration_seconds": 9999}, "duration_seconds 9999 is not a number from 2.0 to 180.0"),
        ({"duration_seconds": float("nan")}, "duration_seconds nan"),
        ({"channels": 3}, "channels 3"),
        ({"sample_rate": True}, "sample_rate True"),
        ({"key": "H"}, "unknown key 'H'; known are C, C#"),
        ({"scale": "blues"}, "unknown scale 'blues'"),
        ({"instrument": "kazoo"}, "unknown instrument 'kazoo'; known are music_box"),
        ({"seed": 2**64}, "more than 64 bits"),
    ],
)
def test_a_parameter_out_of_range_says_what_would_work(wrong, message):
    """The error has the value that came in and what is allowed."""
    with pytest.raises(InvalidParameter, match=message):
        compose("A flower", **{"seed": 1, **SMALL, **wrong})
