"""Pictures side by side, as large as width and height allow."""

from __future__ import annotations

from collections.abc import Sequence

from exporters.formats.pdf.structure import Node, Told
from exporters.formats.printed.pictures import Picture

_BETWEEN = 10.0


def size_in_row(pictures: Sequence[Picture], width: float) -> float:
    """How high pictures of one height are that take the whole width together."""
    shapes = sum(picture.width / picture.height for picture in pictures)
    return (width - _BETWEEN * (len(pictures) - 1)) / shapes


class PictureRow(Told):
    """A row of pictures of one height, in the middle of its room."""

    def __init__(self, pictures: Sequence[Picture], alternatives: Sequence[str], width: float, height: float) -> None:
        super().__init__()
        self.node = Node("Figure", alternative=", ".join(alternatives))
        self._pictures, self._room = pictures, width
        self._high = min(size_in_row(pictures, width), height)

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """The width that there is, and the height of the pictures."""
        self._high = min(self._high, available_height)
        return available_width, self._high

    def draw(self) -> None:
        """The pictures."""
        widths = [self._high * picture.width / picture.height for picture in self._pictures]
        left = (self._room - sum(widths) - _BETWEEN * (len(widths) - 1)) / 2
        for picture, width in zip(self._pictures, widths, strict=True):
            self.canv.saveState()
            self.canv.translate(left, 0)
            self.canv.scale(width, self._high)
            with self.canv.telling(self.node):
                self.canv.show_picture(picture)
            self.canv.restoreState()
            left += width + _BETWEEN
