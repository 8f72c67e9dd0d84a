"""Compare two media files: pixel by pixel, sample by sample, or at least their sizes."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exporters.media.open_picture import open_picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

PIXELS, SAMPLES, BYTES = "pixels", "samples", "bytes"


@dataclass(frozen=True, slots=True)
class MediaChange:
    """How two files differ that are not the same bytes.

    `unit` says what was compared: `pixels`, `samples`, or only `bytes`. `left` and `right` describe the files (width
    and height; seconds, rate, channels). `differing` is the share of pixels or samples that are not equal, from 0 to
    1; `mean` and `largest` are the differences of colour values (of 255, usually) or sample values, taken over all of
    them. They are None where nothing could be compared, and `reason` says why.
    """

    unit: str
    left: dict[str, Any] = field(default_factory=dict)
    right: dict[str, Any] = field(default_factory=dict)
    differing: float | None = None
    mean: float | None = None
    largest: float | None = None
    reason: str | None = None


def compare_media(left: bytes | None, right: bytes | None, media_type: str | None) -> MediaChange:
    """How two files of a type (`image/png`) differ; None stands for a file that is not there."""
    if left is None or right is None:
        sides = " and ".join(side for side, data in (("left", left), ("right", right)) if data is None)
        return MediaChange(BYTES, reason=f"the {sides} file is not there")
    try:
        if str(media_type).startswith("image/"):
            return _compare_images(left, right)
        if str(media_type) in _WAVE_TYPES:
            return _compare_sounds(left, right)
    except Exception as trouble:  # a damaged file is a finding, whatever its decoder raises
        return MediaChange(BYTES, reason=f"it cannot be read: {trouble}")
    return MediaChange(BYTES, reason=f"what is inside {media_type} files is not compared")


_WAVE_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})
_COMPARABLE = frozenset({"L", "RGB", "RGBA", "I;16", "I", "F"})


def _compare_images(left: bytes, right: bytes) -> MediaChange:
    with open_picture(left) as one, open_picture(right) as other:
        pictures = (one, other)
        left_facts, right_facts = ({"width": p.width, "height": p.height, "mode": p.mode} for p in pictures)
        if one.size != other.size:
            return MediaChange(PIXELS, left_facts, right_facts, reason="they are not of one size")
        return MediaChange(PIXELS, left_facts, right_facts, *_figures(*_colours(one, other)))


def _colours(left: Any, right: Any) -> tuple[Values, Values]:
    """The colour values of two pictures, one row for each pixel."""
    import numpy as np

    if left.mode != right.mode or left.mode not in _COMPARABLE:
        left, right = left.convert("RGBA"), right.convert("RGBA")
    shape = (left.width * left.height, len(left.getbands()))
    one, other = (np.asarray(image, dtype=np.float64).reshape(shape) for image in (left, right))
    return one, other


def _compare_sounds(left: bytes, right: bytes) -> MediaChange:
    (left_facts, one), (right_facts, other) = map(_read_sound, (left, right))
    for name, words in (("rate", "sample rate"), ("channels", "number of channels"), ("bits", "size of samples")):
        if left_facts[name] != right_facts[name]:
            return MediaChange(SAMPLES, left_facts, right_facts, reason=f"their {words} is not the same")
    length = min(len(one), len(other))
    reason = None if len(one) == len(other) else "they are not of one length: only their common beginning was compared"
    return MediaChange(SAMPLES, left_facts, right_facts, *_figures(one[:length], other[:length]), reason)


def _read_sound(data: bytes) -> tuple[dict[str, Any], Values]:
    """What kind of sound a WAV file holds, and its samples, one row for each moment."""
    with wave.open(io.BytesIO(data)) as file:
        rate, channels, width, frames = file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes()
        raw = file.readframes(frames)
    facts = {"seconds": frames / rate, "rate": rate, "channels": channels, "bits": 8 * width}
    return facts, _samples(raw, width).reshape(-1, channels)


def _samples(raw: bytes, width: int) -> Values:
    import numpy as np

    if width == 3:
        # No array type has 24 bits: each sample becomes the upper three bytes of one with 32.
        wide = np.zeros((len(raw) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return (wide.view("<i4").ravel() >> 8).astype(np.float64)
    return np.frombuffer(raw, {1: "<u1", 2: "<i2", 4: "<i4"}[width]).astype(np.float64)


def _figures(left: Values, right: Values) -> tuple[float, float, float]:
    """`differing`, `mean` and `largest` of two arrays of one shape."""
    import numpy as np

    difference = np.abs(left - right)
    if not difference.size:
        return 0.0, 0.0, 0.0
    return float(difference.any(axis=1).mean()), float(difference.mean()), float(difference.max())
