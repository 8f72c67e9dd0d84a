"""Split a text where its direction changes: for programs that want to be told, like Word."""

from __future__ import annotations

from itertools import groupby

from exporters.story.printed.levels import kinds_of


def runs(text: str, base: str) -> list[tuple[str, str]]:
    """Stretches of one direction, `ltr` or `rtl`, in a paragraph of direction `base`; numbers go with what they follow.

    >>> runs("SD 3.5 בית", "ltr"), runs("בית (SD [3.5]) עץ", "rtl")
    ([('SD 3.5 ', 'ltr'), ('בית', 'rtl')], [('בית (', 'rtl'), ('SD [3.5]', 'ltr'), (') עץ', 'rtl')])
    """
    kinds = kinds_of(text, base)
    if kinds is None:
        return [(text, base)] if text else []
    pairs = groupby(zip(text, kinds, strict=True), key=lambda pair: "ltr" if pair[1] == "L" else "rtl")
    return [("".join(character for character, _ in group), direction) for direction, group in pairs]
