"""Pictures on a page: JPEG as it is, everything else as pixels, each bit of them."""

from __future__ import annotations

import zlib
from typing import Any

from exporters.formats.pdf.structure import Node, Told
from exporters.formats.pdf.styles import FAINT
from exporters.formats.printed.pictures import Picture
from exporters.media.open_picture import open_picture


class FramedPicture(Told):
    """A picture of a width and height, in the middle of its room, in a thin frame; and what it shows, in words."""

    def __init__(self, picture: Picture, alternative: str, width: float, height: float) -> None:
        super().__init__()
        self.node = Node("Figure", alternative=alternative)
        self._picture = picture
        self._size = width, height

    def wrap(self, available_width: float, available_height: float) -> tuple[float, float]:
        """The width that there is, and the height of the picture."""
        self._left = max((available_width - self._size[0]) / 2, 0)
        return available_width, self._size[1]

    def draw(self) -> None:
        """The picture."""
        canvas, (width, height) = self.canv, self._size
        canvas.saveState()
        canvas.translate(self._left, 0)
        canvas.saveState()
        canvas.scale(width, height)
        with canvas.telling(self.node):
            canvas.show_picture(self._picture)
        canvas.restoreState()
        canvas.setStrokeColorRGB(*FAINT)
        canvas.setLineWidth(0.4)
        canvas.rect(0, 0, width, height)
        canvas.restoreState()


def picture_object(picture: Picture, document: Any) -> Any:
    """The picture as an object of that document (8.9.5). ReportLab's own would be a quarter larger, as ASCII."""
    with open_picture(picture.content) as image:
        if picture.suffix == "jpg":
            return _pixels(image, picture.content, Filter="DCTDecode")
        entries = {}
        if image.mode == "RGBA":
            alpha = image.getchannel("A")
            entries["SMask"] = document.Reference(_pixels(alpha, alpha.tobytes()))
        flat = image.convert("L" if image.mode == "L" else "RGB")
        return _pixels(flat, flat.tobytes(), **entries)


def pressed(content: bytes, **entries: Any) -> Any:
    """A stream of a document that is compressed at once: until the document is written it is kept as it is then."""
    from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFStream

    return PDFStream(PDFDictionary({**entries, "Filter": PDFArray([PDFName("FlateDecode")])}), zlib.compress(content))


def _pixels(image: Any, content: bytes, **entries: Any) -> Any:
    from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream

    told = {
        "Type": PDFName("XObject"),
        "Subtype": PDFName("Image"),
        "Width": image.width,
        "Height": image.height,
        "ColorSpace": PDFName("DeviceGray" if image.mode == "L" else "DeviceRGB"),
        "BitsPerComponent": 8,
        **{name: PDFName(value) if isinstance(value, str) else value for name, value in entries.items()},
    }
    return PDFStream(PDFDictionary(told), content) if "Filter" in told else pressed(content, **told)
