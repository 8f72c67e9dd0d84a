"""How far a piece of work is, in words: numbers and words of our own, never a text of anybody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = {
    "en": {
        "steps": "step {done} of {total}",
        "nodes": "part {done} of {total}",
        "queue": "waiting, {done} before this one",
        "": "{done} of {total}",
    },
    "de": {
        "steps": "Schritt {done} von {total}",
        "nodes": "Teil {done} von {total}",
        "queue": "wartet, {done} davor",
        "": "{done} von {total}",
    },
}


def so_far(fields: Mapping[str, Any], language: str = "en") -> str:
    """The sentence for a `progress` event of the live feed, in `en` or `de`.

    >>> so_far({"done": 12, "total": 25, "unit": "steps"}), so_far({"done": 3, "unit": "queue"}, "de")
    ('step 12 of 25', 'wartet, 3 davor')
    """
    done, total, words = fields["done"], fields.get("total"), _WORDS[language]
    pattern = words.get(fields.get("unit", ""), words[""])
    # Without a total there is nothing to be part of.
    return f"{done:g}" if total is None and "{total}" in pattern else pattern.format(done=f"{done:g}", total=total)
