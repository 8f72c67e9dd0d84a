"""Two runs side by side: each text, and each thing that was made, beside its like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from devserver.web.live.board import Board, LiveBox
from devserver.web.runs.first_and_last import TwoTexts, two_texts


class ComparedRun(NamedTuple):
    """One of two runs, as far as it may be seen."""

    execution_id: str
    board: Board
    took: str = ""


class Compared(NamedTuple):
    """What stands at one place of two runs, None where one has nothing there; `texts` where both have one."""

    label: str
    left: LiveBox | None
    right: LiveBox | None
    texts: TwoTexts | None = None

    @property
    def is_same(self) -> bool:
        """Whether both say, or show, the same."""
        left, right = (_shown(box) for box in (self.left, self.right))
        return left is not None and left == right


def compared(left: Board, right: Board) -> list[Compared]:
    """Both runs' texts and what they made, in the order of a journey; checks are left out."""
    return list(_pairs({box.key: box for box in left.boxes}, {box.key: box for box in right.boxes}))


def _pairs(left: dict[str, LiveBox], right: dict[str, LiveBox]) -> Iterator[Compared]:
    # A key is that of one place in every run, and so is its order.
    orders = {key: box.order for side in (left, right) for key, box in side.items()}
    for key in sorted(orders, key=orders.__getitem__):
        one, other = (_to_compare(side.get(key)) for side in (left, right))
        if one or other:
            both = two_texts(one, other) if one and other and one.text and other.text else None
            yield Compared(_label(one or other), one, other, both)


def _label(box: LiveBox | None) -> str:
    """Outputs are told apart by their chapters."""
    assert box is not None
    return f"{box.chapter_title} · {box.label}" if box.chapter.startswith("o") else box.label


def _to_compare(box: LiveBox | None) -> LiveBox | None:
    """The box, where there is something in it to look at, or a word on why there is not."""
    if box is None or "safety_check" in box.key or not (box.text or box.medium or box.note):
        return None
    return box


def _shown(box: LiveBox | None) -> str | None:
    """What tells whether two boxes show the same."""
    if box is None or box.note:
        return None
    return box.text or (box.medium or {}).get("url", "").rpartition("/")[2] or None
